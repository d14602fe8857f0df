"""MFCC of 40 ms windows every 20 ms, by tf.signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from examples.keyword_spotting.audio import CLIP, RATE, Audio

Features = NDArray[np.float32]
WINDOW, STRIDE = RATE * 40 // 1000, RATE * 20 // 1000  # samples
FRAMES = (CLIP - WINDOW) // STRIDE + 1  # of a clip: 49
FFT = 1024
BANDS, LOWEST, HIGHEST = 40, 20.0, 7600.0  # mel bands, Hz
FLOOR = 1e-6  # of a band's power, before the logarithm
COEFFICIENTS = 40


def mfcc(audio: Audio) -> Features:
    """MFCC (..., frames, COEFFICIENTS) of ``audio`` (..., samples)."""
    import tensorflow as tf  # only here: training from stored features runs where there is none

    power = tf.abs(tf.signal.stft(audio, WINDOW, STRIDE, FFT)) ** 2
    mel = tf.signal.linear_to_mel_weight_matrix(BANDS, FFT // 2 + 1, RATE, LOWEST, HIGHEST)
    logs = tf.math.log(tf.tensordot(power, mel, 1) + FLOOR)
    return np.asarray(tf.signal.mfccs_from_log_mel_spectrograms(logs)[..., :COEFFICIENTS])
