"""Builds are made once, made again when damaged, bound to all that goes into them, and closed to others."""

import importlib
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls import builds
from lmu_hls.errors import LmuHlsError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv(builds.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


class Maker:
    """Writes a program and a table, and counts how often it was called."""

    def __init__(self, text="#!/bin/sh\necho made\n"):
        self.text, self.calls = text, 0

    def __call__(self, folder):
        self.calls += 1
        (folder / "program").write_text(self.text)
        (folder / "program").chmod(0o755)
        (folder / "deep").mkdir()
        (folder / "deep" / "table").write_text("1 2 3")


def test_made_once(cache):
    make = Maker()
    first = builds.built("kind", ["a", b"b"], make)
    assert builds.built("kind", ["a", b"b"], make) == first and make.calls == 1
    assert first.parent == cache and cache.stat().st_mode & 0o777 == 0o700


DAMAGE = {
    "empty": lambda file: file.write_text(""),
    "missing": lambda file: file.unlink(),
    "other": lambda file: file.write_text("#!/bin/sh\ntouch RAN\n"),
    "longer": lambda file: file.open("a").write("x"),
    "not executable": lambda file: file.chmod(0o644),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "a dead link": lambda file: (file.unlink(), file.symlink_to("/nowhere")),
}


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        (name, damage)
        for name in ("program", "deep/table", builds.RECORD)
        for damage in DAMAGE
        if name == "program" or damage != "not executable"
    ],
)
def test_what_is_damaged_is_made_again(name, damage):
    make = Maker()
    entry = builds.built("kind", ["a"], make)
    DAMAGE[damage](entry / name)
    builds.built("kind", ["a"], make)
    assert make.calls == 2 and (entry / "program").read_text() == make.text and os.access(entry / "program", os.X_OK)


@pytest.mark.parametrize("record", ["{}", "[]", "[1]", "null", "{", '{"program": []}', "\0"])
def test_a_strange_record_is_no_record(record):
    make = Maker()
    entry = builds.built("kind", ["a"], make)
    (entry / builds.RECORD).write_text(record)
    builds.built("kind", ["a"], make)
    assert make.calls == 2


def test_seeded_fault_without_the_hashes_damage_stays(monkeypatch):
    make = Maker()
    entry = builds.built("kind", ["a"], make)
    (entry / "program").write_text("#!/bin/sh\ntouch RAN\n")
    monkeypatch.setattr(builds, "_sound", Path.is_dir)
    builds.built("kind", ["a"], make)
    assert make.calls == 1


PARTS = st.lists(st.one_of(st.text(max_size=3), st.binary(max_size=3)), max_size=4)


def _bytes(parts):
    return [part if isinstance(part, bytes) else part.encode() for part in parts]


@given(PARTS, PARTS)
@settings(max_examples=200, deadline=None)
def test_different_parts_are_different_builds(one, other):
    assert (builds._digest(one) == builds._digest(other)) == (_bytes(one) == _bytes(other))


@pytest.mark.parametrize("variable", builds._ENVIRONMENT)
def test_the_environment_of_the_compiler_counts(monkeypatch, variable):
    make = Maker()
    monkeypatch.delenv(variable, raising=False)
    builds.built("kind", ["a"], make)
    monkeypatch.setenv(variable, "/elsewhere")
    builds.built("kind", ["a"], make)
    assert make.calls == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt, LmuHlsError, OSError])
def test_a_build_that_fails_leaves_nothing(cache, error):
    def fail(folder):
        (folder / "half").touch()
        raise error("no space")

    with pytest.raises(LmuHlsError if error is OSError else error):
        builds.built("kind", ["a"], fail)
    assert [path.name for path in cache.iterdir()] == ["locks"]
    make = Maker()
    builds.built("kind", ["a"], make)
    assert make.calls == 1


