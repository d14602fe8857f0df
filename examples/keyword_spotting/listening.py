"""Continuous audio in, detections over time out: the Verilog in streaming mode, whose state runs on for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.keyword_spotting.audio import CLIP, RATE, Audio, excerpt, read_wav
from examples.keyword_spotting.features import STRIDE, WINDOW, mfcc
from examples.keyword_spotting.recordings import KEYWORDS, LABELS, Corpus
from lmu_hls.backend.design import design
from lmu_hls.errors import VerificationFailed
from lmu_hls.fixed import Ints, quantize, to_float
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Network
from lmu_hls.verify import verilated

SMOOTHED = 10  # frames over which probabilities are averaged
SURE = 0.6  # an average above it is a detection
REST = 40  # frames after a detection without another
LATE_S = 0.9  # after the end of a word, in which its detection counts
PAUSE_S = (0.4, 1.2)  # between words
LOUDNESS = 0.003  # deviation of the noise
SEED = 5


@dataclass(frozen=True, slots=True)
class Event:
    """A word from ``start`` to ``end``, in seconds from the first sample; of a detection both are its frame's end."""

    word: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Continuous audio and the words that are spoken in it; "_unknown_" for words that are none."""

    audio: Audio
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """How many keywords were spoken and detected, and detections without a keyword."""

    spoken: int
    detected: int
    false: int


def scene(corpus: Corpus, count: int) -> Scene:
    """``count`` recordings of the test, one after the other with pauses, over background noise."""
    rng = np.random.default_rng(SEED)
    recordings = [item for item in corpus.splits["test"] if item.path is not None]
    chosen = [recordings[k] for k in rng.permutation(len(recordings))[:count]]
    parts, events, now = [np.zeros(CLIP, np.float32)], [], CLIP
    for recording in chosen:
        assert recording.path is not None
        spoken = read_wav(recording.path)
        pause = int(rng.uniform(*PAUSE_S) * RATE)
        events.append(Event(LABELS[recording.label], now / RATE, (now + len(spoken)) / RATE))
        parts += [spoken, np.zeros(pause, np.float32)]
        now += len(spoken) + pause
    audio = np.concatenate([*parts, np.zeros(CLIP, np.float32)])
    noise = excerpt(read_wav(corpus.noise[0]), rng, len(audio))
    return Scene(audio + noise * np.float32(LOUDNESS / (noise.std() + 1e-9)), tuple(events))


def stream(network: Network, features: NDArray[np.floating], folder: Path, reuse_factor: int) -> NDArray[np.float64]:
    """The logits (frames, 12) of ``features`` (frames, n_in) through the Verilog, written to ``folder``, one a frame.

    Raises VerificationFailed where a value is not golden's.
    """
    accelerator = design(network, RtlOptions(streaming=True), reuse_factor)
    accelerator.write(folder)
    program = verilated.build(accelerator.sources(folder), accelerator.interface, folder, folder / "work")
    x = quantize(features.astype(np.float64), network.x)[np.newaxis]
    outputs = program.run(x, tlast=False).outputs
    if not np.array_equal(outputs, accelerator.golden(x)):
        raise VerificationFailed(f"the Verilog in {folder} gives other integers than golden in streaming mode")
    return logits(outputs.reshape(len(features), -1), accelerator.network)


def logits(outputs: Ints, network: Network) -> NDArray[np.float64]:
    """Real values of the integers that come out."""
    return to_float(outputs, network.out)


def heard(audio: Audio) -> NDArray[np.float32]:
    """MFCC (frames, 40) of continuous audio."""
    return mfcc(audio)


def detections(values: NDArray[np.float64]) -> list[Event]:
    """Keywords in logits (frames, 12): where the mean probability of the last frames is above SURE."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    chances = powers / powers.sum(axis=1, keepdims=True)
    sums = np.cumsum(np.vstack([np.zeros((SMOOTHED, len(LABELS))), chances]), axis=0)
    smooth = (sums[SMOOTHED:] - sums[:-SMOOTHED]) / SMOOTHED
    events, free = [], 0
    for frame, row in enumerate(smooth):
        word = LABELS[int(np.argmax(row))]
        if frame >= free and word in KEYWORDS and row.max() > SURE:
            now = (frame * STRIDE + WINDOW) / RATE
            events.append(Event(word, now, now))
            free = frame + REST
    return events


def score(spoken: Sequence[Event], heard_events: Sequence[Event]) -> Score:
    """Detections beside what was spoken: one counts for the first keyword of its name that it lies in or soon after."""
    open_words = [event for event in spoken if event.word in KEYWORDS]
    total, right = len(open_words), 0
    for event in heard_events:
        fits = [word for word in open_words if word.word == event.word and word.start < event.end < word.end + LATE_S]
        if fits:
            open_words.remove(fits[0])
            right += 1
    return Score(total, right, len(heard_events) - right)


def table(spoken: Sequence[Event], heard_events: Sequence[Event]) -> list[dict[str, Any]]:
    """Both in the order of time, for a file."""
    lines = [("spoken", event) for event in spoken] + [("detected", event) for event in heard_events]
    lines.sort(key=lambda line: line[1].start)
    return [{"what": what, "word": e.word, "from_s": round(e.start, 2), "to_s": round(e.end, 2)} for what, e in lines]
