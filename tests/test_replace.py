"""An output folder is replaced whole or not at all, and nothing of somebody else goes with it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls import lock, replace, signals
from lmu_hls.errors import LmuHlsError
from tests.support.fake_project import FILES, convert, versions, write
from tests.support.process_tree import wait_for

ROOT = Path(__file__).resolve().parents[1]


def tree(folder):
    """All that is there, links not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found[name] = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
    return found


def test_a_new_folder_and_its_replacement(tmp_path):
    root = tmp_path / "deep" / "out"
    convert(root, "1", force=False)
    assert versions(root) == {"1"}
    convert(root, "2")
    assert versions(root) == {"2"} and [path.name for path in root.parent.iterdir()] == ["out"]


def test_results_and_what_they_leave_go_with_the_old_folder(tmp_path):
    root = tmp_path / "out"
    convert(root, "1")
    for name in ("verify.json", "report.md", "work/icarus/sim.log", "verilog/build/sim.vvp"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("result")
    (root / "hls" / "a.h").write_text("changed by the user, who gives --force")
    convert(root, "2")
    assert versions(root) == {"2"}
    assert sorted(tree(root)) == sorted([*FILES, replace.MARK, "hls", "verilog", "verilog/rtl"])


FOREIGN = ("notes.txt", "hls/mine.cpp", "hls/solution/report.rpt", "verilog/rtl/mine.v", ".hidden", "data/x.npz")


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("when", ["before", "during"])
@pytest.mark.parametrize("force", [True, False])
def test_a_file_that_is_not_ours_is_never_deleted(tmp_path, name, when, force):
    """W8. The run is refused, and all is as it was."""
    root = tmp_path / "out"
    if force:
        convert(root, "1")

    def plant():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("precious")

    if when == "before":
        plant()
    before = tree(root) if root.exists() else {}
    with pytest.raises(LmuHlsError, match=r"not ours|is not empty"), replace.replacing(root, force) as draft:
        write(draft.root, "2")
        if when == "during":
            plant()
    assert (root / name).read_text() == "precious"
    assert before.items() <= tree(root).items()
    assert not force or versions(root) == {"1"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@given(st.lists(st.sampled_from(["a", "b", "hls", "verilog", "work", "rtl", "report.md", "x.v", "é\n"]),
                min_size=1, max_size=3))  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_any_planted_path_survives(tmp_path_factory, parts):
    root = tmp_path_factory.mktemp("any") / "out"
    convert(root, "1")
    planted = root.joinpath(*parts)
    try:
        planted.parent.mkdir(parents=True, exist_ok=True)
        if planted.is_dir():
            return
    except OSError:
        return  # a file of ours is in the way
    planted.write_text("precious")
    try:
        convert(root, "2")
    except LmuHlsError:
        assert planted.read_text() == "precious" and versions(root) == {"1"}
    else:
        assert parts[0] == "work" or parts == ["report.md"]


def test_folders_of_earlier_versions_have_no_mark(tmp_path):
    root = tmp_path / "out"
    write(root, "0")
    convert(root, "1")
    assert versions(root) == {"1"}
    (root / replace.MARK).unlink()
    (root / "notes.txt").write_text("precious")
    with pytest.raises(LmuHlsError, match=r"not ours: notes\.txt; move"):
        convert(root, "2")


def test_a_link_is_followed(tmp_path):
    target, link = tmp_path / "disk" / "target", tmp_path / "out"
    link.symlink_to(target)
    target.parent.mkdir()
    convert(link, "1", force=False)
    convert(link, "2")
    assert link.is_symlink() and versions(target) == {"2"}
    assert [path.name for path in target.parent.iterdir()] == ["target"]


def test_links_inside_are_not_followed(tmp_path):
    root = tmp_path / "out"
    convert(root, "1")
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "precious").write_text("x")
    (root / "work").symlink_to(tmp_path / "scratch")
    convert(root, "2")
    assert (tmp_path / "scratch" / "precious").read_text() == "x"


@pytest.mark.parametrize("error", [KeyboardInterrupt, LmuHlsError, ValueError])
def test_an_error_leaves_what_was_there(tmp_path, error):
    root = tmp_path / "out"
    convert(root, "1")
    before = tree(tmp_path)
    with pytest.raises(error), replace.replacing(root, True) as draft:
        write(draft.root, "2")
        raise error("stop")
    assert tree(tmp_path) == before


WRITER = """
import signal, sys
from pathlib import Path
from tests.support.fake_project import convert
print("ready", flush=True)
for version in range(1, 100000):
    convert(Path(sys.argv[1]), str(version))
"""


def test_sigkill_at_any_moment_leaves_the_old_or_the_new(tmp_path):
    draw = random.Random(1)
    root = tmp_path / "out"
    for _ in range(12):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(root)], cwd=ROOT, stdout=subprocess.PIPE)
        writer.stdout.readline()
        time.sleep(draw.uniform(0.005, 0.03))
        writer.kill()
        writer.wait()
        writer.stdout.close()
        with replace.alone(root, "next"):
            if root.exists():
                assert len(versions(root)) == 1 and replace.foreign(root) == []
        assert {path.name for path in tmp_path.iterdir()} <= {"out"}
    assert root.exists()


STEPS = ("rename", "mkdir", "iterdir", "write_text", "unlink")


def test_a_stop_at_every_single_step_is_mended(tmp_path, monkeypatch):
    """Exhaustive: the process ends at the k-th change of the file system, for every k."""
    ended_at = []
    for k in range(200):
        root = tmp_path / f"{k}" / "out"
        convert(root, "1")
        child = os.fork()
        if child == 0:
            left = [k]
            for name in STEPS:
                monkeypatch.setattr(Path, name, stopping(getattr(Path, name), left))
            convert(root, "2")
            os._exit(77)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        ended_at.append(status)
        with replace.alone(root, "next"):
            assert len(versions(root)) == 1
        assert [path.name for path in root.parent.iterdir()] == ["out"]
        if status == 77:
            break
    assert status == 77 and len(ended_at) > 15