def test_two_at_a_time_make_it_once():
    make = Maker()

    def slow(folder):
        time.sleep(0.2)
        make(folder)

    threads = [threading.Thread(target=builds.built, args=("kind", ["a"], slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert make.calls == 1


def test_what_a_killed_build_left_is_swept(cache):
    code = (
        "import os, signal\nfrom lmu_hls import builds\n"
        "def make(folder):\n (folder / 'half').touch()\n os.kill(os.getpid(), signal.SIGKILL)\n"
        "builds.built('kind', ['a'], make)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == -9
    (left,) = cache.glob("unfinished-*")
    builds.built("kind", ["b"], Maker())
    assert not left.exists()


def test_the_oldest_go_when_there_are_too_many(cache, monkeypatch):
    monkeypatch.setattr(builds, "LIMIT_BYTES", 3 * 300)
    (cache).mkdir(mode=0o700)
    (cache / "not-ours").mkdir()
    (cache / "not-ours" / "file").write_text("x" * 10000)
    entries = []
    for k in range(6):
        entries.append(builds.built("kind", [str(k)], Maker("x" * 200)))
        used = time.time() - (1000 if k == 0 else 10000 - k)  # the first one may be in use
        os.utime(entries[-1] / builds.RECORD, (used, used))
    there = [k for k, entry in enumerate(entries) if entry.is_dir()]
    assert 0 in there and 5 in there and 1 not in there and len(there) < 6
    assert (cache / "not-ours" / "file").is_file()


@pytest.mark.parametrize("in_use", [True, False])
def test_what_somebody_has_just_asked_for_stays(cache, monkeypatch, in_use):
    """Another process asks for an old entry after the sizes were counted, or is at it; else it goes."""
    old = builds.built("kind", ["a"], Maker())
    os.utime(old / builds.RECORD, (0, 0))
    monkeypatch.setattr(builds, "LIMIT_BYTES", 0)
    delete = builds._delete

    def late(*arguments):
        if in_use:
            os.utime(old / builds.RECORD)
        return delete(*arguments)

    with builds._locked(cache, old):
        builds.prune(cache)
        assert old.is_dir()
    monkeypatch.setattr(builds, "_delete", late)
    builds.prune(cache)
    assert old.is_dir() == in_use


def test_an_entry_that_another_process_deletes_is_no_error(cache, monkeypatch):
    gone = builds.built("kind", ["a"], Maker())
    stat = Path.stat

    def vanishing(path, **options):
        if path.name == builds.RECORD and path.parent == gone:
            shutil.rmtree(gone, ignore_errors=True)
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", vanishing)
    builds.prune(cache)
    assert not gone.exists()


def test_one_kind_may_ask_for_another_whatever_their_hashes(monkeypatch):
    """Locks are by kind, else a build could wait for ever for a lock that it holds itself."""
    monkeypatch.setattr(builds, "_digest", lambda parts: "0" * 64)

    def outer(folder):
        (folder / "inner").symlink_to(builds.built("inner", [], Maker()))

    thread = threading.Thread(target=builds.built, args=("outer", [], outer), daemon=True)
    thread.start()
    thread.join(timeout=60)
    assert not thread.is_alive()


def test_a_cache_that_others_can_write_is_refused(cache):
    cache.mkdir()
    cache.chmod(0o777)
    with pytest.raises(LmuHlsError, match=rf"can be written by others.*{builds.VARIABLE}"):
        builds.built("kind", ["a"], Maker())


def test_a_cache_of_another_user_is_refused(cache, monkeypatch):
    monkeypatch.setattr(builds.os, "geteuid", lambda: 12345)
    with pytest.raises(LmuHlsError, match="belongs to another user"):
        builds.built("kind", ["a"], Maker())


def test_a_cache_that_cannot_be_made_is_named(cache):
    cache.write_text("a file")
    with pytest.raises(LmuHlsError, match=rf"cannot keep builds in .*{builds.VARIABLE}"):
        builds.built("kind", ["a"], Maker())


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.delenv(builds.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert builds.cache_dir() == tmp_path / "xdg" / "lmu_hls"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert builds.cache_dir() == tmp_path / "home" / ".cache" / "lmu_hls"


def test_code_is_all_that_a_function_uses():
    """Also what the modules use that it imports; nothing of other packages."""
    from lmu_hls.synth.adders import fold
    from lmu_hls.synth.registers import absorb

    named = {line.split()[0] for line in builds.code_of(fold)}
    assert {"lmu_hls.synth.adders", "lmu_hls.synth.wires", "lmu_hls.synth.family"} <= named
    assert "lmu_hls.synth.registers" not in named and "lmu_hls.synth.registers" in str(builds.code_of(fold, absorb))
    assert all(name.startswith("lmu_hls") for name in named)


def test_seeded_fault_a_changed_import_is_another_code(tmp_path, monkeypatch):
    """A package of one module that imports another one, which changes."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "__init__.py").touch()
    (tmp_path / "own" / "outer.py").write_text("from own.inner import value\n\ndef make():\n    return value()\n")
    inner = tmp_path / "own" / "inner.py"
    inner.write_text("def value():\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(builds, "PACKAGE", "own")
    make = importlib.import_module("own.outer").make
    before = builds.code_of(make)
    inner.write_text("def value():\n    return 2\n")
    assert before != builds.code_of(make) and len(before) == 2
