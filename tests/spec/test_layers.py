"""A layer of the contract is one file: what is registered, and what every layer tells."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.fixed import FixedType
from lmu_hls.golden.assign import Step
from lmu_hls.spec import (
    Activation,
    ArgMax,
    Assign,
    Dense,
    Elementwise,
    Tensor,
    Term,
    VectorFunction,
    Weight,
    chain,
    store,
)
from lmu_hls.spec.assign import apply, assign
from lmu_hls.spec.layers import LAYERS, Layer
from lmu_hls.spec.layers.scale import Scale
from tests.support.networks import assign as define_assign
from tests.support.networks import define_network, random_input, random_network, random_type, random_weight, real


@dataclass(frozen=True, slots=True, eq=False)
class Shift(Layer):
    """out = x + offset, one value at a time: a layer that only this test knows."""

    name: str
    x: FixedType
    offset: Weight
    out: FixedType

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        x, out = (Tensor(name, kind, widths[0]) for name, kind in (("x", self.x), ("out", self.out)))
        return (assign(out, Term(x.now()), biases=[self.offset]),)


def lengthened(network, last):
    return chain("net", network.x, network.steps, network.n_in, (*network.layers, last))


@pytest.mark.parametrize("seed", range(6))
def test_a_new_layer_is_known_to_golden_and_to_the_file(seed, tmp_path):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    width, last = network.widths[-1], network.layers[-1]
    shift = Shift("shift", last.out, random_weight(rng, width), FixedType(7, 3))
    longer = lengthened(network, shift)
    store.save(longer, tmp_path / "spec.npz")
    x = random_input(rng, network, 3)
    trace = golden.run(store.load(tmp_path / "spec.npz"), x)
    before = np.array([define_network(network, sample) for sample in x])
    values = real(Weight(before, last.out)) + real(shift.offset)
    expected = [[int(define_assign(v, shift.out) * 2**shift.out.fraction) for v in row] for row in values]
    assert trace.output.tolist() == expected
    assert longer.tensors["shift", "out"].width == width and trace["shift"].tensors["out"] is trace.output


@pytest.mark.parametrize("seed", range(6))
def test_a_scale_is_its_definition(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    width = network.widths[-1]
    scale = Scale("scale", network.out, random_weight(rng, width), random_weight(rng, width), random_type(rng))
    longer, x = lengthened(network, scale), random_input(rng, network, 3)
    expected = np.array([define_network(longer, sample) for sample in x])
    trace = golden.run(longer, x)
    assert np.array_equal(trace.output, expected) and np.unique(expected).size > 1
    wrong = replace(scale, scale=scale.bias, bias=scale.scale)
    assert not np.array_equal(golden.run(lengthened(network, wrong), x).output, expected)


def test_a_scale_has_an_offset_for_each_factor():
    kind, weight = FixedType(6, 3), Weight(np.ones(3), FixedType(6, 3))
    with pytest.raises(ValueError, match=r"scale: bias has shape \(2,\), expected \(3,\)"):
        Scale("scale", kind, weight, Weight(np.ones(2), kind), kind)
    with pytest.raises(ValueError, match="scale: it reads 3 values a step, but 4 come"):
        Scale("scale", kind, weight, weight, kind).width(4)


def test_every_layer_of_the_contract_is_registered():
    assert {"LMU", "Dense", "Elementwise", "Softmax", "ArgMax", "Scale", "Shift"} <= set(LAYERS)
    assert LAYERS["Shift"] is Shift


def test_a_layer_that_cannot_take_what_comes_is_refused():
    network = random_network(np.random.default_rng(0))
    first, second, dense, relu = network.layers
    wide = Dense("head", second.h, random_weight(np.random.default_rng(0), second.units + 1, 3), None, dense.out)
    with pytest.raises(ValueError, match="head: it reads 5 values a step, but 4 come"):
        chain("net", network.x, network.steps, network.n_in, (first, second, wide, relu))


def test_a_diagonal_factor_has_one_coefficient_for_each_value():
    kind = FixedType(6, 3)
    x, out = Tensor("x", kind, 3), Tensor("out", kind, 3)
    with pytest.raises(ValueError, match="a term of 3 values of x gives 3 sums, 3 are assigned"):
        assign(out, Term(x.now(), Weight(np.ones(2), kind)))
    assert Term(x.now(), Weight(np.ones(3), kind)).products == 1
    assert Elementwise("e", kind, Activation("relu"), kind).width(5) == 5


def test_a_function_of_a_whole_vector_is_told_like_every_equation():
    """Softmax and argmax: what reads the contract sees them, and golden refuses one that it has no equation for."""

    @dataclass(frozen=True, slots=True)
    class Sorted(VectorFunction):
        pass

    kind = FixedType(6, 3)
    x, out = Tensor("x", kind, 3), Tensor("out", kind, 3)
    with pytest.raises(ValueError, match="head: golden has no equation for Sorted"):
        Step("head", [apply(Sorted(), out, x.now())])
    (last,) = ArgMax("head", kind, FixedType(4, 4)).assignments(3)
    assert (last.to.width, last.terms[0].x.width) == (1, 3)
    with pytest.raises(ValueError, match="a term of 3 values of x gives 1 sums, 3 are assigned"):
        Assign(out, 0, 3, last.terms, function=last.function)
    with pytest.raises(TypeError, match="abstract"):

        class Nothing(Layer, abstract=True):  # not one of the registry
            pass

        Nothing()
