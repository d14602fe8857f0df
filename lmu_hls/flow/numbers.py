"""What changes or judges a network's numbers: the search for types, the profile of types, another discretizer."""

from __future__ import annotations

import contextlib
import io
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmu_hls.backend.design import design
from lmu_hls.errors import LmuHlsError
from lmu_hls.flow.convert import known_backend, named_errors, own_layers
from lmu_hls.flow.data import data_set, read_arrays, read_lengths, read_whole
from lmu_hls.front.config import full_config
from lmu_hls.front.keras_model import check_model
from lmu_hls.front.lengths import asked_steps, with_lengths
from lmu_hls.front.settings import project_keys
from lmu_hls.layers.rebase import Change, rediscretize
from lmu_hls.records import Precision, TensorPrecision
from lmu_hls.records.evidence import Evidence
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.tuning import AccuracyDrop, BitBudget, SnrDb, Target, profile, tune
from lmu_hls.tuning.calibration import wide_types
from lmu_hls.tuning.draft import draft

if TYPE_CHECKING:
    import keras


def target_of(snr_db: float | None, accuracy_drop: str | None, bits: int | None) -> Target | None:
    """The one target that is given; None when there is none, and the task decides.

    ``accuracy_drop`` is in percentage points, "0.5" or "0.5%". Raises LmuHlsError for more than one, or for a value
    that is no target.
    """
    given = [value for value in (snr_db, accuracy_drop, bits) if value is not None]
    if len(given) > 1:
        raise LmuHlsError("give one of --target-snr-db, --max-accuracy-drop and --max-bits, not several")
    try:
        if snr_db is not None:
            return SnrDb(snr_db)
        if bits is not None:
            return BitBudget(bits)
        return None if accuracy_drop is None else AccuracyDrop(float(accuracy_drop.removesuffix("%")))
    except ValueError as error:
        raise LmuHlsError(f"{given[0]!r} is not a target: {error}") from None


def rehearse(
    model: keras.Model,
    config: Mapping[str, Any] | None = None,
    backend: str = "Vitis",
    io_type: str = "io_parallel",
    reuse_factor: int | None = None,
    values_per_beat: int | str = 1,
) -> None:
    """All of a conversion that types have no part in, to fail before a search for types and not after it.

    Nothing is written. Raises the LmuHlsError that :func:`lmu_hls.flow.convert` would raise.
    """
    model = with_lengths(own_layers(model), asked_steps(config))
    check_model(model)
    with named_errors(model):
        source = draft(model, config, known_backend(backend), io_type, reuse_factor)
        network = source.network(wide_types(source))
        options = RtlOptions.from_words(values_per_beat=values_per_beat)
        design(network, options, source.config["Model"]["ReuseFactor"])


def choose_types(
    model: keras.Model,
    calibration: Path,
    target: Target | None,
    config: Mapping[str, Any] | None = None,
    progress: Callable[[str, int, int], None] = lambda task, done, total: None,
) -> tuple[dict[str, Any], Precision]:
    """Search for types on the data of an ``.npz`` file (x and, where known, y; lengths of sequences of any length).

    Returns hls4ml's configuration with them, and the reasons. Raises LmuHlsError for unusable data and for a target
    that cannot be reached.
    """
    (x, y), lengths = read_arrays(calibration), read_lengths(calibration)

    def told(done: int, most: int) -> None:
        progress("types: runs of golden", done, most)

    found = tune(model, x, y, target, config=config, lengths=lengths, progress=told)
    command = f"lmu-hls convert MODEL.keras OUTDIR --precision auto --calibration {shlex.quote(calibration.name)}"
    result = Precision(
        tensors=found.tensors,
        bits=found.measure.bits,
        start_bits=found.start_bits,
        target=found.target.asked(),
        reached=found.target.reached(found.measure, found.reference),
        accuracy=None if found.measure.error else found.measure.accuracy,
        float_accuracy=None if found.reference.error else found.reference.accuracy,
        snr_db=found.measure.snr_db,
        vanished=found.vanished,
        error=found.measure.error,
        float_error=found.reference.error,
        evidence=Evidence(data=data_set(x, y, calibration.name), command=command),
    )
    return {**project_keys(config or {}), **found.config}, result


def profile_types(
    model: keras.Model, data: Path, config: Mapping[str, Any] | None = None, precision: str | None = None
) -> tuple[TensorPrecision, ...]:
    """What types do on the x of an ``.npz`` file, tensor by tensor.

    ``config`` (hls4ml's keys) and ``precision``, the default type, are as for :func:`lmu_hls.flow.convert`.
    """
    (x, _), lengths = read_arrays(data), read_lengths(data)
    model = with_lengths(own_layers(model), asked_steps(config))
    check_model(model)
    with contextlib.redirect_stdout(io.StringIO()):
        settings = full_config(model, config or {}, precision=precision)
    return profile(model, x, settings, lengths)


def change_discretizer(model: keras.Model, discretizer: str, data: Path) -> tuple[keras.Model, Change]:
    """The network with another discretizer, and what that changed on the x (and y) of an ``.npz`` file.

    Raises LmuHlsError for a discretizer or data that cannot be used.
    """
    x, y = read_whole(data)
    try:
        return rediscretize(model, discretizer, x, y)
    except ValueError as error:
        raise LmuHlsError(f"--rediscretize {discretizer}: {error}") from error
