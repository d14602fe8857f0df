"""Steps of a sequence as they are: slices, flattened sequences, cropped, padded and repeated ones."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, apply
from lmu_hls.spec.layers.base import Layer
from lmu_hls.spec.weight import Activation
from lmu_hls.spec.window import Window


@dataclass(frozen=True, slots=True, eq=False)
class Select(Layer):
    """The steps of each window side by side, in the type in which they come."""

    name: str
    x: FixedType
    window: Window

    @property
    def out(self) -> FixedType:  # type: ignore[override] # nothing sets it
        return self.x

    def width(self, *widths: int) -> int:
        return self.window.size * widths[0]

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        (x,) = self.reads(*widths)
        return (apply(Activation("linear"), Tensor("out", self.x, x.width), x.now()),)
