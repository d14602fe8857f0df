"""A factor and an offset for each value: ``lmu_scale``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmu_hls.rtl.affine import Rom, check_bound, check_signed_type, padded, signed_width
from lmu_hls.rtl.cells import Lanes, Parameters, arriving
from lmu_hls.rtl.cycles import Pace, pointwise_pace
from lmu_hls.rtl.netlist import Netlist, Order, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.products import more_stages
from lmu_hls.rtl.stages.base import Part, PartPlan, Stage
from lmu_hls.spec.layers.scale import Scale

MODULE = "lmu_scale"
LATENCY = 6  # cycles, where the product is whole and nothing limits the sum


class ScaleStage(Stage[Scale], layer=Scale):
    any_order = True  # factors and offsets follow it

    @property
    def parts(self) -> tuple[Part, ...]:
        """One value a cycle, as they come: there is nothing to choose."""
        n = self.layer.scale.shape[0]
        return (Part("scale", n, {1: n}),)

    def plan(self, lanes: Lanes) -> tuple[PartPlan, ...]:
        return tuple(part.with_lanes(1) for part in self.parts)

    def pace(self, count: int, lanes: Lanes) -> Pace:
        return pointwise_pace(MODULE, count, scale_latency(self.layer))

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        return add_scale(net, x, self.layer, "scale", "scale")


@dataclass(frozen=True, slots=True)
class Limits:
    """Above the integer ``threshold`` x is handed on, up to ``most``: an integer and its fraction bits."""

    threshold: int
    most: tuple[int, int] | None


def scale_latency(layer: Scale, limits: Limits | None = None) -> int:
    """Cycles of :func:`add_scale`."""
    _, coef_width = _lifted(layer, limits)
    has_most = limits is not None and limits.most is not None
    return LATENCY + more_stages(coef_width, layer.x.width) + has_most


def _lifted(layer: Scale, limits: Limits | None) -> tuple[int, int]:
    """Fraction bits of the sums, and bits of a factor that is lifted to them."""
    own = layer.x.fraction + layer.scale.type.fraction
    passes = [] if limits is None else [layer.x.fraction] + ([limits.most[1]] if limits.most is not None else [])
    fraction = max(own, layer.bias.type.fraction, *passes)
    factors = layer.scale.values
    width = signed_width(int(end) << fraction - own for end in (factors.min(), factors.max()))
    return fraction, width if limits is None else max(width, fraction - layer.x.fraction + 2)


def add_scale(
    net: Netlist, x: Stream, layer: Scale, suffix: str, title: str, limits: Limits | None = None, result: str = "out"
) -> Stream:
    """Put an ``lmu_scale`` behind ``x``; its own name, and that of what it gives, are the layer's with a suffix.

    A layer with one factor has it for every value. Raises LmuHlsError for a type that is not signed, and as
    :func:`scale_numbers`.
    """
    name, words = layer.name, layer.scale.shape[0]
    for what, kind in (("x", layer.x), ("its output", layer.out)):
        check_signed_type(f"layer {name!r}", what, kind)
    parameters, rom = scale_numbers(layer, x.order if words > 1 else None, limits)
    parameters |= {"N": words, "IN_W": layer.x.width} | typed("OUT", layer.out)
    out = net.stream(f"{name}_{result}", layer.out, x.count, x.order)
    ports = x.ports("s_axis") | out.ports("m_axis") | {"m_axis_tuser": net.clipped(name, name, "out", out)}
    net.rom(rom)
    net.add(MODULE, f"{name}_{suffix}", {**parameters, "ROM_FILE": rom.file}, ports, f"Layer {name}: {title}")
    return out


def scale_numbers(layer: Scale, order: Order | None, limits: Limits | None = None) -> tuple[Parameters, Rom]:
    """Widths, and a word for each value in the order of its arrival: the offset above the factor.

    All sums share their fraction bits; where a product has fewer, the stored factors have zeros below. Raises
    LmuHlsError when the exact sum can reach 2**62.
    """
    own, bias = layer.x.fraction + layer.scale.type.fraction, layer.bias.type
    fraction, coef_w = _lifted(layer, limits)
    lift, shift = fraction - own, fraction - bias.fraction
    bound = np.abs(layer.scale.values).astype(object) * (layer.x.max_abs << lift)
    bound = bound + (np.abs(layer.bias.values).astype(object) << shift)
    check_bound(f"layer {layer.name!r}", int(bound.max()))  # before the shifts below, which could leave int64
    factors, offsets = arriving(layer.scale, order).values << lift, arriving(layer.bias, order).values
    bias_w = signed_width(offsets)
    parameters: Parameters = {}
    least = 1
    if limits is not None:
        pad = fraction - layer.x.fraction  # of the factor 1
        least = (layer.x.max_abs << pad).bit_length() + 1
        parameters |= {"RECTIFY": 1, "THRESHOLD": limits.threshold, "ONE_SHIFT": pad}
    if limits is not None and limits.most is not None:
        most, shift_most = limits.most[0], fraction - limits.most[1]
        least = max(least, (most << shift_most).bit_length() + 1)
        parameters |= {"HAS_MOST": 1, "MOST": most, "MOST_SHIFT": shift_most}
    acc_w = max(least, int(bound.max()).bit_length() + 1, coef_w + layer.x.width, bias_w + shift)
    words = [(int(c) << coef_w) | (int(a) & ((1 << coef_w) - 1)) for a, c in zip(factors, offsets, strict=True)]
    parameters |= {"COEF_W": coef_w, "ACC_W": acc_w, "ACC_F": fraction}
    parameters |= {"BIAS_W": bias_w, "BIAS_SHIFT": shift}
    return parameters, Rom(f"rom/{layer.name}.hex", coef_w + bias_w, padded(words, coef_w + bias_w))
