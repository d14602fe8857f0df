"""Programs that a test starts heed signals, also where pytest itself runs in the background and ignores some."""

import signal


def heed_interrupts() -> None:
    """For ``preexec_fn``: what ends a command has its default effect in the new process."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