def stopping(call, left):
    def counted(*arguments, **options):
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return call(*arguments, **options)

    return counted


def test_only_what_is_ours_is_swept(tmp_path):
    root = tmp_path / "out"
    for what in ("draft", "old", "trash"):
        (tmp_path / f".out.lmu_hls-{what}").mkdir()
        (tmp_path / f".out.lmu_hls-{what}" / "precious").write_text("x")
    (tmp_path / ".out.1234.draft").mkdir()
    with pytest.raises(LmuHlsError):
        convert(root, "1")
    assert all((tmp_path / f".out.lmu_hls-{what}" / "precious").is_file() for what in ("draft", "old", "trash"))
    assert (tmp_path / ".out.1234.draft").is_dir() and not root.exists()


def test_the_old_folder_stays_where_another_is_in_its_place(tmp_path):
    root, old = tmp_path / "out", tmp_path / ".out.lmu_hls-old"
    convert(old, "1")
    root.mkdir()
    (root / "notes.txt").write_text("x")
    with replace.alone(root, "next"):
        pass
    assert versions(old) == {"1"}


def test_seeded_fault_without_recovery_a_stop_is_seen(tmp_path, monkeypatch):
    root = tmp_path / "out"
    convert(root, "1")
    root.rename(tmp_path / ".out.lmu_hls-old")  # as a kill between the two renames leaves it
    with monkeypatch.context() as fault:
        fault.setattr(replace, "recover", lambda root: None)
        with replace.alone(root, "next"):
            assert not root.exists()
    with replace.alone(root, "next"):
        assert versions(root) == {"1"}


CONVERT = """
import sys, time
from pathlib import Path
from lmu_hls import replace
from lmu_hls.errors import LmuHlsError
from tests.support.fake_project import write
try:
    with replace.replacing(Path(sys.argv[1]), False) as draft:
        write(draft.root, "1")
        time.sleep(0.3)
except LmuHlsError as error:
    sys.exit(str(error))
"""


def test_of_two_conversions_at_once_one_is_refused(tmp_path):
    command = [sys.executable, "-c", CONVERT, str(tmp_path / "out")]
    both = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=30)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    assert "is not empty; add --force" in "".join(said)
    assert versions(tmp_path / "out") == {"1"}


HOLD = """
import sys, time
from pathlib import Path
from lmu_hls import lock
with lock.locked(Path(sys.argv[1]), "lmu-hls verify"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "out")], cwd=ROOT, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    yield holder
    holder.kill()
    holder.wait()
    holder.stdout.close()


def test_the_second_says_who_is_first_and_waits(tmp_path, holder):
    told = []

    def tell(text):
        told.append(text)
        holder.kill()  # the lock ends with the process, whatever ends it

    with lock.locked(tmp_path / "out", "second", tell):
        assert f"in use by 'lmu-hls verify' (process {holder.pid})" in told[0]
    assert len(told) == 1 and not list(tmp_path.iterdir())


def test_waiting_can_be_interrupted(tmp_path, holder):
    with pytest.raises(signals.Interrupted), signals.signals_unwind(), lock.locked(
        tmp_path / "out", "second", lambda text: signal.raise_signal(signal.SIGTERM)
    ):  # fmt: skip
        pytest.fail("locked twice")
    assert holder.poll() is None


def test_many_waiting_run_one_after_another(tmp_path):
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom lmu_hls import lock\nroot = Path(sys.argv[1])\n"
        "for _ in range(20):\n"
        " with lock.locked(root, 'x'):\n"
        "  (root / 'one').touch(exist_ok=False)\n  time.sleep(0.001)\n  (root / 'one').unlink()\n"
    )
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", code, str(tmp_path / "out")]
    runs = [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]
    assert [run.wait(60) for run in runs] == [0] * 4


def test_seeded_fault_without_the_lock_they_meet(tmp_path, holder, monkeypatch):
    monkeypatch.setattr(lock, "_wait", lambda *_: None)
    with lock.locked(tmp_path / "out", "second"):
        assert holder.poll() is None


def test_one_run_may_lock_again_and_through_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with lock.locked(tmp_path / "out", "a"), lock.locked(tmp_path / "link", "b"):
        (name,) = [path.name for path in tmp_path.iterdir() if path.name != "link"]
        assert json.loads((tmp_path / name).read_text())["command"] == "a"
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_another_thread_waits(tmp_path):
    import threading

    order = []

    def second():
        with lock.locked(tmp_path / "out", "second", lambda text: order.append("waits")):
            order.append("second")

    with lock.locked(tmp_path / "out", "first"):
        thread = threading.Thread(target=second)
        thread.start()
        assert wait_for(lambda: order == ["waits"])
        order.append("first")
    thread.join(20)
    assert order == ["waits", "first", "second"]


def test_the_lock_is_inside_where_the_folder_above_is_closed(tmp_path, monkeypatch):
    root = tmp_path / "out"
    root.mkdir()
    monkeypatch.setattr(lock.os, "access", lambda path, mode: path == root)
    with lock.locked(root, "x"):
        assert [path.name for path in root.iterdir()] == [f".{lock.NAME}"]
        assert replace.foreign(root) == []
    monkeypatch.setattr(lock.os, "access", lambda path, mode: False)
    with lock.locked(root, "x"):
        assert not list(root.iterdir())
