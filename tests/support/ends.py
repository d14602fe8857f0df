"""Networks with several inputs and outputs, of few steps."""

from dataclasses import replace

import numpy as np

from lmu_hls.fixed import FixedType
from lmu_hls.spec import Dense, Input, Merge, Network, Node, Select, Window
from tests.support.networks import random_lmu, random_weight

STEPS, X, Y = 4, FixedType(8, 3), FixedType(11, 4)


def fusion() -> Network:
    """Two inputs of different widths and types, a convolution on one; the fused sequence and a vector come out."""
    rng = np.random.default_rng(6)
    lmu = replace(random_lmu(rng, steps=STEPS, x=X, n_in=5, memory_d=1, order=2), return_sequences=False)
    nodes = (
        Node("wide", Select("wide", X, Window(STEPS, STEPS, -1, size=3)), ("left ear",)),
        Node("conv", Dense("conv", X, random_weight(rng, 6, 3), None, X), ("wide",)),
        Node("right", Dense("right", Y, random_weight(rng, 1, 2), random_weight(rng, 2), X), ("s_axis",)),
        Node("both", Merge("both", X, X, "concatenate", X), ("conv", "right")),
        Node("lmu", lmu, ("both",)),
        Node("a+b", Dense("a+b", lmu.h, random_weight(rng, lmu.units, 2), None, Y), ("lmu",)),
    )
    ends = (Input("left ear", X, 2), Input("s_axis", Y, 1))
    return Network("fusion", STEPS, ends, nodes, ("both", "a+b"))


def pair() -> Network:
    """Two inputs of the same type and width; their difference and an LMU over one of them come out, step by step."""
    rng = np.random.default_rng(3)
    lmu = replace(random_lmu(rng, steps=STEPS, x=X, n_in=2, memory_d=1, order=2), return_sequences=True)
    nodes = (Node("lmu", lmu, ("a",)), Node("less", Merge("less", X, X, "subtract", X), ("a", "b")))
    return Network("pair", STEPS, (Input("a", X, 2), Input("b", X, 2)), nodes, ("lmu", "less"))


def unequal(inputs: int) -> Network:
    """Two inputs and one output, or one input and two outputs."""
    network = pair()
    lmu, less = network.nodes
    if inputs == 2:
        return replace(network, nodes=(less, replace(lmu, inputs=("less",))), outputs=("lmu",))
    head = Dense("head", lmu.layer.h, random_weight(np.random.default_rng(1), lmu.layer.units, 3), None, Y)
    nodes = (lmu, Node("head", head, ("lmu",)))
    return replace(network, inputs=network.inputs[:1], nodes=nodes, outputs=("lmu", "head"))
