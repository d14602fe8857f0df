"""External programs end with all that they started, whatever ends the run, and import nothing from where they run."""

import contextlib
import os
import random
import selectors
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls import process
from lmu_hls.errors import LmuHlsError
from tests.support.process_tree import MARK, alive, all_gone, new_mark, wait_for

ROOT = Path(__file__).resolve().parents[1]
TREE = "sleep 60 & sh -c 'trap \"\" TERM HUP INT; sleep 60 & wait' & (sleep 60; true) & wait"
IN_TREE = 6  # without the watcher
RUN_TREE = f"""
import signal, sys
from lmu_hls import process, signals
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
try:
    with signals.signals_unwind():
        print("ready", flush=True)
        process.run(["sh", "-c", {TREE!r}], tool="tree")
except signals.Interrupted as stop:
    sys.exit(128 + stop.signum)
"""


@pytest.fixture
def mark(monkeypatch):
    name = new_mark()
    monkeypatch.setenv(MARK, name)
    yield name
    for number in alive(name):
        os.kill(number, signal.SIGKILL)


def start(code=RUN_TREE):
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_leaves_nothing_of_the_tree(mark, number):
    parent = start()
    assert wait_for(lambda: len(alive(mark)) >= 1 + IN_TREE)
    parent.send_signal(number)
    assert parent.wait(10) == (-number if number == signal.SIGKILL else 128 + number)
    assert all_gone(mark)


@pytest.mark.parametrize("seed", range(9))
def test_a_signal_at_any_moment_leaves_nothing(mark, seed):
    """Also while the program is being started."""
    draw = random.Random(seed)
    parent = start()
    assert parent.stdout.readline() == "ready\n"
    time.sleep(draw.uniform(0, 0.02))
    number = draw.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    parent.send_signal(number)
    assert parent.wait(10) == 128 + number
    assert all_gone(mark)


@given(st.recursive(st.just("sleep 60"), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=6))
@settings(max_examples=8, deadline=None)
def test_any_tree_ends_at_the_limit(tree):
    def script(node):
        return node if isinstance(node, str) else " & ".join(f"( {script(part)} )" for part in node) + " & wait"

    name = new_mark()
    with pytest.raises(process.ToolTimeout):
        process.run(["sh", "-c", script(tree)], tool="tree", env={**os.environ, MARK: name}, limit=0.05)
    assert all_gone(name)


def test_the_limit_says_what_how_long_and_where(mark, tmp_path):
    log = tmp_path / "tool.log"
    with pytest.raises(process.ToolTimeout) as caught:
        process.run(["sh", "-c", f"echo here; {TREE}"], tool="The tool", log=log, limit=0.2)
    said = str(caught.value)
    for part in ("The tool", "0.2 s", str(log), "--tool-timeout", process.LIMIT_VARIABLE):
        assert part in said
    assert log.read_text() == "here\n"
    assert all_gone(mark)


def test_a_leader_that_ignores_sigterm_is_killed(mark, monkeypatch):
    monkeypatch.setattr(process, "GRACE_S", 0.1)
    with pytest.raises(process.ToolTimeout):
        process.run(["sh", "-c", 'trap "" TERM; sleep 60; sleep 60'], tool="deaf", limit=0.1)
    assert all_gone(mark)


def test_endless_output_and_lines_without_an_end_are_bounded(mark, monkeypatch):
    monkeypatch.setattr(process, "KEPT_BYTES", 1 << 17)
    seen = []
    with pytest.raises(process.ToolTimeout):
        process.run(["cat", "/dev/zero"], tool="cat", limit=0.3, line=lambda line: seen.append(len(line)))
    done = process.run(["head", "-c", "1000000", "/dev/zero"], tool="head")
    assert 1 << 17 <= len(done.output) < (1 << 17) + (1 << 16)
    assert seen and max(seen) < 2 << 20


def test_an_exception_of_the_caller_ends_the_program(mark):
    def stop(line):
        raise KeyError(line)

    with pytest.raises(KeyError, match="first"):
        process.run(["sh", "-c", f"echo first; {TREE}"], tool="tree", line=stop)
    assert all_gone(mark)


