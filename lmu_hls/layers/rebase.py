"""Changes of a trained network that touch its memory: the basis of mem (exact) and the discretizer (not exact).

Both return a new network and leave the given one alone. The LMU layers must stand in a Sequential or Functional
network, themselves or as LMUCell in keras.layers.RNN.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from lmu_hls import legendre
from lmu_hls.figures import REGRESSION, ErrorFigures, check_inputs, check_targets
from lmu_hls.keras_weights import take_weights
from lmu_hls.layers.cell import LMUCell
from lmu_hls.layers.head import head_of
from lmu_hls.layers.lmu import LMU
from lmu_hls.layers.stateful import predict_samples

Array = Any
KERNEL_CELLS = (
    keras.layers.Dense,
    keras.layers.SimpleRNNCell,
    keras.layers.LSTMCell,
    keras.layers.GRUCell,
)


def lmu_cells(model: keras.Model) -> Iterator[tuple[Any, LMUCell]]:
    """Every layer of `model` that runs an LMUCell, with that cell; LMU layers inside other layers are refused."""
    for layer in model.layers:
        cell = getattr(layer, "cell", None)
        if isinstance(cell, LMUCell):
            yield layer, cell
        elif any(isinstance(inner, LMUCell) for inner in layer._flatten_layers(include_self=False)):
            raise ValueError(f"layer {layer.name!r} holds an LMU inside it: take it out of {type(layer).__name__}")


def _altered(model: keras.Model, options: dict[str, str]) -> keras.Model:
    """A copy of `model` with its weights, in which the LMU layers have other `options`."""
    if not list(lmu_cells(model)):
        raise ValueError(f"model {model.name!r} is not allowed: it holds no LMU layer")

    def clone(layer: Any) -> Any:
        config = copy.deepcopy(layer.get_config())
        if isinstance(layer, LMU):
            config.update(options)
        elif isinstance(getattr(layer, "cell", None), LMUCell):
            config["cell"]["config"].update(options)
        return type(layer).from_config(config)

    twin = keras.models.clone_model(model, clone_function=clone)
    for old, new in zip(model.layers, twin.layers, strict=True):
        # theta stays trained: its weight is relative to the initial theta, which the configuration holds.
        take_weights(new, old)
    return twin


def _scale_rows(weight: Any, scale: Array) -> None:
    """Multiply the first len(scale) rows of a kernel, those that read mem."""
    values = np.array(keras.ops.convert_to_numpy(weight), dtype=np.float64)
    values[: len(scale)] *= scale[:, None]
    weight.assign(values.astype(np.float32) if str(weight.dtype) == "float32" else values)


def _kernel(layer: Any) -> Any:
    """The kernel of a layer or cell; ValueError where Keras quantized it, since it then has a scale of its own."""
    if layer.quantization_mode is not None:
        raise ValueError(
            f"layer {layer.name!r} of quantization mode {layer.quantization_mode!r} is not allowed: rebase the model, "
            "then quantize it"
        )
    return layer.kernel


def _readers(model: keras.Model, layer: Any) -> list[Any]:
    """Kernels of the layers that read the output of `layer`; refused where one is not known to be linear in it."""
    kernels = []
    consumers = [node.operation for node in layer._outbound_nodes]
    consumers = [operation for operation in consumers if operation in model.layers]
    for consumer in consumers:
        kernel = None
        if isinstance(consumer, keras.layers.Dense):
            kernel = _kernel(consumer)
        elif isinstance(getattr(consumer, "cell", None), (LMUCell, *KERNEL_CELLS)):
            cell = consumer.cell
            reads_twice = isinstance(cell, LMUCell) and cell.input_to_hidden
            kernel = None if reads_twice else _kernel(cell)
        if kernel is None:
            raise ValueError(
                f"layer {layer.name!r} is not allowed: it has no hidden_cell, and layer {consumer.name!r} "
                f"({type(consumer).__name__}) cannot absorb the scale of its output; put a Dense layer between them"
            )
        kernels.append(kernel)
    if not kernels:
        raise ValueError(
            f"layer {layer.name!r} is not allowed: it has no hidden_cell and its memory is the output of the network, "
            "whose values depend on the basis; put a Dense layer after it"
        )
    return kernels


def rebase(model: keras.Model, basis: str) -> keras.Model:
    """The same network with every mem in `basis` ("legendre" or "orthonormal").

    mem_legendre = s mem_orthonormal, s_i = sqrt(2i+1): every weight that reads mem absorbs s. Outputs are equal
    within float rounding. Raises ValueError where nothing linear reads mem.
    """
    legendre.check_basis(basis)
    twin = _altered(model, {"basis": basis})
    for (_, old), (layer, new) in zip(lmu_cells(model), lmu_cells(twin), strict=True):
        if old.basis == basis:
            continue
        scale = np.tile(legendre.basis_scale(old.order), old.memory_d)
        if basis == "legendre":
            scale = 1.0 / scale
        if new.recurrent_kernel is not None:
            _scale_rows(new.recurrent_kernel, scale)
        if new.hidden_cell is None:
            for kernel in _readers(twin, layer):
                _scale_rows(kernel, scale)
        elif isinstance(new.hidden_cell, KERNEL_CELLS):
            _scale_rows(_kernel(new.hidden_cell), scale)
        else:
            raise ValueError(
                f"hidden_cell={new.hidden_cell!r} of layer {layer.name!r} is not allowed: only Dense, SimpleRNNCell, "
                "LSTMCell and GRUCell can absorb the scale of mem"
            )
    return twin


@dataclass(frozen=True, slots=True)
class Change:
    """What re-discretizing did to a network, measured on the user's data.

    max_difference and rms_difference are of the outputs, rms_output is of the outputs before; the accuracies are
    fractions of right answers, None where y has no classes; the errors are None where y is no regression.
    """

    before: str
    after: str
    samples: int
    max_difference: float
    rms_difference: float
    rms_output: float
    accuracy_before: float | None
    accuracy_after: float | None
    error_before: ErrorFigures | None = None
    error_after: ErrorFigures | None = None

    def __str__(self) -> str:
        relative = self.rms_difference / self.rms_output if self.rms_output else float("inf")
        text = (
            f"discretizer {self.before} -> {self.after}, {self.samples} samples: outputs change by {relative:.2%} rms, "
            f"{self.max_difference:.3g} at most"
        )
        if self.error_before is not None:
            return f"{text}; {self.error_before} -> {self.error_after}"
        if self.accuracy_before is None or self.accuracy_after is None:
            return text
        return f"{text}; accuracy {self.accuracy_before:.2%} -> {self.accuracy_after:.2%}"


def measure_change(before: Any, after: Any, x: Array, y: Array = None) -> Change:
    """Compare the outputs of two networks that differ in their discretizers on inputs `x` (and targets `y`).

    Raises ValueError for inputs that cannot be used, and for targets that do not fit: see :mod:`lmu_hls.figures`.
    """
    x = check_inputs(x, tuple(before.input_shape[1:]))
    targets = None if y is None else check_targets(y, head_of(before), len(x))
    first, second = (predict_samples(m, x) for m in (before, after))
    difference = second - first
    regression = targets is not None and targets.task == REGRESSION
    shares = [targets.right(m) / targets.values.size if targets and not regression else None for m in (first, second)]
    errors = [targets.error(m) if targets and regression else None for m in (first, second)]
    old, new = (", ".join(sorted({cell.discretizer for _, cell in lmu_cells(m)})) for m in (before, after))
    return Change(
        before=old,
        after=new,
        samples=len(x),
        max_difference=float(np.max(np.abs(difference))),
        rms_difference=float(np.sqrt(np.mean(difference**2))),
        rms_output=float(np.sqrt(np.mean(first**2))),
        accuracy_before=shares[0],
        accuracy_after=shares[1],
        error_before=errors[0],
        error_after=errors[1],
    )


def rediscretize(model: keras.Model, discretizer: str, x: Array, y: Array = None) -> tuple[keras.Model, Change]:
    """The network with another discretizer and the same weights, and what that changed on the data `x`, `y`.

    Another discretizer is another network: fine_tune brings the accuracy back.
    """
    legendre.check_discretizer(discretizer)
    if discretizer == "euler":
        for _, cell in lmu_cells(model):
            legendre.check_euler(cell.order, cell.theta)
    twin = _altered(model, {"discretizer": discretizer})
    return twin, measure_change(model, twin, x, y)


def fine_tune(
    model: keras.Model,
    x: Array,
    y: Array,
    loss: Any,
    epochs: int = 5,
    learning_rate: float = 1e-4,
    batch_size: int = 32,
    progress: Callable[[int, float], None] | None = None,
) -> tuple[float, float]:
    """Train `model` in place for a few epochs with Adam; returns the loss before and after.

    `progress`, if given, is called with the number of epochs done and the loss of the last.
    """
    model.compile(keras.optimizers.Adam(learning_rate), loss)
    before = float(model.evaluate(x, y, batch_size=batch_size, verbose=0))
    callbacks = []
    if progress is not None:
        callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=lambda n, logs: progress(n + 1, logs["loss"])))
    model.fit(x, y, epochs=epochs, batch_size=batch_size, callbacks=callbacks, verbose=0)
    return before, float(model.evaluate(x, y, batch_size=batch_size, verbose=0))
