"""The files for other tools, as text by their path in the Verilog project."""

from __future__ import annotations

from typing import Any

from lmu_hls.integration.ipxact import RANGE, bus_type, register_entries
from lmu_hls.integration.ports import CLOCK, RESET, buses, ports, registers_bus
from lmu_hls.records.folder import INTEGRATION, IP_XACT
from lmu_hls.rendering import SPDX, render
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.standalone import rom_files, sources
from lmu_hls.synth.constraints import constraints, sdc
from lmu_hls.synth.vivado import script

DEFAULT_CLOCK_MHZ = 100.0
DEFAULT_PART = "xc7z020clg400-1"
CONSTRAINTS = {
    "xdc": ("Vivado", "#"),
    "sdc": ("Quartus, nextpnr for Gowin, and other tools that read SDC", "#"),
    "lpf": ("Lattice ECP5: nextpnr-ecp5, Diamond", "#"),
    "pcf": ("Lattice iCE40: nextpnr-ice40", "#"),
    "cst": ("Gowin: nextpnr-himbaechel; the clock is in clock.sdc", "//"),
}  # language -> who reads it, and how a comment begins
_EXAMPLE = {CLOCK: "PIN1", RESET: "PIN2"}


def integration_files(
    plan: NetworkPlan, clock_mhz: float = DEFAULT_CLOCK_MHZ, part: str = DEFAULT_PART
) -> dict[str, str]:
    """All files for other tools: path below the project's folder -> text.

    ``clock_mhz`` is the frequency that the constraints ask for, ``part`` the device of Vivado's scripts.
    """
    facts: dict[str, Any] = {
        "plan": plan,
        "name": plan.name,
        "rtl": sources(plan),
        "rom": rom_files(plan),
        "buses": buses(plan),
        "ports": ports(plan),
        "clock_mhz": clock_mhz,
        "part": part,
    }
    made = {f"clock.{language}": constraint_file(language, clock_mhz) for language in CONSTRAINTS}
    made["vivado_synth_ooc.tcl"] = render(
        "integration", "vivado_synth_ooc.tcl", script=_out_of_context(plan, part), **facts
    )
    made["vivado_package_ip.tcl"] = render("integration", "vivado_package_ip.tcl", **facts)
    made["quartus.tcl"] = render("integration", "quartus.tcl", **facts)
    made[f"{plan.top}_hw.tcl"] = render("integration", "hw.tcl", **facts)
    facts |= {"registers": register_entries(plan) if plan.options.axi_lite else (), "range": RANGE}
    made[f"{plan.name}_litex.py"] = render("integration", "litex.py", lite=registers_bus(plan), **facts)
    xml = render("integration", "component.xml", bus_type=bus_type, **facts)
    return {IP_XACT: xml} | {f"{INTEGRATION}/{name}": text for name, text in made.items()}


def constraint_file(language: str, clock_mhz: float) -> str:
    """The clock, and, as comments, what a pin looks like: which ports are pins is for the board's top to say."""
    reader, comment = CONSTRAINTS[language]
    text = sdc(CLOCK, clock_mhz) if language == "sdc" else constraints(language, CLOCK, clock_mhz, {})
    lines = [SPDX, f"For {reader}.", f"{CLOCK} is the only clock, {RESET} is synchronous to it, and no path is false."]
    if language != "sdc":
        pins = constraints(language, CLOCK, clock_mhz, _EXAMPLE).removeprefix(text)
        lines += ["Pins are the board's. With the accelerator as the top they are written so:", *pins.splitlines()]
    return "".join(f"{comment} {line}\n" for line in lines) + text


def _out_of_context(plan: NetworkPlan, part: str) -> str:
    return script(sources(plan), plan.top, {}, part, f"{INTEGRATION}/clock.xdc", "build/")
