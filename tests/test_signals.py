"""Signals unwind what runs, are heard again when they get lost, and wait for steps that must be whole."""

import os
import signal
import sys
import time

import pytest

from lmu_hls import signals


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.signals_unwind() as came:
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert came == []
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_that_gets_lost_comes_again(monkeypatch):
    class Careless:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)  # an exception in here is printed and forgotten

    monkeypatch.setattr(signals, "REPEAT_S", 0.1)
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: None)
    with pytest.raises(signals.Interrupted) as caught, signals.signals_unwind():
        thing = Careless()
        del thing
        time.sleep(20)
    assert caught.value.signum == signal.SIGTERM
    time.sleep(0.3)  # and no more after the end of the block


def test_a_signal_waits_for_steps_that_must_be_whole():
    steps = []
    with pytest.raises(signals.Interrupted), signals.signals_unwind() as came:
        with signals.signals_wait():
            os.kill(os.getpid(), signal.SIGTERM)
            steps.append("whole")
        steps.append("not reached")
    assert (steps, came) == (["whole"], [signal.SIGTERM])
