"""A folder of recordings with the layout of Speech Commands: a folder a word, and the lists of the official split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmu_hls.errors import LmuHlsError

SILENCE, UNKNOWN = "_silence_", "_unknown_"
KEYWORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
LABELS = (SILENCE, UNKNOWN, *KEYWORDS)
OTHERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("backward", "bed", "bird", "cat", "dog", "follow", "forward", "happy", "house", "learn", "marvin", "sheila"),
    *("tree", "visual", "wow"),
)
NOISE = "_background_noise_"
LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
SPLITS = ("train", *LISTS)
SINCE_2 = ("backward", "follow", "forward", "learn", "visual")  # words that version 0.01 lacks
SHARE = 0.1  # recordings of other words, and silences, for each recording of a keyword
SEED = 0


@dataclass(frozen=True, slots=True)
class Version:
    """What a whole folder has: recordings of words, and entries of the two lists."""

    name: str
    recordings: int
    validation: int
    test: int


SPEECH_COMMANDS = Version("Speech Commands version 0.02", recordings=105_829, validation=9_981, test=11_005)


@dataclass(frozen=True, slots=True)
class Recording:
    """A file and its label, an index of LABELS; without a file it is silence."""

    path: Path | None
    label: int


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """The recordings of each split with their labels, and the files of background noise."""

    source: str
    splits: dict[str, list[Recording]]
    noise: list[Path]


def read_folder(folder: Path, version: Version = SPEECH_COMMANDS) -> Corpus:
    """The 12-label task on ``folder``: keywords, some recordings of the other words as one label, and silence.

    A recording is in the split that the lists of the folder say, else in "train". Raises LmuHlsError for a folder that
    is incomplete or another version.
    """
    listed = {split: _list(folder, name, version) for split, name in LISTS.items()}
    paths = {word: sorted((folder / word).glob("*.wav")) for word in (*KEYWORDS, *OTHERS)}
    seen = Version(version.name, sum(map(len, paths.values())), len(listed["validation"]), len(listed["test"]))
    noise = sorted((folder / NOISE).glob("*.wav"))
    _check_lists(folder, listed, {f"{word}/{path.name}" for word, files in paths.items() for path in files})
    if seen != version or not noise:
        _refuse(folder, version, seen, [word for word in paths if not paths[word]] + ([] if noise else [NOISE]))
    split_of = {name: split for split, names in listed.items() for name in names}
    splits: dict[str, list[Recording]] = {split: [] for split in SPLITS}
    others: dict[str, list[Recording]] = {split: [] for split in SPLITS}
    for word, files in paths.items():
        target, label = (splits, LABELS.index(word)) if word in KEYWORDS else (others, LABELS.index(UNKNOWN))
        for path in files:
            target[split_of.get(f"{word}/{path.name}", "train")].append(Recording(path, label))
    rng = np.random.default_rng(SEED)
    for split in SPLITS:
        count = max(1, round(SHARE * len(splits[split])))
        splits[split] += _some(others[split], count, rng)
        splits[split] += [Recording(None, LABELS.index(SILENCE))] * count
    return Corpus(version.name, splits, noise)


def _some(recordings: Sequence[Recording], count: int, rng: np.random.Generator) -> list[Recording]:
    return [recordings[k] for k in sorted(rng.permutation(len(recordings))[:count])]


def _list(folder: Path, name: str, version: Version) -> list[str]:
    try:
        return (folder / name).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        inside = sorted(path.parent.name for path in folder.glob(f"*/{name}"))
        remedy = f"give {folder / inside[0]}" if inside else "give the folder into which its archive was unpacked"
        raise LmuHlsError(
            f"{folder} is not {version.name}, it has no readable {name} ({error}); {remedy}, or leave "
            "--speech-commands out for synthetic keywords"
        ) from None


def _check_lists(folder: Path, listed: dict[str, list[str]], present: set[str]) -> None:
    """LmuHlsError for a recording that is listed twice, or listed and not there although others of its word are."""
    both = sorted(set(listed["validation"]) & set(listed["test"]))
    words = {name.split("/")[0] for name in present}
    absent = sorted(name for names in listed.values() for name in set(names) - present if name.split("/")[0] in words)
    if both or absent:
        what = f"{both[0]} is in both lists" if both else f"{absent[0]} is listed, but not there ({len(absent)} such)"
        raise LmuHlsError(f"{folder}: {what}; unpack the archive again, into an empty folder")


def _refuse(folder: Path, version: Version, seen: Version, absent: Sequence[str]) -> None:
    lacking = f", and lacks {', '.join(absent)}" if absent else ""
    if tuple(absent) == SINCE_2:
        lacking = f"{lacking}: version 0.01 has no such words; give version 0.02"
    raise LmuHlsError(
        f"{folder} is not {version.name}, or not all of it: it has {seen.recordings:,} recordings, "
        f"{seen.validation:,} for validation and {seen.test:,} for the test, not {version.recordings:,}, "
        f"{version.validation:,} and {version.test:,}{lacking}; unpack its archive again, into an empty folder"
    )
