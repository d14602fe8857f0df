"""The exceptions whose text is meant for the user, and the exit statuses of the commands."""

from __future__ import annotations

# Exit statuses. Where a signal N ends a command, its status is 128 + N.
PASSED, ERROR, USAGE, FAILED, NOT_VERIFIED, INTERRUPTED = 0, 1, 2, 3, 4, 130
EXIT_STATUS = (
    "Exit status: 0 passed; 1 error; 2 wrong usage; 3 failed: an implementation, a cycle formula or a bound; "
    "4 not verified, or verified and changed since (stale)."
)


class LmuHlsError(Exception):
    """Something the user can mend: the text names the cause first, then the remedy."""

    exit_code = ERROR


class VerificationFailed(LmuHlsError):
    """An implementation differs from the integer reference, its cycles from their formulas, or a bound is missed."""

    exit_code = FAILED


class NotVerified(LmuHlsError):
    """Nothing was compared, a comparison was not finished, or the files have changed since."""

    exit_code = NOT_VERIFIED


class LmuHlsWarning(UserWarning):
    """What will work here, but not as the user expects further on; the message names place and remedy."""
