"""Predicted SNR against the one measured in golden, on integers."""

import numpy as np
import pytest

from lmu_hls.fixed import FixedType, to_float
from lmu_hls.precision import (
    DenseMemory,
    Rounding,
    Spectrum,
    at_reader,
    covariance,
    predict_snr,
    rounding_noise,
)
from lmu_hls.precision.lyapunov import by_doubling
from lmu_hls.tuning.channel import low_pass_noise
from tests.support.memories import U, channel

RMS = 0.3
CASES = [(4, 8.0, 10, 0.5), (6, 16.0, 10, 0.1), (16, 50.0, 12, 0.05), (32, 100.0, 13, 0.05), (64, 200.0, 14, 0.05)]


def measured_and_predicted(memory_channel, cutoff, batch, measure=2.0, seed=0, weights=None):
    """(measured, predicted) SNR in dB over ``measure`` theta after a warm-up of 2 theta."""
    settle, total = int(2 * memory_channel.lmu.theta), int((2 + measure) * memory_channel.lmu.theta)
    u = low_pass_noise(np.random.default_rng(seed), batch, total, cutoff, RMS, U)
    real = to_float(u, U)
    exact = memory_channel.exact_mem(u)[:, settle:]
    error = memory_channel.mem(u)[:, settle:] - exact
    if weights is not None:
        exact, error = exact @ weights, error @ weights
    measured = 10 * np.log10(np.sum(exact**2) / np.sum(error**2))
    spectrum = Spectrum.low_pass(cutoff, np.mean(real[:, settle:] ** 2))
    return measured, predict_snr(memory_channel.quantized, spectrum, memory_channel.exact, weights).db


@pytest.mark.parametrize("form", ["dense", "tridiagonal"])
@pytest.mark.parametrize("basis", ["orthonormal", "legendre"])
@pytest.mark.parametrize(("order", "theta", "fraction", "cutoff"), CASES)
def test_prediction_is_within_1_5_db(order, theta, fraction, cutoff, basis, form):
    unit = channel(order, theta, fraction, basis=basis, form=form, integer=6, sweep_integer=7)
    measured, predicted = measured_and_predicted(unit, cutoff, batch=16)
    assert abs(measured - predicted) < 1.5


@pytest.mark.parametrize("form", ["dense", "tridiagonal"])
def test_prediction_is_within_1_5_db_at_order_256(form):
    unit = channel(256, 784.0, 16, form=form)
    measured, predicted = measured_and_predicted(unit, 0.05, batch=4, measure=0.25)
    assert abs(measured - predicted) < 1.5


@pytest.mark.parametrize("rounding", ["TRN", "RND_CONV"])
def test_prediction_with_rounding_alone_and_with_truncation(rounding):
    unit = channel(8, 20.0, 9, coefficient_fraction=24, rounding=rounding)
    measured, predicted = measured_and_predicted(unit, 0.1, batch=32)
    assert abs(measured - predicted) < 0.5


def test_truncation_is_predicted_to_be_worse_than_rounding():
    predicted = {r: measured_and_predicted(channel(8, 20.0, 9, rounding=r), 0.1, 1)[1] for r in ("TRN", "RND_CONV")}
    assert predicted["TRN"] < predicted["RND_CONV"] - 2


def test_prediction_at_a_reader_of_mem():
    weights = np.random.default_rng(1).standard_normal((16, 3))
    unit = channel(16, 50.0, 12)
    measured, predicted = measured_and_predicted(unit, 0.05, 16, weights=weights)
    assert abs(measured - predicted) < 1.5


def test_a_wrong_width_is_noticed():
    """One fraction bit is 6 dB: the prediction for another width must miss by more than its tolerance."""
    measured, _ = measured_and_predicted(channel(16, 50.0, 12, coefficient_fraction=20), 0.05, 16)
    _, other = measured_and_predicted(channel(16, 50.0, 11, coefficient_fraction=20), 0.05, 16)
    assert measured - other > 4


def test_zoh_is_predicted_too():
    measured, predicted = measured_and_predicted(channel(12, 40.0, 11, discretizer="zoh"), 0.05, 16)
    assert abs(measured - predicted) < 1.5


def test_covariance_solves_its_equation_in_both_ways():
    a = np.array(channel(24, 60.0, 20).exact.a)
    q = np.diag(np.linspace(1, 2, 24))
    p = covariance(a, q)
    assert np.allclose(p, a @ p @ a.T + q, rtol=0, atol=1e-10 * np.abs(p).max())
    assert np.allclose(by_doubling(a, q), p, rtol=0, atol=1e-10 * np.abs(p).max())


def test_noise_above_order_256_uses_doubling():
    memory = channel(300, 900.0, 18).quantized
    noise = rounding_noise(memory)
    expected = memory.a @ noise @ memory.a.T + Rounding.from_type(FixedType(21, 3)).variance * np.eye(300)
    assert np.allclose(noise, expected, rtol=0, atol=1e-9 * noise.max())


def test_an_input_error_passes_through_b():
    memory = DenseMemory(np.array([[0.5]]), np.array([2.0]))
    u = Rounding.from_type(FixedType(8, 1))
    assert rounding_noise(memory, u)[0, 0] == pytest.approx(4 * u.variance / (1 - 0.25))


def test_spectra_keep_their_power():
    assert Spectrum.white(0.3).power == pytest.approx(0.3)
    assert Spectrum.low_pass(0.07, 0.3).power == pytest.approx(0.3)
    lags = 0.2 * 0.8 ** np.arange(100)
    spectrum = Spectrum.from_autocorrelation(lags)
    assert spectrum.power == pytest.approx(0.2)
    memory = DenseMemory(np.array([[0.5]]), np.array([1.0]))
    signal = predict_snr(memory, spectrum).signal[0]
    h = 0.5 ** np.arange(60)
    assert signal == pytest.approx(
        h @ (0.2 * 0.8 ** np.abs(np.subtract.outer(np.arange(60), np.arange(60)))) @ h, rel=1e-3
    )


def test_bad_input_is_refused():
    memory = DenseMemory(np.array([[0.5]]), np.array([1.0]))
    with pytest.raises(ValueError, match="zero everywhere"):
        Spectrum(np.zeros(5))
    with pytest.raises(ValueError, match=r"cutoff=0\.7"):
        Spectrum.low_pass(0.7)
    with pytest.raises(ValueError, match="TRN_ZERO"):
        rounding_noise(DenseMemory(memory.a, memory.b, Rounding.from_type(FixedType(8, 1, rounding="TRN_ZERO"))))
    with pytest.raises(ValueError, match=r"weights of shape \(2, 3\)"):
        at_reader(np.eye(1), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="unstable"):
        rounding_noise(DenseMemory(np.array([[1.01]]), np.array([1.0])))
    with pytest.raises(ValueError, match="order 1 and 4"):
        predict_snr(memory, Spectrum.white(), channel(4, 8.0, 8).exact)
