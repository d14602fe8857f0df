"""Exact sums in every backend: what Keras computes in fewer bits than float64 is not used for them."""

import ast
from pathlib import Path

import pytest

from lmu_hls import training

# Of keras.ops: float32 of float64 with PyTorch (Keras's result_type says so), or with JAX as well
ROUNDING = frozenset(
    {"matmul", "dot", "minimum", "maximum", "floor", "ceil", "mean", "average", "linspace", "logaddexp"}
)
# In these modules: for losses; for whole numbers
OTHERWISE = {"distillation.py": {"mean", "maximum"}, "masked.py": {"minimum", "maximum"}}
MODULES = sorted(Path(training.__file__).parent.glob("*.py"))


def rounding(source):
    """The functions of ROUNDING that a module uses."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    return {node.attr for node in nodes if node.attr in ROUNDING and ast.unparse(node.value) in ("ops", "keras.ops")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_exact_values_come_from_operations_that_keep_float64(path):
    assert rounding(path.read_text(encoding="utf-8")) <= OTHERWISE.get(path.name, set())


def test_a_product_of_keras_is_seen():
    assert rounding("y = ops.matmul(x, w) + np.floor(z)") == {"matmul"}
    assert rounding("y = keras.ops.minimum(x, 1.0)") == {"minimum"}
