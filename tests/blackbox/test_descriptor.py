"""The description of an RTL blackbox: in the documented form, and of the very module and function that are there."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from lmu_hls.blackbox.descriptor import descriptor
from lmu_hls.rtl.blackbox import blackbox, blackbox_sources
from tests.support.hdl import tridiag_grid

check = fastjsonschema.compile(json.loads((Path(__file__).parent / "descriptor.schema.json").read_text()))
BOX = blackbox("lmu2_memory_step", tridiag_grid.Config(3, 2, 1).lmu("memory"))
SOURCES = blackbox_sources([BOX], "net")
MADE = descriptor(BOX, "firmware/blackbox/lmu2_memory_step.cpp", SOURCES, "-std=c++0x")


def ports_of(source: str) -> set[str]:
    """The ports of the module in a file of the form that is written here."""
    return set(re.findall(r"^    (?:in|out)put +wire (?:\[\d+:0\] )?(\w+),?$", source, re.MULTILINE))


def named_ports(made: dict[str, Any]) -> set[str]:
    fifos = [port for parameter in made["c_parameters"] for port in parameter["rtl_ports"].values()]
    return {*fifos, *made["rtl_common_signal"].values()}


def test_it_has_the_documented_form() -> None:
    check(MADE)
    assert MADE["c_function_name"] == MADE["rtl_top_module_name"] == "lmu2_memory_step"
    assert [parameter["c_name"] for parameter in MADE["c_parameters"]] == ["words", "states"]


def test_it_names_every_port_of_the_module_and_every_file() -> None:
    assert named_ports(MADE) == ports_of(SOURCES["lmu2_memory_step.v"]) and len(named_ports(MADE)) == 14
    assert set(MADE["rtl_files"]) == set(SOURCES)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("rtl_common_signal", "module_clock_enable"), None),
        (("rtl_common_signal", "ap_ctrl_chain_protocol_continue"), None),
        (("rtl_files",), ["rom.hex"]),
        (("rtl_performance", "latency"), 12),
        (("c_parameters", 0, "rtl_ports", "FIFO_full_flag"), "words_full_n"),
        (("c_parameters", 1, "c_port_direction"), "in"),
        (("c_return",), {}),
    ],
)
def test_another_form_is_refused(path: tuple[Any, ...], value: object) -> None:
    made = copy.deepcopy(MADE)
    place: Any = made
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    with pytest.raises(fastjsonschema.JsonSchemaException):
        check(made)
