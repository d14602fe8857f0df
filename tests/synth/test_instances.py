"""Cells by the instances of the unit that they lie in."""

import json

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.instances import Outermost, cells_of_instances

SCOPES = ["head", "head.mac", "g_lane[0].mac", "g_lane[0].mac.ram"]


@pytest.mark.parametrize(
    ("name", "instance"),
    [
        ("head.y_LUT4_Z", "head"),
        ("head.mac.ram.contents.0.3", "head"),
        ("g_lane[0].mac.ram.a", "g_lane[0].mac"),
        ("g_lane[1].y", ""),  # a net of the top in a generate block
        ("heady_FF_Q", ""),
        ("memory.0.1", ""),
        ("y", ""),
    ],
)
def test_the_outermost_instance_counts(name, instance):
    assert Outermost(SCOPES).instance_of(name) == instance == Outermost(reversed(SCOPES)).instance_of(name)


def test_cells_are_counted_by_type(tmp_path):
    names = {"head.a": "LUT4", "head.mac.b": "LUT4", "head.c": "FF", "d": "LUT4"}
    netlist = tmp_path / "n.json"
    netlist.write_text(json.dumps({"modules": {"top": {"cells": {name: {"type": of} for name, of in names.items()}}}}))
    assert cells_of_instances(netlist, "top", SCOPES) == {"": {"LUT4": 1}, "head": {"FF": 1, "LUT4": 2}}
    with pytest.raises(LmuHlsError, match=r"n\.json cannot be read: KeyError"):
        cells_of_instances(netlist, "other", SCOPES)