def test_lines_are_heard_as_they_come_and_kept_in_the_log(tmp_path):
    log, seen = tmp_path / "log", []

    def hear(line):
        seen.append((line, log.read_text()))

    done = process.run(["sh", "-c", "echo one; sleep 0.2; printf two"], tool="sh", log=log, line=hear)
    assert (done, log.read_text()) == (process.Done(0, ""), "one\ntwo")
    assert seen == [("one", "one\n"), ("two", "one\ntwo")]


@pytest.mark.parametrize("logged", [False, True])
def test_what_a_program_leaves_behind_ends_with_it(mark, tmp_path, logged):
    begin = time.monotonic()
    done = process.run(["sh", "-c", "sleep 60 & echo done"], tool="sh", log=tmp_path / "log" if logged else None)
    assert done == process.Done(0, "" if logged else "done\n")
    assert time.monotonic() - begin < 5
    assert all_gone(mark)


def test_seeded_fault_a_kill_of_the_leader_alone_is_seen(mark, monkeypatch):
    monkeypatch.setattr(process, "_signal", _kill)
    with pytest.raises(process.ToolTimeout):
        process.run(["sh", "-c", TREE], tool="tree", limit=0.2)
    assert alive(mark)


def _kill(number, signum):
    with contextlib.suppress(ProcessLookupError):
        os.kill(number, signum)


def test_seeded_fault_without_the_watcher_sigkill_is_seen(mark):
    blind = RUN_TREE.replace("try:\n", "process._WATCH = 'cat'\ntry:\n", 1)
    parent = start(blind)
    assert wait_for(lambda: len(alive(mark)) >= 1 + IN_TREE)
    parent.kill()
    parent.wait(10)
    assert not all_gone(mark, 0.5)


def test_code_output_and_given_text(tmp_path):
    lines = []
    done = process.run(["sh", "-c", "cat; echo b >&2; printf c; exit 3"], tool="sh", stdin="a\n", line=lines.append)
    assert done == process.Done(3, "a\nb\nc")
    assert lines == ["a", "b", "c"]
    assert process.run(["sh", "-c", "read x"], tool="sh").code == 1  # stdin is closed
    assert process.run(["sh", "-c", "kill -SEGV $$"], tool="sh").code == -signal.SIGSEGV


def test_what_is_printed_between_two_looks_is_not_lost(monkeypatch):
    class Late(selectors.DefaultSelector):
        """Its first look sees nothing, and takes until the program has printed and ended."""

        looked = False

        def select(self, timeout=None):
            if not self.looked:
                self.looked = True
                time.sleep(1.0)
                return []
            return super().select(timeout)

    monkeypatch.setattr(selectors, "DefaultSelector", Late)
    assert process.run(["echo", "said"], tool="echo").output == "said\n"


def test_a_program_that_cannot_be_started_is_named(tmp_path):
    with pytest.raises(LmuHlsError, match=r"^The tool cannot be started: No such file or directory: .*nowhere"):
        process.run([tmp_path / "nowhere"], tool="The tool")
    (tmp_path / "plain").write_text("")
    with pytest.raises(LmuHlsError, match=r"^The tool cannot be started: Permission denied"):
        process.run([tmp_path / "plain"], tool="The tool")


def test_it_runs_outside_the_main_thread():
    done = []
    thread = threading.Thread(target=lambda: done.append(process.run(["echo", "x"], tool="echo")))
    thread.start()
    thread.join(20)
    assert done == [process.Done(0, "x\n")]


