"""Recording stand-ins for the Tcl commands of Vivado and Quartus: a script runs only if each command has its form.

Transcribed from AMD UG835 and Intel's Quartus Prime scripting and Platform Designer component references; only what
the project's scripts may use.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Command:
    """``options`` take a value, ``flags`` none; ``words`` are the numbers of other words that are possible."""

    words: tuple[int, ...] = (0,)
    options: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    name: str
    words: tuple[str, ...]
    options: Mapping[str, str]


VIVADO = {
    "set_msg_config": Command((0,), ("id", "new_severity")),
    "read_verilog": Command((1,)),
    "read_xdc": Command((1,), ("mode",)),
    "synth_design": Command((0,), ("mode", "top", "part", "generic")),
    **dict.fromkeys(("opt_design", "place_design", "phys_opt_design", "route_design", "close_project"), Command()),
    "report_utilization": Command((0,), ("file",)),
    "report_timing_summary": Command((0,), ("file", "max_paths")),
    "create_project": Command((1, 2), ("part",), ("force",)),
    "add_files": Command((1,), ("fileset",), ("norecurse",)),
    "set_property": Command((3,)),
    "current_fileset": Command(),
    "update_compile_order": Command((0,), ("fileset",)),
    "ipx::package_project": Command(
        (0,), ("root_dir", "vendor", "library", "taxonomy", "set_current"), ("import_files", "force")
    ),
    "ipx::current_core": Command(),
    **dict.fromkeys(
        ("ipx::get_user_parameters", "ipx::get_hdl_parameters", "ipx::get_bus_interfaces", "ipx::get_bus_parameters"),
        Command((0, 1), ("of_objects",)),
    ),
    "ipx::infer_bus_interface": Command((3,)),
    "ipx::add_bus_parameter": Command((2,)),
    "ipx::associate_bus_interfaces": Command((1,), ("busif", "clock", "reset")),
    **dict.fromkeys(
        ("ipx::create_xgui_files", "ipx::update_checksums", "ipx::check_integrity", "ipx::save_core"), Command((0, 1))
    ),
}
QUARTUS = {
    "project_new": Command((1,), (), ("overwrite",)),
    "set_global_assignment": Command((1,), ("name",)),
    "set_parameter": Command((1,), ("name", "to")),
    "set_instance_assignment": Command((1,), ("name", "to")),
    "export_assignments": Command(),
    "execute_flow": Command((0,), (), ("compile",)),
    "project_close": Command(),
}
PLATFORM_DESIGNER = {
    "set_module_property": Command((2,)),
    "get_module_property": Command((1,)),
    "add_fileset": Command((2, 3)),
    "set_fileset_property": Command((3,)),
    "add_fileset_file": Command((4, 5)),
    "add_parameter": Command((3,)),
    "set_parameter_property": Command((3,)),
    "add_interface": Command((3,)),
    "set_interface_property": Command((3,)),
    "add_interface_port": Command((5,)),
}
_FILES = {"read_verilog", "read_xdc", "add_files"}  # commands whose words are files
_ASSIGNED = {"VERILOG_FILE", "SDC_FILE"}  # assignments whose values are


def run(script: Path, commands: Mapping[str, Command]) -> list[Call]:
    """Run ``script``; what it called. Raises RuntimeError for what the tool would not take, and for absent files."""
    import tkinter

    tcl, before = tkinter.Tcl(), Path.cwd()
    calls: list[Call] = []
    faults: list[str] = []  # of commands in Python, whose message Tcl does not get
    tcl.eval("namespace eval ipx {}; proc package {args} {}; set argc 0; set argv {}; rename exec {}")
    for name, command in commands.items():
        tcl.createcommand(name, _stub(name, command, calls, faults, script.parent))
    try:
        tcl.eval(f"source {{{script}}}")
    except (tkinter.TclError, ValueError) as error:
        raise RuntimeError(faults[0] if faults else str(error)) from None
    finally:
        os.chdir(before)
    return calls


def _stub(name: str, command: Command, calls: list[Call], faults: list[str], folder: Path) -> Any:
    def called(*words: str) -> str:
        try:
            call = _parsed(name, command, words)
            for file in _files(call, folder):
                if not file.is_file():
                    raise ValueError(f"{name}: {file} does not exist")
        except ValueError as error:
            faults.append(str(error))
            raise
        calls.append(call)
        if call.words == ("MODULE_DIRECTORY",):
            return str(folder)
        return f"{name} {' '.join(call.words)}" if "get_" in name or "current" in name else ""

    return called


def _parsed(name: str, command: Command, words: tuple[str, ...]) -> Call:
    plain, options, rest = [], {}, list(words)
    while rest:
        word = rest.pop(0)
        option = word[1:]
        if not word.startswith("-"):
            plain.append(word)
        elif option in command.flags:
            options[option] = ""
        elif option in command.options and rest:
            options[option] = rest.pop(0)
        else:
            raise ValueError(f"{name}: {word} is no option, or has no value")
    if len(plain) not in command.words:
        raise ValueError(f"{name}: {len(plain)} words, expected {command.words}")
    return Call(name, tuple(plain), options)


def _files(call: Call, folder: Path) -> list[Path]:
    if call.name in _FILES or call.options.get("name") in _ASSIGNED:
        return [Path(word) for word in call.words]
    if call.name == "add_fileset_file":
        return [folder / call.words[3]]
    return []
