"""What a device is: a chip of a family, how much of everything it has, and what its place and route needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Device:
    """One chip of a family, as it is named with `--target`.

    `part` is the manufacturer's name with package and speed grade. `available` is {resource of the family: how many it
    has}. `route` are the arguments by which place and route knows it, `pack` those of the program that writes the
    bitstream. `clock_mhz` is routed for unless another clock is asked for. `passes` replace the family's where the
    device lacks a primitive that others of its family have. `pins` are locations for a clock, an input and an output,
    where every port needs one. `grid` is how many columns and rows of tiles the router knows, (0, 0) where it is not
    said.
    """

    name: str
    part: str
    available: Mapping[str, int]
    route: tuple[str, ...] = ()
    pack: tuple[str, ...] = ()
    clock_mhz: float = 100.0
    passes: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    grid: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Router:
    """How a family is placed, routed and packed with open tools.

    `tool` and `packer` are names in lmu_hls.toolchain. `arguments` and `pack` are the command lines behind the
    program's name and the device's own arguments; in them {netlist}, {constraints}, {layout} and {bitstream} stand for
    files. `constraints` is the language of the constraint file ("lpf", "pcf" or "cst"), `layout` the file that goes
    from the router to the packer, `bitstream` the name that the packer's file ends in. `bels` is {what nextpnr counts:
    our name}. `pads` is {text in the passes: what replaces it} for a design whose ports are pads.
    """

    tool: str
    packer: str
    arguments: tuple[str, ...]
    pack: tuple[str, ...]
    constraints: str
    layout: str
    bitstream: str
    bels: Mapping[str, str]
    pads: Mapping[str, str] = field(default_factory=dict)
