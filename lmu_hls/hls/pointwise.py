"""ReuseFactors of Dense layers on sequences, which hls4ml makes pointwise convolutions of."""

from __future__ import annotations

from hls4ml.model.optimizer import ModelOptimizerPass

from lmu_hls.front.graph.settle import has_lmu
from lmu_hls.front.node import Graph


class PossibleReuse(ModelOptimizerPass):
    """Gives pointwise convolutions with Strategy Resource a ReuseFactor that they can have, the nearest.

    hls4ml does so, with a warning, for the convolution that it then replaces, and goes on with the user's: the C++ of
    Quartus would stop there. Runs before the weights are put into the order of the factor.
    """

    def __init__(self) -> None:
        self.name = "lmu_possible_reuse"

    def transform(self, model: Graph) -> bool:
        if not has_lmu(model):
            return False
        backend = model.config.backend
        for node in model.get_layers():
            if node.class_name == "PointwiseConv1D" and str(node.get_attr("strategy")).lower() == "resource":
                backend.set_closest_reuse_factor(node, *backend.get_layer_mult_size(node))
        return False
