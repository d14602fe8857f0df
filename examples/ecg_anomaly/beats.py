"""Synthetic electrocardiograms: windows of one lead in which every beat is like the others, or one of them is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = 64  # samples of a window
WAVES = ((-12, 2.5, 0.15), (-2, 0.8, -0.2), (0, 0.9, 1.0), (2, 0.9, -0.3), (10, 4.0, 0.3))  # place, width, height
NOISE = 0.05


def windows(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """x (count, STEPS, 1), and y (count, 1): 1 where a beat comes early and is wide, as a ventricular one is."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, count)
    x = np.stack([_window(rng, bool(wrong)) for wrong in y])
    return x[..., None].astype(np.float32), y[:, None].astype(np.float32)


def _window(rng: np.random.Generator, wrong: bool) -> NDArray[np.float64]:
    t, period = np.arange(STEPS), rng.uniform(24, 32)
    centres = np.arange(rng.uniform(6, 14), STEPS, period)
    odd = int(rng.integers(len(centres))) if wrong else -1
    signal = rng.normal(0, NOISE, STEPS) + 0.1 * np.sin(2 * np.pi * t / 200 + rng.uniform(0, 6))
    for k, centre in enumerate(centres):
        early, wide, high = (0.25 * period, 3.0, 0.8) if k == odd else (0.0, 1.0, 1.0)
        for place, width, height in WAVES:
            signal += high * height * np.exp(-0.5 * ((t - centre + early - wide * place) / (wide * width)) ** 2)
    return signal
