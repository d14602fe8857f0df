"""Clips of one second: WAV files read, moved in time, and with noise; noise that is made."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError

Audio = NDArray[np.float32]  # samples, full scale is 1
RATE = 16_000  # samples a second
CLIP = RATE  # samples of a clip
SHIFT = RATE // 10  # a clip in training is moved by as much
QUIET = 0.02  # of the largest sample: what is cut off at both ends of spoken words
FULL = 32768.0


def read_wav(path: Path) -> Audio:
    """The samples of a WAV file of one channel and 16 bits, at RATE. LmuHlsError for any other file."""
    try:
        with wave.open(str(path), "rb") as file:
            form = file.getnchannels(), file.getsampwidth()
            rate, content = file.getframerate(), file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise LmuHlsError(f"{path} is no readable WAV file ({error}); put the original file there") from None
    if form != (1, 2) or not 4000 <= rate <= 192_000:
        raise LmuHlsError(f"{path} has {form[0]} channels of {8 * form[1]} bits at {rate} Hz; one of 16 bits is needed")
    samples = np.frombuffer(content, "<i2").astype(np.float32) / np.float32(FULL)
    return samples if rate == RATE else resampled(samples, rate)


def resampled(samples: Audio, rate: int) -> Audio:
    """``samples`` taken at ``rate`` as they would be at RATE."""
    divisor = np.gcd(RATE, rate)
    return np.asarray(scipy.signal.resample_poly(samples, RATE // divisor, rate // divisor), np.float32)


def write_wav(path: Path, samples: Audio) -> None:
    """A WAV file of one channel, 16 bits, at RATE; beyond full scale is cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1 - 1 / FULL) * FULL).astype("<i2").tobytes())


def trimmed(samples: Audio) -> Audio:
    """``samples`` without what is quiet at both ends."""
    loud = np.flatnonzero(np.abs(samples) > QUIET * np.abs(samples).max(initial=0.0))
    return samples[loud[0] : loud[-1] + 1] if loud.size else samples


def clip(samples: Audio, shift: int = 0) -> Audio:
    """The second in the middle of ``samples``, with silence around it where it is shorter, moved by ``shift``."""
    first = (len(samples) - CLIP) // 2 - shift
    padded = np.pad(samples, (max(0, -first), max(0, first + CLIP - len(samples))))
    first = max(0, first)
    return padded[first : first + CLIP]


def stretched(samples: Audio, factor: float) -> Audio:
    """``samples`` played slower by ``factor``, which also lowers all frequencies; between samples by straight lines."""
    places = np.arange(int(len(samples) * factor)) / factor
    return np.asarray(np.interp(places, np.arange(len(samples)), samples), np.float32)


def excerpt(noise: Audio, rng: np.random.Generator, size: int = CLIP) -> Audio:
    """``size`` samples from anywhere in ``noise``, which begins again at its end."""
    first = int(rng.integers(len(noise)))
    return np.take(noise, np.arange(first, first + size), mode="wrap")


def coloured(rng: np.random.Generator, size: int, exponent: float) -> Audio:
    """Noise whose power falls with frequency to the ``exponent`` (0 white, 1 pink, 2 brown), of deviation 0.1."""
    spectrum = np.fft.rfft(rng.normal(size=size))
    frequency = np.maximum(np.arange(len(spectrum)), 1.0)
    samples = np.fft.irfft(spectrum * frequency ** (-exponent / 2), size)
    return np.asarray(0.1 * samples / samples.std(), np.float32)
