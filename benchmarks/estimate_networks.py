"""Keras models whose accelerators the estimator is fitted to: drawn with a seed over all that changes their size.

:func:`draw` gives settings as plain data, which stand in the table; :func:`design_of` makes the accelerator of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from lmu_hls.adders import ADDERS
from lmu_hls.backend.design import Design, design
from lmu_hls.flow.convert import design_of_model
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import requests, settle
from lmu_hls.rtl.stages import stage_of
from lmu_hls.spec import Network

CELLS = ("dense", "none", "dense", "rnn", "lstm", "gru", "gru_before", "dense")
HEADS = ("dense", "softmax", "argmax", "dense", "none")
MODES = ("", ",RND_CONV,SAT", ",TRN,WRAP")
MOST_MULTIPLIERS, LARGE, MOST_OF_LARGE = 20, 6, 40  # every sixth is a large one; these take minutes to synthesise
SMALL, MOST_OF_SMALL = 2000, 6  # from this seed on they are small: placed and routed in seconds on every device
UNITS, MOST_OF_WIDE = 3000, 48  # from this seed on they have the units that the others have not, one after the other
GATED = 4000  # from this seed on they have cells with gates, side by side or on an engine, in turns
# Forms of the LMU layer, and of its tables
WIDE, RING, SWEEPS, SIDE, ENGINE, LINES = "wide", "ring", "sweeps", "side by side", "engine", "lines"
# What stands between the LMU and the head; the last two are for sequences of any length
SCALE, NORMALIZE, WINDOW, POOL, AVERAGE, MERGE = "scale", "normalize", "window", "pool", "average", "merge"
MEAN, HISTORY = "mean", "history"
ANY_LENGTH = (MEAN, HISTORY)
KINDS = (
    WIDE, SCALE, RING, NORMALIZE, SWEEPS, WINDOW, ENGINE, POOL, WIDE, MERGE, SIDE, AVERAGE, MEAN, WIDE, LINES, HISTORY,
    RING,
)  # fmt: skip
# Seeds of the two tables
FITTED = (*range(72), *range(2000, 2030), *range(UNITS, UNITS + 34), *range(GATED, GATED + 12))
CHECKED = (*range(1000, 1024), *range(2030, 2036), *range(UNITS + 34, UNITS + 51), *range(GATED + 12, GATED + 16))


@dataclass(frozen=True, slots=True)
class Settings:
    """One configuration: layers, default type; ``share`` is where between the fastest (0) and the smallest it lies.

    ``form`` is that of the LMU layers, where it is not the one that the share gives; ``behind`` stands before the head.
    """

    n_in: int
    steps: int
    memory_d: int
    order: int
    cell: str
    activation: str
    units: int
    input_to_hidden: bool
    hidden_to_memory: bool
    memory_to_memory: bool
    bias: bool
    update: str
    layers: int
    head: str
    classes: int
    return_sequences: bool
    precision: str
    share: float
    form: str = ""
    behind: str = ""


def draw(seed: int) -> Settings:
    """Cells and heads go round with the seed; the rest is random, sizes and multipliers evenly in their logarithm."""
    drawn = _draw(seed)
    if seed >= GATED:
        return _with_gates(drawn, seed)
    return _with_unit(drawn, KINDS[(seed - UNITS) % len(KINDS)]) if seed >= UNITS else drawn


def _draw(seed: int) -> Settings:
    rng = np.random.default_rng([1102, seed])

    def size(low: int, high: int) -> int:
        return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))

    large, small = _kind(seed)
    cell, width = CELLS[seed % len(CELLS)], int(rng.integers(8, 19))
    activations = ["tanh", "sigmoid"] if cell not in ("dense", "none") else ["relu", "relu", "tanh", "linear"]
    flag = [bool(rng.random() < chance) for chance in (0.5, 0.3, 0.2, 0.8, 0.3)]
    return Settings(
        n_in=size(1, 3 if small else 16 if large else 8),
        steps=size(4, 64),
        memory_d=size(1, 2 if small else 6 if large else 4),
        order=size(2, 5 if small else 24 if large else 14),
        cell=cell,
        activation=str(rng.choice(activations)),
        units=size(3, 6 if small else 40 if large else 20),
        input_to_hidden=flag[0],
        hidden_to_memory=flag[1],
        memory_to_memory=flag[2],
        bias=flag[3],
        update="tridiagonal" if rng.random() < 0.35 else "dense",
        layers=2 if rng.random() < 0.12 else 1,
        head=HEADS[seed % len(HEADS)],
        classes=size(2, 4 if small else 20 if large else 10),
        return_sequences=flag[4],
        precision=f"fixed<{width},{int(rng.integers(2, 7))}{rng.choice(MODES)}>",
        share=round(float(rng.uniform(0, 1)), 3),
    )


def _with_unit(drawn: Settings, kind: str) -> Settings:
    """The settings in which there is a unit of the kind."""
    plain_cell = drawn.cell if drawn.cell in ("none", "dense", "rnn") else "dense"
    tridiagonal = {"cell": "none", "update": "tridiagonal", "order": 1 + drawn.order, "share": 0.0, "layers": 1}
    tridiagonal |= {"hidden_to_memory": False, "return_sequences": False, "classes": 2}
    forms = {
        WIDE: {"cell": plain_cell, "update": "dense", "layers": 1},
        RING: {"update": "dense", "layers": 1},
        SWEEPS: {"memory_d": 2 + drawn.memory_d, "memory_to_memory": False} | tridiagonal,
        SIDE: {"memory_d": 2, "memory_to_memory": True} | tridiagonal | {"order": 6 + drawn.order},
        ENGINE: {"cell": plain_cell, "update": "dense", "share": 1.0},
        LINES: {"cell": drawn.cell.replace("none", "dense"), "activation": "tanh"},
    }
    if kind in forms:
        return replace(drawn, form=kind, **forms[kind])
    sequences = kind in (WINDOW, POOL, AVERAGE, *ANY_LENGTH)
    return replace(drawn, behind=kind, return_sequences=sequences, layers=1)


def _with_gates(drawn: Settings, seed: int) -> Settings:
    """The settings with a cell that has gates: all values of a step a beat, or all parts on one engine."""
    form, cell = (WIDE, ENGINE)[seed % 2], ("lstm", "gru", "gru_before")[seed // 2 % (2 if seed % 2 == 0 else 3)]
    gated = replace(drawn, form=form, cell=cell, activation="tanh", update="dense", layers=1)
    return replace(gated, share=1.0) if form == ENGINE else replace(gated, units=min(drawn.units, 4))


def _kind(seed: int) -> tuple[bool, bool]:
    """Whether it is a large one, or a small one."""
    small = seed >= SMALL
    return not small and seed % LARGE == LARGE - 1, small


def keras_model(settings: Settings, seed: int) -> Any:
    """The untrained model."""
    import keras

    import lmu_hls

    keras.utils.set_random_seed(seed)

    def cell() -> Any:
        units, bias = settings.units, settings.bias
        return {
            "none": lambda: None,
            "dense": lambda: keras.layers.Dense(units, activation=settings.activation, use_bias=bias),
            "rnn": lambda: keras.layers.SimpleRNNCell(units, activation=settings.activation, use_bias=bias),
            "lstm": lambda: keras.layers.LSTMCell(units, activation=settings.activation, use_bias=bias),
            "gru": lambda: keras.layers.GRUCell(units, activation=settings.activation, use_bias=bias),
            "gru_before": lambda: keras.layers.GRUCell(
                units, activation=settings.activation, use_bias=bias, reset_after=False
            ),
        }[settings.cell]()

    def lmu(number: int) -> Any:
        return lmu_hls.LMU(
            memory_d=settings.memory_d,
            order=settings.order,
            theta=float(max(settings.steps, settings.order)),
            hidden_cell=cell(),
            input_to_hidden=settings.input_to_hidden and settings.cell != "none",
            hidden_to_memory=settings.hidden_to_memory and settings.cell != "none",
            memory_to_memory=settings.memory_to_memory,
            discretizer="bilinear",
            basis="orthonormal",
            return_sequences=settings.return_sequences or number < settings.layers,
            name=f"lmu{number}",
        )

    x = tensor = keras.Input((None if settings.behind in ANY_LENGTH else settings.steps, settings.n_in))
    for number in range(1, settings.layers + 1):
        tensor = lmu(number)(tensor)
    if settings.behind:
        tensor = _behind(settings, seed)(tensor)
    if settings.head != "none":
        activation = "softmax" if settings.head == "softmax" else None
        tensor = keras.layers.Dense(settings.classes, activation=activation, name="head")(tensor)
    model = keras.Model(x, tensor, name=f"drawn{seed}")
    rng = np.random.default_rng(seed)
    for layer in model.layers:  # biases, too, are not zero
        layer.set_weights([w if np.any(w) else rng.normal(0, 0.2, w.shape) for w in layer.get_weights()])
    return model


def _behind(settings: Settings, seed: int) -> Callable[[Any], Any]:
    """What stands behind the LMU."""
    import keras

    layers = keras.layers

    def merged(tensor: Any) -> Any:
        merge = (layers.Add, layers.Multiply, layers.Maximum)[seed % 3]
        return merge(name="behind")([tensor, layers.Dense(tensor.shape[-1], name="beside")(tensor)])

    scale = layers.PReLU(shared_axes=[1] if settings.return_sequences else None, name="behind")
    made: dict[str, Callable[[Any], Any]] = {
        SCALE: scale if seed % 2 else layers.BatchNormalization(name="behind"),
        NORMALIZE: layers.LayerNormalization(name="behind") if seed % 2 else layers.RMSNormalization(name="behind"),
        WINDOW: layers.Conv1D(settings.classes, 2 + seed % 2, name="behind"),
        HISTORY: layers.Conv1D(settings.classes, 2 + seed % 2, padding="causal", name="behind"),
        POOL: layers.MaxPooling1D(2, name="behind"),
        AVERAGE: layers.AveragePooling1D(2 + seed % 2, name="behind"),
        MERGE: merged,
        MEAN: layers.GlobalAveragePooling1D(name="behind"),
    }
    return made[settings.behind]


def design_of(settings: Settings, seed: int) -> Design:
    """The accelerator. Raises LmuHlsError where the settings cannot be built."""
    lmu: dict[str, Any] = {"MemoryUpdate": settings.update}
    if settings.form == RING:
        lmu["Strategy"] = ADDERS
    if settings.form == LINES:
        lmu |= {"TableInterpolation": "linear", "TableSize": 64}
    config = {"LayerName": {f"lmu{n}": lmu for n in range(1, settings.layers + 1)}}
    if settings.behind == SCALE and seed % 2 == 0:
        config["LayerName"]["behind"] = {"Fold": False}
    options = RtlOptions(output="argmax" if settings.head == "argmax" else "model")
    steps = settings.steps if settings.behind in ANY_LENGTH else None
    made = design_of_model(keras_model(settings, seed), config, settings.precision, options=options, steps=steps)
    assert made.settled is not None
    large, small = _kind(seed)
    most = MOST_OF_LARGE if large else MOST_OF_SMALL if small and settings.form != SIDE else MOST_MULTIPLIERS
    options, low, high = RtlOptions(), made.settled.fewest_cycles, made.settled.most_cycles
    if settings.form == WIDE:  # fewer cycles than single values could take
        options, most = RtlOptions(values_per_beat=0), MOST_OF_WIDE
        low, high = requests(made.network, ports=options.ports)[0], max(1, low - 1)
    for step in range(20):  # fewer multipliers until there are not too many
        share = settings.share + (1 - settings.share) * step / 19
        request = max(2, round(low * (high / low) ** share))
        network = _asking(made.network, request)
        if settle(network, request, ports=options.ports).multipliers <= most:
            break
    return design(network, options, request)


def _asking(network: Network, cycles: int) -> Network:
    """The network whose layers all ask for so many cycles."""
    stages = {layer.name: stage_of(layer) for layer in network.layers}
    return network.map_layers({name: stage.with_reuse_factor(cycles) for name, stage in stages.items() if stage.search})


def plain(settings: Settings) -> dict[str, Any]:
    return asdict(settings)


def settings_of(data: Mapping[str, Any]) -> Settings:
    return Settings(**data)
