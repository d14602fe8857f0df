"""Knowledge distillation: a model learns from what another says, beside its targets."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from lmu_hls.errors import LmuHlsError


class Distilled(keras.Model):
    """``student``, whose training also follows what ``teacher`` gives for the same inputs.

    Without a ``teacher`` what it would give comes with the inputs: ``fit`` takes the pair (inputs, taught), and so may
    ``evaluate`` and ``predict``. A teacher is then asked once, and can read something else than its student: the
    sequences, where a :class:`Behind` reads states.

    The loss is (1 - ``share``) times that of ``compile`` plus ``share`` times the distance to the teacher: where both
    give logits, the Kullback-Leibler divergence of their softmax at ``temperature``, times its square (Hinton, Vinyals,
    Dean, "Distilling the Knowledge in a Neural Network", 2015); with ``temperature`` None the mean squared difference
    of the outputs. Steps that a Masking layer masks are left out of both. Weights, predictions and callbacks are the
    student's. Raises LmuHlsError for shares, temperatures, inputs and outputs that do not fit.
    """

    def __init__(
        self, student: Any, teacher: Any = None, temperature: float | None = 4.0, share: float = 0.5, **kwargs: Any
    ) -> None:
        super().__init__(**{"name": f"distilled_{student.name}", "dtype": student.dtype_policy, **kwargs})
        _check(student, teacher, temperature, share)
        if hasattr(student, "program"):
            _ = student.program  # made before Keras traces a step
        self.student, self.temperature, self.share = student, temperature, share
        # The teacher is no attribute: its weights are not this model's
        self._teach = None if teacher is None else lambda x: teacher(x, training=False)
        self.built = True

    @property
    def trainable_variables(self) -> list[Any]:
        """The student's."""
        variables: list[Any] = self.student.trainable_variables
        return variables

    @property
    def trainable_weights(self) -> list[Any]:
        return self.trainable_variables

    def build(self, input_shape: Any = None) -> None:
        """The student was built before."""

    def call(self, x: Any, training: bool = False) -> Any:
        """The student's output."""
        return self.student(self._parts(x)[0], training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The sum of both losses; in evaluation that of ``compile`` alone."""
        loss = super().compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)
        if not training:
            return loss
        distance = self._distance(self._taught(x, y_pred), y_pred)
        own = sum(ops.cast(added, loss.dtype) for added in self.losses)  # of the student's layers: they count in full
        return (1 - self.share) * loss + self.share * (ops.cast(distance, loss.dtype) + own)

    def _parts(self, x: Any) -> tuple[Any, Any]:
        """What the student reads; and what comes with it, None where nothing does."""
        if self._teach or not isinstance(x, tuple | list):
            return x, None
        inputs, taught = x
        return inputs, taught

    def _taught(self, x: Any, y_pred: Any) -> Any:
        taught = self._teach(x) if self._teach else self._parts(x)[1]
        if taught is None:
            raise LmuHlsError(
                f"{self.student.name!r} has no teacher, and what one would give does not come with the inputs: call "
                "fit((inputs, taught), y), or give a teacher"
            )
        if tuple(taught.shape[1:]) != tuple(y_pred.shape[1:]):
            raise LmuHlsError(
                f"the student {self.student.name!r} gives {tuple(y_pred.shape)}, and is taught "
                f"{tuple(taught.shape)}; a teacher gives what its student is to give"
            )
        return ops.cast(taught, y_pred.dtype)

    def _distance(self, taught: Any, y_pred: Any) -> Any:
        mask = getattr(y_pred, "_keras_mask", None)  # of a Masking layer, where each step has an output
        if self.temperature is None:
            return _mean(ops.mean(ops.square(taught - y_pred), axis=-1), mask)
        softened = ops.softmax(taught / self.temperature)
        difference = ops.log_softmax(taught / self.temperature) - ops.log_softmax(y_pred / self.temperature)
        return self.temperature**2 * _mean(ops.sum(softened * difference, axis=-1), mask)


def _mean(values: Any, mask: Any) -> Any:
    """The mean of those that count."""
    if mask is None:
        return ops.mean(values)
    counts = ops.cast(mask, values.dtype)
    return ops.sum(values * counts) / ops.maximum(ops.sum(counts), 1)


def distill(student: Any, teacher: Any = None, temperature: float | None = 4.0, share: float = 0.5) -> Distilled:
    """A model whose ``fit`` trains ``student``, float or quantized; arguments as of :class:`Distilled`."""
    return Distilled(student, teacher, temperature, share)


def _check(student: Any, teacher: Any, temperature: float | None, share: float) -> None:
    if not 0.0 <= share <= 1.0:
        raise LmuHlsError(f"share={share!r} is not possible; give the teacher's part of the loss, from 0 to 1")
    if temperature is not None and not temperature > 0:
        raise LmuHlsError(f"temperature={temperature!r} is not possible; give a number above 0, or None for no softmax")
    if teacher is None:
        return
    if not _same(student.input_shape, teacher.input_shape):
        raise LmuHlsError(
            f"the student {student.name!r} reads {student.input_shape}, the teacher {teacher.name!r} "
            f"{teacher.input_shape}; leave the teacher out, and call fit((inputs, taught), y) with what it gives"
        )
    if student.output_shape != teacher.output_shape:
        raise LmuHlsError(
            f"the student {student.name!r} gives {student.output_shape}, the teacher {teacher.name!r} "
            f"{teacher.output_shape}; a teacher gives what its student is to give"
        )


def _same(one: Any, other: Any) -> bool:
    """Whether two shapes, or lists of them, agree; None is any length."""
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one is None or other is None or bool(one == other)
