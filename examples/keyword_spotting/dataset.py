"""MFCC of all clips, normalized, kept in one file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from examples.keyword_spotting.audio import SHIFT, Audio, clip, excerpt, read_wav, stretched
from examples.keyword_spotting.features import COEFFICIENTS, FRAMES, Features, mfcc
from examples.keyword_spotting.recordings import LABELS, SPLITS, Corpus, Recording
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.jsonfile import write_bytes

BATCH = 256  # clips at a time
SEED = 11
LOUDEST = 1.0  # noise of silence: its background noise times as much at most
NOISY = 0.8  # share of clips in training with noise
RATIO = (5.0, 40.0)  # dB of speech over noise, in training
KEPT = np.float16  # of normalized coefficients, of which the network reads 7 bits: half a file
STRETCH = (0.84, 1.19)  # length of a clip in training over that of its recording: a longer or shorter vocal tract


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """MFCC x (clips, 49, 40) of mean 0 and deviation 1 in training, and labels y."""

    x: Features
    y: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """The splits, where they are from, and what was subtracted from each coefficient, and divided by.

    ``digest`` is of the recordings and of the code that makes MFCC of them.
    """

    source: str
    digest: str
    splits: dict[str, Split]
    mean: Features
    deviation: Features

    @property
    def train(self) -> Split:
        return self.splits["train"]

    @property
    def validation(self) -> Split:
        return self.splits["validation"]

    @property
    def test(self) -> Split:
        return self.splits["test"]

    def normalized(self, x: Features) -> Features:
        """MFCC (..., 40) as the network reads them."""
        return (x - self.mean) / self.deviation


def dataset(corpus: Corpus, copies: int, kept: Path, progress: Callable[[int, int], None]) -> Dataset:
    """The clips of ``corpus``: each in training ``copies`` times, moved in time and with noise; others as they are.

    ``kept`` is the folder for the file that a later call with the same recordings reads, and :func:`stored`.
    """
    digest = _digest(corpus, copies)
    path = kept / f"mfcc-{digest}.npz"
    if not path.is_file():
        arrays = {**_arrays(corpus, copies, progress), "source": np.array(corpus.source), "digest": np.array(digest)}
        content = io.BytesIO()
        np.savez(content, **arrays)
        write_bytes(path, content.getvalue(), synced=False)
    return stored(path)


def stored(path: Path) -> Dataset:
    """What :func:`dataset` kept in ``path``. LmuHlsError for a file that is another."""
    try:
        with np.load(path, allow_pickle=False) as loaded:
            splits = {s: Split(loaded[f"x_{s}"].astype(np.float32), loaded[f"y_{s}"]) for s in SPLITS}
            made = Dataset(str(loaded["source"]), str(loaded["digest"]), splits, loaded["mean"], loaded["deviation"])
    except (OSError, EOFError, BadZipFile, KeyError, ValueError) as error:
        raise LmuHlsError(
            f"{path} has no MFCC of keywords ({error}); give data/mfcc-*.npz of a folder of this example"
        ) from None
    for name, split in splits.items():
        if split.x.shape != (len(split.y), FRAMES, COEFFICIENTS) or not np.isin(split.y, range(len(LABELS))).all():
            raise LmuHlsError(
                f"{path}: x_{name} {split.x.shape} and y_{name} are not {FRAMES} frames of {COEFFICIENTS} coefficients "
                f"and one of {len(LABELS)} labels a clip; give data/mfcc-*.npz of a folder of this example"
            )
    return made


def _arrays(corpus: Corpus, copies: int, progress: Callable[[int, int], None]) -> dict[str, Any]:
    rng, noise = np.random.default_rng(SEED), [read_wav(path) for path in corpus.noise]
    jobs = [(split, recording) for split in SPLITS for recording in corpus.splits[split]]
    jobs = [job for job in jobs for _ in range(copies if job[0] == "train" else 1)]
    x, y = np.empty((len(jobs), FRAMES, COEFFICIENTS), np.float32), np.array([job[1].label for job in jobs])
    for first in range(0, len(jobs), BATCH):
        part = jobs[first : first + BATCH]
        x[first : first + BATCH] = mfcc(np.stack([_clip(*job, noise, rng) for job in part]))
        progress(first + len(part), len(jobs))
    in_split = np.array([job[0] for job in jobs])
    training = x[in_split == "train"]
    mean, deviation = training.mean((0, 1)), training.std((0, 1))
    arrays: dict[str, Any] = {"mean": mean, "deviation": deviation}
    for split in SPLITS:
        arrays[f"x_{split}"] = ((x[in_split == split] - mean) / deviation).astype(KEPT)
        arrays[f"y_{split}"] = y[in_split == split].astype(np.int64)
    return arrays


def _clip(split: str, recording: Recording, noise: list[Audio], rng: np.random.Generator) -> Audio:
    background = excerpt(noise[int(rng.integers(len(noise)))], rng)
    if recording.path is None:
        return np.float32(rng.uniform(0, LOUDEST)) * background
    if split != "train":
        return clip(read_wav(recording.path))
    spoken = clip(stretched(read_wav(recording.path), rng.uniform(*STRETCH)), int(rng.integers(-SHIFT, SHIFT + 1)))
    if rng.uniform() > NOISY:
        return spoken
    ratio = 10 ** (rng.uniform(*RATIO) / 20)
    return spoken + background * np.float32(np.std(spoken) / (np.std(background) * ratio + 1e-9))


def _digest(corpus: Corpus, copies: int) -> str:
    """Of the recordings, by name and size, and of the code that makes MFCC of them."""
    state = hashlib.sha256(f"{corpus.source} {copies}".encode())
    for split in SPLITS:
        for recording in corpus.splits[split]:
            size = recording.path.stat().st_size if recording.path else 0
            state.update(f"{split} {recording.path and recording.path.name} {recording.label} {size}\n".encode())
    for name in ("audio", "dataset", "features"):
        state.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return state.hexdigest()[:24]