@pytest.mark.parametrize("python_path", [None, "", ":", ".", "/nowhere:"])
def test_python_imports_nothing_from_where_it_runs(tmp_path, monkeypatch, python_path):
    for name in ("numpy", "pyosys", "json", "runpy", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"import pathlib; pathlib.Path('RAN-{name}').touch()\n")
    script = tmp_path / "elsewhere" / "script.py"
    script.parent.mkdir()
    script.write_text("import sys, numpy, json, helper; print(numpy.__file__, helper.x, *sys.argv[1:])\n")
    (tmp_path / "elsewhere" / "lib").mkdir()
    (tmp_path / "elsewhere" / "lib" / "helper.py").write_text("x = 5\n")
    if python_path is not None:
        monkeypatch.setenv("PYTHONPATH", python_path)
    command = process.python(script, "one", "two words", first=[script.parent / "lib"])
    done = process.run(command, tool="Python", cwd=tmp_path)
    assert done.code == 0, done.output
    assert done.output.split(maxsplit=1)[1] == "5 one two words\n"
    assert not done.output.startswith(str(tmp_path))
    assert not list(tmp_path.glob("RAN-*"))


@pytest.mark.parametrize(
    ("code", "output", "reason"),
    [
        (1, "x.cpp:3:1: error: 'a' was not declared", None),
        (1, "", None),
        (1, "fatal error: error writing to /tmp/ccX.s: No space left on device", "disk is full"),
        (1, "OSError: [Errno 122] Disk quota exceeded", "disk is full"),
        (-9, "", "out of memory"),
        (137, "", "out of memory"),
        (1, "g++: fatal error: Killed signal terminated program cc1plus", "out of memory"),
        (1, "cc1plus: out of memory allocating 65536 bytes", "out of memory"),
        (1, "Traceback\nMemoryError\n", "out of memory"),
        (-11, "", "crashed (SIGSEGV)"),
        (-6, "", "crashed (SIGABRT)"),
        (1, "a.cpp:1:1: internal compiler error: Segmentation fault", "crashed"),
    ],
)
def test_trouble_is_told_from_refused_input(code, output, reason):
    found = process.trouble(code, output)
    assert (found is None) if reason is None else (found and reason in found)


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan", "inf"])
def test_a_wrong_limit_in_the_environment_is_refused(monkeypatch, text):
    monkeypatch.setenv(process.LIMIT_VARIABLE, text)
    with pytest.raises(LmuHlsError, match=f"{process.LIMIT_VARIABLE} is '{text}'; set it to a number of seconds"):
        process.default_limit()


def test_where_the_limit_comes_from(monkeypatch):
    monkeypatch.delenv(process.LIMIT_VARIABLE, raising=False)
    assert process.default_limit() == process.LIMIT_S
    monkeypatch.setenv(process.LIMIT_VARIABLE, "12.5")
    assert process.default_limit() == 12.5
    process.set_limit(3)
    try:
        assert process.default_limit() == 3
    finally:
        process.set_limit(None)
    with pytest.raises(LmuHlsError, match="above 0"):
        process.set_limit(0)


RUN_THREADS = """
import signal, sys, time
from lmu_hls import process, signals
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
try:
    with signals.signals_unwind(), process.threads(2) as pool:
        started = [pool.submit(process.run, ["sleep", "60"], tool="sleep") for _ in range(5)]
        print("ready", flush=True)
        started[0].result()
except signals.Interrupted as stop:
    sys.exit(128 + stop.signum)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_what_threads_run(mark, number):
    parent = start(RUN_THREADS)
    assert wait_for(lambda: len(alive(mark)) >= 5)  # two programs, two watchers
    time.sleep(0.2)
    parent.send_signal(number)
    assert parent.wait(10) == (-number if number == signal.SIGKILL else 128 + number)
    assert all_gone(mark)


def test_an_error_beside_it_ends_what_a_thread_runs(mark, tmp_path):
    log = tmp_path / "log"
    begun = time.monotonic()
    with pytest.raises(KeyError), process.threads(1) as pool:
        late = pool.submit(process.run, ["sh", "-c", "echo begun; sleep 60"], tool="sh", log=log)
        never = pool.submit(process.run, ["sh", "-c", "echo > never"], tool="sh", cwd=tmp_path)
        assert wait_for(lambda: log.exists() and log.read_text() == "begun\n")
        raise KeyError("something else")
    assert time.monotonic() - begun < 30 and all_gone(mark)
    assert isinstance(late.exception(), process.Stopped) and never.cancelled() and not (tmp_path / "never").exists()
