"""What the schedule and the contract of a recurrent layer say of its compiled C++: loops, pragmas, sizes of arrays.

The loops of a step are known by how often they run and by the interval of their pipeline; what of them runs once lies
in the step itself.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.hidden import hidden_weight
from lmu_hls.hls.estimate import SHALLOW
from lmu_hls.hls.layers.recurrent import CPP
from lmu_hls.hls.tiles import Loop, Schedule
from lmu_hls.spec import LMU, DenseUpdate, RecurrentLayer
from lmu_hls.spec.weight import Weight
from lmu_hls.verify.synthesis.ir import IRLoop

_STRUCT = re.compile(r"struct config(\d+) : nnet::lmu_(?:recurrent_)?config \{(.*?)^\};", re.DOTALL | re.MULTILINE)
_CONSTANT = re.compile(r"static const (?:unsigned|bool) (\w+) = (\w+);")
_ARRAY = re.compile(r"\b(\w+)\[(\d+)\]")


class Kind(NamedTuple):
    """Loops that run so often, in a pipeline that starts an iteration every so many cycles."""

    iterations: int
    interval: int | None


def loop_differences(layer: RecurrentLayer, plan: Schedule, body: IRLoop) -> list[str]:
    """What of the loops and pragmas of a compiled layer is not as ``plan`` says, in a sentence each."""
    if not body.bounded:
        return ["a loop does not end after a number of iterations that is known"]
    step, outside = body, body
    if layer.steps > 1:
        steps = [loop for loop in body.loops if loop.trips == layer.steps]
        if len(body.loops) != 1 or len(steps) != 1:
            trips = [loop.trips for loop in body.loops]
            return [f"the loop over {layer.steps} steps is not the only one around a step: {trips} iterations"]
        (step,) = steps
    found, expected = _found(step), _expected(plan)
    missed = [
        f"{name}: {found.get(name, 0)}, by the schedule {expected.get(name, 0)}"
        for name in sorted({*found, *expected}, key=str)
        if found.get(name, 0) != expected.get(name, 0)
    ]
    limits = [value for name, value in (*outside.pragmas, *step.pragmas) if name == "ALLOCATION"]
    if limits[:1] != ([plan.multipliers] if plan.strategy == "latency" else []):
        missed.append(f"ALLOCATION: {limits[:1]}, by the schedule {plan.multipliers}")
    return missed + _storage(layer, plan, step)


def _found(step: IRLoop) -> Counter[str]:
    """Loops and multiplications in them by :class:`Kind`."""
    found: Counter[str] = Counter()
    for loop in step.loops:
        trips, inner = loop.trips or 0, loop
        products, pragmas = loop.multiplications, list(loop.pragmas)
        while len(inner.loops) == 1:
            (inner,) = inner.loops
            trips *= inner.trips or 0
            products += inner.multiplications
            pragmas += inner.pragmas
        if inner.loops:
            found[f"loops with {len(inner.loops)} loops in them"] += 1
        interval = next((value for name, value in pragmas if name == "PIPELINE"), None)
        found[f"loops of {Kind(trips, interval)}"] += 1
        found[f"multiplications in loops of {Kind(trips, interval)}"] += products
    for name, value in step.pragmas:
        if name == "PIPELINE":
            found[f"loops of {Kind(1, value)}"] += 1
    found["multiplications in loops of one iteration"] = step.multiplications
    return found


def _expected(plan: Schedule) -> Counter[str]:
    made: Counter[str] = Counter()
    if plan.strategy == "latency":
        made[f"loops of {Kind(1, plan.reuse_factor)}"] += 1  # the step itself, in a pipeline
    for loop in plan.loops.values():
        kind = Kind(loop.iterations, loop.interval)
        made[f"loops of {kind}"] += loop.parts
        once = loop.iterations == 1
        products = "multiplications in loops of one iteration" if once else f"multiplications in loops of {kind}"
        made[products] += loop.multipliers
    return made


def _storage(layer: RecurrentLayer, plan: Schedule, step: IRLoop) -> list[str]:
    """Differences of the words of the ROMs, and of what they are made of."""
    factors, kinds = _reshapes(layer, plan), [_kind(loop) for loop in plan.loops.values() for _ in _reads(loop)]
    expected = Counter({f"ARRAY_RESHAPE factor={factor}": count for factor, count in factors.items()})
    expected.update(f"BIND_STORAGE {kind}" for kind in kinds if kind)
    found = Counter(
        f"{name} factor={value}" if name == "ARRAY_RESHAPE" else f"BIND_STORAGE {name.removeprefix('STORAGE_').lower()}"
        for name, value in step.pragmas
        if name == "ARRAY_RESHAPE" or name.startswith("STORAGE_")
    )
    return [
        f"{name}: {found[name]}, by the schedule {expected[name]}"
        for name in sorted({*found, *expected})
        if found[name] != expected[name]
    ]


def _reads(loop: Loop) -> range:
    """The products with a matrix are calls of one function, each with the pragmas of its ROM."""
    return range(loop.parts if loop.name not in ("update", "unit") else 0)


def _kind(loop: Loop) -> str:
    weights = loop.multiplications // loop.word
    return "bram" if weights > SHALLOW else "lutram" if weights > 1 else ""


def _reshapes(layer: RecurrentLayer, plan: Schedule) -> Counter[int]:
    factors = Counter(loop.word for loop in plan.loops.values() for _ in _reads(loop))
    if "update" in plan.loops and isinstance(layer, LMU) and isinstance(layer.update, DenseUpdate):
        states, _ = plan.loops["update"].tile
        factors.update((states * layer.order, states))
    return factors


def array_differences(project: Path, index: int, layer: RecurrentLayer) -> list[str]:
    """What of the sizes of ``configN`` in parameters.h, and of the arrays of weights, is not as the contract says."""
    firmware = project / "firmware"
    structs = dict(_STRUCT.findall((firmware / "parameters.h").read_text(encoding="utf-8")))
    if str(index) not in structs:
        raise LmuHlsError(f"{firmware}/parameters.h has no LMU config{index}; convert the model again")
    sizes = dict(_CONSTANT.findall(structs[str(index)]))
    weights = {f"n_{name}": weight.values.size for name, weight in weights_of(layer)}
    memory = (layer.memory_d, layer.order) if isinstance(layer, LMU) else (layer.n_in, None)
    expected = {
        "n_in": layer.n_in, "n_timesteps": layer.steps, "units": layer.units,
        "n_out": layer.units * (layer.steps if layer.return_sequences else 1),
        **{name: size for name, size in zip(("memory_d", "order"), memory, strict=True) if size is not None},
    }  # fmt: skip
    absent = {name: 1 for name in sizes if name.startswith("n_") and name not in (*expected, *weights)}
    missed = _missed("parameters.h", {**expected, **absent, **weights}, sizes)
    declared: dict[str, str] = {}
    for header in sorted((firmware / "weights").glob("*.h")):
        declared.update(_ARRAY.findall(header.read_text(encoding="utf-8"))[:1])
    files = {} if isinstance(layer, LMU) else {cpp: name for name, cpp in CPP.items()}
    names = {name: name.removeprefix("n_") for name in weights}
    arrays = {f"{files.get(names[name], names[name])}{index}": size for name, size in weights.items()}
    return missed + _missed("weights", arrays, declared)


def weights_of(layer: RecurrentLayer) -> Iterator[tuple[str, Weight]]:
    """The weights of a layer by their names in the C++."""
    parts: tuple[tuple[Any, Callable[[str], str]], ...] = (
        (layer, str), (getattr(layer, "update", None), str), (layer.hidden, hidden_weight),
    )  # fmt: skip
    for part, named in parts:
        for item in dataclasses.fields(part) if part is not None else ():
            value = getattr(part, item.name)
            if isinstance(value, Weight):
                yield named(item.name), value


def _missed(where: str, expected: Mapping[str, int], written: Mapping[str, str]) -> list[str]:
    return [
        f"{where}: {name} is {written.get(name)}, by the contract {value}"
        for name, value in expected.items()
        if written.get(name) != str(value)
    ]
