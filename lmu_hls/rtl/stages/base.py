"""What a layer of the Verilog tells the network: its parts, its cycles and its instances.

A file in this folder has one subclass of :class:`Stage` for one class of the contract; nothing else names that class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar

from lmu_hls.fixed import FixedType
from lmu_hls.records import PartPlan
from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.cycles import Beats, Pace
from lmu_hls.rtl.matrix import Columns, Matrix
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.parallel import Parallel
from lmu_hls.rtl.search import Search
from lmu_hls.spec import Layer, Window

L = TypeVar("L", bound=Layer)

_STAGES: dict[type, type[Stage[Any]]] = {}


@dataclass(frozen=True, slots=True)
class Part:
    """One matrix of a layer, or its memory unit. ``choices`` maps possible lanes to the cycles a step of it alone.

    ``macs`` are the multiplications of a step that the layer needs: zeros that only fill the matrix are not counted.
    """

    name: str
    macs: int
    choices: Mapping[int, int]
    multipliers: Mapping[int, int] | None = None  # of these lanes, where it is not one a lane
    matrix: Matrix | None = None  # with zeros that may be left out

    @property
    def fewest_cycles(self) -> int:
        return min(self.choices.values())

    def multipliers_of(self, lanes: int) -> int:
        return lanes if self.multipliers is None else self.multipliers[lanes]

    def with_lanes(self, lanes: int) -> PartPlan:
        matrix = self.matrix.with_lanes(lanes) if self.matrix is not None else None
        if matrix is None or not matrix.blocks:
            return PartPlan(self.name, self.macs, lanes, self.multipliers_of(lanes), self.choices[lanes])
        return PartPlan(self.name, matrix.products, lanes, lanes, matrix.cycles, matrix.all_cycles)


def matrix_part(name: str, matrix: Matrix, useful_quarters: int = 4) -> Part:
    """A part on ``lmu_affine``; so many quarters of the matrix are not there to fill it."""
    macs = matrix.columns * matrix.rows * useful_quarters // 4
    return Part(name, macs, matrix.choices, matrix=matrix if matrix.pattern is not None else None)


class Stage(ABC, Generic[L]):
    """A layer of the contract as a stage of the accelerator, by default one without multiplications.

    ``any_order``: it takes the values of a step in any order. A layer with parts has a field ``reuse_factor``, a
    request.
    """

    any_order: ClassVar[bool] = False
    any_length = False  # of the network's sequences
    on_engine = False  # it is on what it has in the place of its parts

    def __init_subclass__(cls, layer: type) -> None:
        _STAGES[layer] = cls

    def __init__(self, layer: L) -> None:
        self.layer = layer

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def kind(self) -> str:
        return type(self.layer).__name__

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts with multiplications, in the order in which data meets them."""
        return ()

    @property
    def shared(self) -> Part | None:
        """What can be in the place of all parts: one that does their work on the same multipliers."""
        return None

    def plan(self, lanes: Lanes) -> tuple[PartPlan, ...]:
        """The parts with their ``lanes``, by name, or what is in their place."""
        every = self.parts if self.shared is None else (*self.parts, self.shared)
        return tuple(part.with_lanes(lanes[part.name]) for part in every if part.name in lanes)

    @property
    def product_multipliers(self) -> int:
        """The multipliers beside those of the parts."""
        return 0

    @property
    def search(self) -> Search | None:
        """The search over the lanes of the parts; None without parts."""
        return None

    @property
    def parallel(self) -> Parallel | None:
        """The layer with whole vectors for beats, where there is that form."""
        return None

    def chosen(self, lanes: Lanes) -> Stage[L] | Parallel:
        """What ``lanes`` are for: the layer itself, on an engine or not, or with whole vectors for beats."""
        if not isinstance(lanes, Columns):
            form = copy(self)
            form.on_engine = self.shared is not None and self.shared.name in lanes
            return form
        assert self.parallel is not None
        return self.parallel

    @property
    def gives_last(self) -> bool:
        """Of a sequence only the last step is wanted; :meth:`add` gives every step all the same."""
        return False

    @property
    def gathers(self) -> bool:
        """It gives less often than it takes, so that a buffer behind it keeps it from waiting."""
        return False

    @property
    def window(self) -> Window | None:
        """What ``lmu_window`` gives it side by side; None where it takes the steps as they come."""
        window = self.layer.over
        return None if window is None or (window.whole and not window.open) else window

    def taken_steps(self, arriving: int) -> int:
        """Steps of a sequence that it works on where so many come."""
        return arriving if self.window is None else self.window.count

    def together(self, arriving: int) -> Window | None:
        """The steps that come out as one, with the last of them, where it works on each of so many by itself."""
        window = self.layer.over
        if self.gives_last:
            return Window(arriving, 1, arriving - 1)
        return None if window is None or self.window is not None else window

    def ending(self, count: int) -> tuple[str, Pace] | None:
        """What it does once a sequence, besides, for steps of ``count`` values: the kind of it, and its cycles."""
        return None

    def taken_width(self, widths: Iterable[int]) -> int:
        """Values of a step that it works on, of all inputs together, where so many come in each."""
        return sum(widths) * (1 if self.window is None else self.window.size)

    def given_steps(self, arriving: int) -> int:
        """Steps of a sequence that it gives where so many come; one for a vector."""
        return 1 if self.gives_last else arriving

    @property
    def types(self) -> dict[str, FixedType]:
        """The types of its tensors, for the reader of the manifest."""
        return {name: getattr(self.layer, name) for name in ("x", "out")}

    @property
    def reuse_factor(self) -> int | None:
        """The one that the layer asks for; None without multiplications."""
        factor: int | None = getattr(self.layer, "reuse_factor", None)
        return factor

    def with_reuse_factor(self, cycles: int) -> L:
        """The layer with another request; without multiplications the layer itself."""
        changed: L = self.layer if self.search is None else replace(self.layer, reuse_factor=cycles)  # type: ignore
        return changed

    @abstractmethod
    def pace(self, count: int, lanes: Lanes) -> Pace:
        """The cycles of a step of ``count`` values, of all inputs together, when the parts have ``lanes``."""

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        """Put its instances behind ``x`` and give the stream of its output.

        Raises LmuHlsError for what the modules cannot take.
        """
        raise NotImplementedError(f"{type(self).__name__} reads several streams")

    def join(self, net: Netlist, xs: tuple[Stream, ...], lanes: Lanes, streaming: bool) -> Stream:
        """As :meth:`add`, of a layer with several inputs; their streams are in natural order."""
        (x,) = xs
        return self.add(net, x, lanes, streaming)

    def taken(self, offered: tuple[Beats, ...], last: int = -1) -> tuple[Beats, ...]:
        """Of a layer with several inputs: when the beats of each are taken that are offered in these cycles.

        ``last`` is when it took the last one of the step before.
        """
        return offered


def stages() -> Mapping[type, type[Stage[Any]]]:
    """The stage for each class of layers."""
    return MappingProxyType(_STAGES)


def stage_of(layer: Layer) -> Stage[Any]:
    """The stage for ``layer``."""
    return _STAGES[type(layer)](layer)
