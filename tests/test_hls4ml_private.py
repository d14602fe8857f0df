"""What is used of hls4ml and Keras without being theirs to promise: one list, whole, of names that exist.

A version of theirs that changes one of them fails here first, by its name. See "The next hls4ml" in CONTRIBUTING.md.
"""

import ast
from importlib import import_module
from pathlib import Path

import keras
import pytest

from tests.support.lmu_models import convert, lmu, model

PACKAGE = Path(__file__).parents[1] / "lmu_hls"
# name -> who has it: a class, or "graph", "keras model", "keras layer", "keras tensor" for what is made on the way
HLS4ML = {
    "_compute_n_samples": "graph",
    "_default_function_params": "hls4ml.backends.template:FunctionCallTemplate",
    "_expected_attributes": "hls4ml.model.layers:Layer",
    "_get_layer_initializers": "hls4ml.backends.backend:Backend",
    "_top_function_lib": "graph",
}
KERAS = {
    "_flatten_layers": "keras model",
    "_functional": "keras model",
    "_inbound_nodes": "keras layer",
    "_keras_history": "keras tensor",
    "_keras_mask": "",  # of a tensor behind Masking: tests/training/test_masked.py
    "_nodes_by_depth": "keras model",
    "_orig_output_dim": "",  # of a layer that was quantized: tests/front/test_weights.py
    "_outbound_nodes": "keras layer",
    "_run_through_graph": "keras model",
    "_scale": "",  # of QAveragePow2 of HGQ2: tests/front/graph/layers/test_hgq.py
    "_trainable_variables": "keras layer",
}
MODULES = ("hls4ml.converters.keras_v3._base",)


def sources():
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))]


def private_names(trees):
    """Private attributes that are none of ours, and modules of others with a private part."""
    ours, used, modules = set(), set(), set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            ours.add(node.name)
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            (ours if own and isinstance(node.ctx, ast.Store) else used).add(node.attr)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            ours.add(node.target.id)
        elif isinstance(node, ast.ImportFrom) and "._" in (node.module or "") and not node.level:
            modules.add(node.module)
    return used - ours, modules


def test_the_list_is_whole():
    used, modules = private_names(sources())
    listed = {*HLS4ML, *KERAS}
    assert used <= listed, f"not listed: {sorted(used - listed)}"
    assert modules == set(MODULES)


def test_a_name_more_is_noticed():
    """A seeded fault."""
    tree = ast.parse("from hls4ml.model._inner import x\nmodel._new_private_name()")
    assert private_names([tree]) == ({"_new_private_name"}, {"hls4ml.model._inner"})


@pytest.fixture(scope="module")
def owners(tmp_path_factory):
    built = model(lmu(None, return_sequences=False))
    graph = convert(built, tmp_path_factory.mktemp("private"))
    functional = keras.Model(built.inputs, built.outputs)
    return {
        "graph": graph, "keras model": functional, "keras layer": built.layers[0], "keras tensor": built.outputs[0],
        "sequential": built,
    }  # fmt: skip


@pytest.mark.parametrize("name", [*HLS4ML, *(name for name, owner in KERAS.items() if owner)])
def test_the_name_exists(name, owners):
    owner = {**HLS4ML, **KERAS}[name]
    if name == "_functional":
        owner = "sequential"
    if ":" in owner:
        module, _, kind = owner.partition(":")
        assert hasattr(getattr(import_module(module), kind), name)
    else:
        assert hasattr(owners[owner], name)


@pytest.mark.parametrize("name", MODULES)
def test_the_module_exists(name):
    import_module(name)
