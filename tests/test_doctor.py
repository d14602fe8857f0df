"""The doctor sees every tool once, and is content exactly when the required ones are there."""

import dataclasses

from lmu_hls import doctor as doctor_module
from lmu_hls.doctor import complete, doctor
from lmu_hls.toolchain import TOOLS, Tool


def test_every_tool_is_examined_once() -> None:
    tools = doctor()
    assert [tool.name for tool in tools] == ["python", *TOOLS]
    assert all(isinstance(tool, Tool) and tool.remedy for tool in tools)
    assert {tool.name for tool in tools if tool.found} >= {"python", "keras", "hls4ml", "tensorflow", "g++"}


def test_only_required_tools_count() -> None:
    there = Tool("a", None, "1", True, "make install")
    absent = dataclasses.replace(there, found=False)
    assert complete([there, dataclasses.replace(absent, required=False)])
    assert not complete([there, absent])


def test_a_python_outside_the_supported_range_is_reported(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(doctor_module, "PYTHON_MIN", (3, 99))
    python = doctor()[0]
    assert not python.found
    assert python.version
