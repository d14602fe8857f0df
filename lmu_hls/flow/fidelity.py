"""Fixed point against float: how close golden comes to the Keras model, and what stands in the way.

Equal to the reference and close to the model are two statements. The first is about the implementations, the second
about the types: an accelerator may be bit-exact and useless.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lmu_hls.figures import REGRESSION, Closeness, Targets, closeness, snr_db
from lmu_hls.fixed import FixedType, Ints, quantize, to_float
from lmu_hls.records import Accuracy, Deviation, Fidelity, Overrun, Reference
from lmu_hls.records.evidence import Evidence
from lmu_hls.spec import Network
from lmu_hls.tuning import clipped

Floats = NDArray[np.float64]

# Below 20 dB the error is more than a tenth of the outputs' rms. Types of 16 bits that fit their data give 40 dB and
# more, so less than 20 dB is nearly always a scale or a range that was overlooked, and seldom a choice.
WARN_DB = 20.0
# Published quantized recurrent networks lose less than a point; chance alone moves that much where samples are few,
# hence a warning and no failure.
WARN_POINTS = 1.0
CAUSE_DB = 30.0  # a type that leaves less than this of what it holds is named as a cause
REMEDY = "lmu-hls convert --precision auto --calibration DATA.npz chooses types for your data"


def refer(
    network: Network,
    name: str,
    drawn: bool,
    x: Mapping[str, Floats],
    targets: Targets | None,
    outputs: tuple[Floats, Ints],
    overruns: tuple[Overrun, ...],
    min_snr_db: float | None,
) -> Reference:
    """What the output ``name`` of golden and of the Keras model is worth on the data, and how close they are.

    ``outputs``: the Keras model's, and golden's.
    """
    real, integers = outputs
    kinds = (("float", real, "keras"), ("fixed-point", to_float(integers, network.values[name].type), "golden"))
    right: tuple[Accuracy, ...] = ()
    errors: tuple[Deviation, ...] = ()
    if targets is not None and targets.task == REGRESSION:
        errors = tuple(Deviation(kind, targets.error(values), source) for kind, values, source in kinds)
    elif targets is not None:
        size = targets.values.size
        right = tuple(Accuracy(kind, targets.right(values), size, source) for kind, values, source in kinds)
    fidelity = measure_fidelity(
        network,
        x,
        real,
        integers,
        name,
        targets=targets,
        overruns=overruns,
        min_snr_db=min_snr_db,
        drawn=drawn,
    )
    return Reference(Evidence(), right, overruns, str(targets or ""), errors, fidelity)


def measure_fidelity(
    network: Network,
    x: Mapping[str, Floats] | Floats,
    real: Floats,
    output: Ints,
    name: str = "",
    *,
    targets: Targets | None = None,
    overruns: Sequence[Overrun] = (),
    min_snr_db: float | None = None,
    drawn: bool = False,
) -> Fidelity:
    """Golden's ``output`` for x against the Keras model's, ``real``: that called ``name`` where there are several.

    x is an array for each input, by name, where there are several. ``overruns`` are what golden reports of its tensors.
    ``min_snr_db`` is the bound that the user set, in
    place of WARN_DB; ``drawn`` says that x is random. Raises ValueError when ``real`` has not the shape of ``output``.
    """
    given = x if isinstance(x, Mapping) else {network.inputs[0].name: x}
    kept = {item.name: quantize(given[item.name], item.type) for item in network.inputs}
    out = network.values[name].type if name else network.out
    fixed = to_float(output, out)
    close = closeness(real, fixed)
    drop = _points_lost(targets, real, fixed)
    silent = any(np.any(given[name]) and not np.any(values) for name, values in kept.items())
    low = WARN_DB if min_snr_db is None else min_snr_db
    doubts = []
    if close.snr_db < low:
        doubts.append(_far(close, low))
    if drop > WARN_POINTS:
        doubts.append(f"{drop:.2f} points of accuracy are lost")
    if doubts or silent:
        doubts += _causes(network, given, kept, real, output, out, overruns)
        doubts.append(
            "the data are random and cover the whole input type: give your own with --data" if drawn else REMEDY
        )
    return Fidelity(close, min_snr_db, tuple(doubts), drawn)


def _points_lost(targets: Targets | None, real: Floats, fixed: Floats) -> float:
    """Percentage points of accuracy that the integers have less than the float model; 0 where nothing has classes."""
    if targets is None or targets.task == REGRESSION:
        return 0.0
    return 100.0 * (targets.right(real) - targets.right(fixed)) / targets.values.size


def _far(close: Closeness, low: float) -> str:
    if close.lost:
        return "the float model gives NaN or infinity"
    if close.snr_db == -np.inf:
        return "the float outputs are zero throughout, those in fixed point are not"
    return f"the SNR of {close.snr_db:.1f} dB is below {low:g} dB"


def _input_causes(kind: FixedType, x: Floats, kept: Ints) -> list[str]:
    """Why an input of this type says little of x."""
    beyond = clipped(x, kind)
    if beyond:
        return [
            f"{beyond} of {x.size} inputs are clipped: {kind.short} holds {kind.max_int * kind.lsb:g} at most, the "
            f"data reach {np.abs(x).max():g}; scale the data, or give the input more integer bits"
        ]
    if np.any(x) and not np.any(kept):
        return [
            f"every input becomes zero: the step of {kind.short} is {kind.lsb:g}, the data reach only "
            f"{np.abs(x).max():.3g}; scale the data up, or give the input more fraction bits"
        ]
    if (left := snr_db(x, to_float(kept, kind) - x)) < CAUSE_DB:
        return [
            f"the input type {kind.short} leaves {left:.1f} dB of the data; scale the data up, or give it more "
            "fraction bits"
        ]
    return []


def _causes(
    network: Network,
    x: Mapping[str, Floats],
    kept: Mapping[str, Ints],
    real: Floats,
    output: Ints,
    out: FixedType,
    overruns: Iterable[Overrun],
) -> list[str]:
    """What in the data and the types explains the distance, each with its remedy; words where nothing does."""
    causes = []
    for item in network.inputs:
        which = "" if len(network.inputs) == 1 else f"input {item.name!r}: "
        causes += [which + cause for cause in _input_causes(item.type, x[item.name], kept[item.name])]
    overflowing = sorted((item for item in overruns if item.overflows and item.layer != "input"), key=_by_overflows)
    if overflowing:
        worst = overflowing[0]
        more = f", and {len(overflowing) - 1} other tensors" if overflowing[1:] else ""
        causes.append(
            f"{worst.overflows} values of {worst.tensor} in layer {worst.layer} overflow{more}; give them more integer "
            "bits"
        )
    if not np.any(output) and np.any(real):
        causes.append("all outputs in fixed point are zero")
    elif np.all(np.isfinite(real)):
        causes += _output_causes(out, real)
    if not causes:
        causes.append("a tensor inside has too few fraction bits; lmu-hls profile MODEL.keras DATA.npz shows which")
    return causes


def _output_causes(out: FixedType, real: Floats) -> list[str]:
    """Whether the output's own type is too small or too coarse."""
    beyond, held = clipped(real, out), out.max_int * out.lsb
    if beyond:
        return [
            f"{beyond} of {real.size} float outputs do not fit the output type {out.short}: it holds {held:g} at "
            f"most, they reach {np.abs(real).max():.4g}; give it more integer bits"
        ]
    left = snr_db(real, to_float(quantize(real, out), out) - real)
    if left >= CAUSE_DB:
        return []
    return [f"the output type {out.short} alone leaves {left:.1f} dB of the float outputs; give it more fraction bits"]


def _by_overflows(item: Overrun) -> int:
    return -item.overflows
