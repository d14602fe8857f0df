"""Synthetic keywords: a folder with the layout of Speech Commands whose words are spoken by espeak-ng.

No person speaks in it, and what is right on it says little of what is right on people's speech. A speaker is a voice
variant of espeak-ng (formants, pitch, voicing), in one of several accents for each word; those of validation and test
are not heard in training.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from examples.keyword_spotting.audio import RATE, coloured, read_wav, trimmed, write_wav
from examples.keyword_spotting.recordings import KEYWORDS, LISTS, NOISE, OTHERS, Corpus, Version, read_folder
from lmu_hls import process
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.jsonfile import write_text

NAME = "synthetic keywords (espeak-ng)"
REMEDY = "apt-get install espeak-ng"
ACCENTS = ("en-gb", "en-us", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029", "en-us-nyc")
SPEAKERS = (
    *("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1"),
    *("f2", "f3", "f4", "f5", "klatt", "klatt2", "klatt3", "klatt4", "adam"),
    *("Alex", "Alicia", "Andrea", "Andy", "Annie", "antonio", "aunty", "belinda", "benjamin"),
    *("boris", "caleb", "david", "Denis", "Diogo", "ed", "edward", "Gene", "Henrique"),
    *("Hugo", "iven", "iven2", "Jacky", "john", "Lee", "linda", "marcelo", "Marco"),
    *("Mario", "max", "Michael", "michel", "miguel", "Mike", "norbert", "pablo", "paul"),
    *("pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph", "steph2", "travis"),
    *("victor", "zac", "anika", "grandma", "grandpa", "kaukovalta", "Nguyen"),
)
TEST_EVERY = 5  # a speaker in five is for the test, the one after it for validation in every second case
WORDS_PER_MINUTE, PITCH = (120, 200), (25, 75)
SECONDS_OF_NOISE = 30
SEED = 7


@dataclass(frozen=True, slots=True)
class Plan:
    """How many of SPEAKERS speak, and how often each says each keyword; other words fill a fifth more."""

    speakers: int = len(SPEAKERS)
    takes: int = 8


@dataclass(frozen=True, slots=True)
class Utterance:
    """A word of a speaker, the ``take``-th time, and how it is said."""

    word: str
    speaker: str
    take: int
    accent: str
    speed: int
    pitch: int

    @property
    def name(self) -> str:
        """Its file, as in the lists."""
        return f"{self.word}/{self.speaker}_nohash_{self.take}.wav"


def corpus(folder: Path, plan: Plan, jobs: int, progress: Callable[[int, int], None]) -> Corpus:
    """The keywords of ``plan`` in ``folder``; what is there already is not spoken again.

    Raises LmuHlsError where espeak-ng is absent or cannot speak.
    """
    if shutil.which("espeak-ng") is None:
        raise LmuHlsError(
            f"synthetic keywords are spoken by espeak-ng, which is not installed. Install it with: {REMEDY}; or give "
            "--speech-commands FOLDER, your copy of Speech Commands"
        )
    _check_voices()
    utterances = planned(plan)
    missing = [item for item in utterances if not (folder / item.name).is_file()]
    done = len(utterances) - len(missing)
    progress(done, len(utterances))
    with process.threads(jobs) as pool:
        for spoken in as_completed([pool.submit(_speak, item, folder) for item in missing]):
            spoken.result()
            done += 1
            progress(done, len(utterances))
    _background(folder)
    named = _lists(utterances)
    for split, file in LISTS.items():
        write_text(folder / file, "".join(f"{name}\n" for name in named[split]))
    version = Version(NAME, len(utterances), len(named["validation"]), len(named["test"]))
    return read_folder(folder, version)


def _check_voices() -> None:
    """LmuHlsError where espeak-ng lacks a speaker, in whose place it would speak with its usual voice."""
    listed = process.run(["espeak-ng", "--voices=variant"], tool="espeak-ng").output
    known = {line.split("!v/", 1)[1].split()[0] for line in listed.splitlines() if "!v/" in line}
    if absent := [name for name in SPEAKERS if name not in known]:
        raise LmuHlsError(
            f"this espeak-ng lacks {len(absent)} of {len(SPEAKERS)} voice variants ({', '.join(absent[:5])}, ...); "
            f"install version 1.51 with its data: {REMEDY}"
        )


def planned(plan: Plan) -> list[Utterance]:
    """All utterances of ``plan``, each from its own draw, so that a smaller plan is a part of a larger one."""
    utterances = []
    for number, speaker in enumerate(SPEAKERS[: plan.speakers]):
        for take in range(plan.takes):
            rng = np.random.default_rng((SEED, number, take))
            words = [*KEYWORDS, *rng.choice(OTHERS, 2, replace=False)]
            for word in words:
                accent = ACCENTS[int(rng.integers(len(ACCENTS)))]
                speed, pitch = (int(rng.integers(*limits)) for limits in (WORDS_PER_MINUTE, PITCH))
                utterances.append(Utterance(str(word), speaker, take, accent, speed, pitch))
    return utterances


def split_of(speaker: str) -> str:
    """ "train", "validation" or "test": all that a speaker says is in one."""
    number = SPEAKERS.index(speaker)
    if number % TEST_EVERY == TEST_EVERY - 1:
        return "test"
    return "validation" if number % (2 * TEST_EVERY) == 2 * TEST_EVERY - 2 else "train"


def _lists(utterances: list[Utterance]) -> dict[str, list[str]]:
    return {split: [item.name for item in utterances if split_of(item.speaker) == split] for split in LISTS}


def _speak(item: Utterance, folder: Path) -> None:
    path = folder / item.name
    path.parent.mkdir(parents=True, exist_ok=True)
    raw, whole = path.with_suffix(".raw"), path.with_suffix(".part")
    voice = f"{item.accent}+{item.speaker}"
    command = ["espeak-ng", "-v", voice, "-s", str(item.speed), "-p", str(item.pitch), "-w", str(raw), item.word]
    done = process.run(command, tool="espeak-ng")
    if done.code or not raw.is_file():
        raise LmuHlsError(
            f"espeak-ng cannot speak with the voice {voice} ({done.output.strip()[-200:] or 'it said nothing'}); "
            f"install version 1.51 with its data: {REMEDY}"
        )
    write_wav(whole, trimmed(read_wav(raw)))
    raw.unlink()
    whole.replace(path)


def _background(folder: Path) -> None:
    """Noise of three colours."""
    for name, exponent in {"white": 0.0, "pink": 1.0, "brown": 2.0}.items():
        path = folder / NOISE / f"{name}.wav"
        if not path.is_file():
            write_wav(path, coloured(np.random.default_rng(SEED), SECONDS_OF_NOISE * RATE, exponent))
