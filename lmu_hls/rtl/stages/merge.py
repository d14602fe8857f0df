"""Two streams as one: ``lmu_merge`` value by value, ``lmu_concat`` side by side, and the rounding behind it."""

from __future__ import annotations

from dataclasses import replace

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import check_signed_type
from lmu_hls.rtl.cells import Lanes, Parameters
from lmu_hls.rtl.cycles import ROUND, Beats, Pace
from lmu_hls.rtl.functions import same_bits
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.stages.base import Stage
from lmu_hls.rtl.stages.lmu import absent
from lmu_hls.rtl.unit import widths
from lmu_hls.spec import Merge

OPS = {"add": 0, "average": 0, "subtract": 1, "multiply": 2, "maximum": 3, "minimum": 4}  # OP of lmu_merge


class MergeStage(Stage[Merge], layer=Merge):
    @property
    def beside(self) -> bool:
        return self.layer.operation == "concatenate"

    @property
    def types(self) -> dict[str, FixedType]:
        return {name: getattr(self.layer, name) for name in ("x0", "x1", "out")}

    @property
    def product_multipliers(self) -> int:
        return int(self.layer.operation == "multiply")

    @property
    def shifts(self) -> tuple[int, int]:
        """Fraction bits that each input gets on the right; of factors, none."""
        kinds = self.layer.inputs
        fraction = max(kind.fraction for kind in kinds)
        none = self.layer.operation == "multiply"
        return 0 if none else fraction - kinds[0].fraction, 0 if none else fraction - kinds[1].fraction

    @property
    def exact(self) -> FixedType:
        """The type of what is made of two values, before it is rounded. LmuHlsError beyond 62 bits."""
        layer, kinds = self.layer, self.layer.inputs
        width = max(kind.width + shift for kind, shift in zip(kinds, self.shifts, strict=True))
        fraction = max(kind.fraction for kind in kinds)
        if layer.operation == "multiply":
            width, fraction = sum(kind.width for kind in kinds), sum(kind.fraction for kind in kinds)
        elif OPS.get(layer.operation, len(OPS)) < OPS["multiply"]:
            width += 1
        fraction += int(layer.operation == "average")
        try:
            return FixedType(width, width - fraction)
        except ValueError as error:
            raise LmuHlsError(
                f"layer {layer.name!r}: of {kinds[0]} and {kinds[1]} the exact result cannot be held: {error}; use "
                "narrower types for them"
            ) from None

    @property
    def rounds(self) -> bool:
        return not same_bits(self.exact, self.layer.out)

    def taken(self, offered: tuple[Beats, ...], last: int = -1) -> tuple[Beats, ...]:
        """One after another, or in pairs."""
        (x0, x1), cycles = offered, []
        for beat in (*x0, *x1) if self.beside else map(max, x0, x1):
            last = max(last + 1, beat)
            cycles.append(last)
        return (cycles[: len(x0)], cycles[len(x0) :]) if self.beside else (cycles, cycles)

    def pace(self, count: int, lanes: Lanes) -> Pace:
        """``count`` are the values of both inputs."""
        after = (0 if self.beside else 1) + ROUND * self.rounds
        ii = count if self.beside else count // 2

        def respond(*offered: Beats) -> Beats:
            taken = self.taken(offered)
            cycles = [*taken[0], *taken[1]] if self.beside else taken[0]
            return [cycle + after for cycle in cycles]

        module, formula = ("lmu_concat", "N_A + N_B") if self.beside else ("lmu_merge", "N")
        return Pace(ii, {module: (formula, ii)}, respond)

    def join(self, net: Netlist, xs: tuple[Stream, ...], lanes: Lanes, streaming: bool) -> Stream:
        """Both streams in natural order."""
        layer, name = self.layer, self.name
        for what, kind in (("x0", layer.x0), ("x1", layer.x1), ("its output", layer.out)):
            check_signed_type(f"layer {name!r}", what, kind)
        assert all(x.order is None for x in xs)
        count = sum(x.count for x in xs) if self.beside else xs[0].count
        both = net.stream(f"{name}_both", self.exact, count)
        self._both(net, xs, both, streaming)
        if not self.rounds:
            return replace(both, type=layer.out)
        parameters: Parameters = {**widths("IN", self.exact), **typed("PRE", self.exact), **typed("OUT", layer.out)}
        out = net.stream(f"{name}_out", layer.out, count)
        ports = both.ports("s_axis") | out.ports("m_axis") | {"m_axis_tuser": net.clipped(name, name, "out", out)}
        net.add("lmu_activation", f"{name}_round", {**parameters, "FUNCTION": 0}, ports, f"Layer {name}: its rounding")
        return out

    def _both(self, net: Netlist, xs: tuple[Stream, ...], both: Stream, streaming: bool) -> None:
        """What is made of both, exactly."""
        layer, name, (x0, x1) = self.layer, self.name, xs
        parameters: Parameters = {"A_W": x0.type.width, "B_W": x1.type.width, "OUT_W": both.type.width}
        parameters |= {"A_SHIFT": self.shifts[0], "B_SHIFT": self.shifts[1]}
        ports = x0.ports("a_axis") | both.ports("m_axis")
        if self.beside:
            parameters |= {"N_A": x0.count, "N_B": x1.count, "N_C": 0, "C_W": 1, "C_SHIFT": 0}
            parameters |= {"A_FEEDBACK": 0, "B_FEEDBACK": 0, "C_FEEDBACK": 0, "STREAMING": int(streaming)}
            ports |= x1.ports("b_axis") | absent(net, f"{name}_c", "c_axis")
            net.add("lmu_concat", f"{name}_concat", parameters, ports, f"Layer {name}: {layer.operation}")
            return
        parameters["OP"] = OPS[layer.operation]
        net.add(
            "lmu_merge", f"{name}_merge", parameters, ports | x1.ports("b_axis"), f"Layer {name}: {layer.operation}"
        )
