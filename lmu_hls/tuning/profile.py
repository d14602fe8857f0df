"""A network with the types that a configuration gives it: ranges, headroom, overflows and SNR of every tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from lmu_hls.records import TensorPrecision
from lmu_hls.tuning.calibration import calibrate, check_data
from lmu_hls.tuning.draft import configured_types, draft
from lmu_hls.tuning.facts import describe

if TYPE_CHECKING:
    import keras


def profile(
    model: keras.Model, x: ArrayLike, config: Mapping[str, Any] | None = None, lengths: ArrayLike | None = None
) -> tuple[TensorPrecision, ...]:
    """What x (samples, steps, n_in) does to every tensor of a Keras model converted with hls4ml's ``config``.

    Of sequences of any length the first ``lengths`` (samples,) steps count, by default those that Masking tells.
    Without a configuration the types are the project's defaults. Raises LmuHlsError for unusable data and for a model
    or configuration that cannot be converted.
    """
    source = draft(model, config)
    data = check_data(source, x, lengths)
    seen, wide = calibrate(source, data)
    return describe(source, configured_types(model, source, config), data, seen, wide)
