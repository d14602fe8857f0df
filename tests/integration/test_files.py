"""The files for other tools: constraints that name ports, scripts that run under the tools' commands, in stand-ins."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lmu_hls.integration import integration_files
from lmu_hls.integration.ports import ports
from lmu_hls.rendering import SPDX
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.standalone import rom_files, sources, write_project
from lmu_hls.synth.constraints import check_constraints
from tests.support import tcl_stubs
from tests.support.make_sim import fast_network
from tests.support.tcl_stubs import Call

SCRIPTS = {
    "vivado_synth_ooc.tcl": tcl_stubs.VIVADO,
    "vivado_package_ip.tcl": tcl_stubs.VIVADO,
    "quartus.tcl": tcl_stubs.QUARTUS,
    "net_top_hw.tcl": tcl_stubs.PLATFORM_DESIGNER,
}


def plan(**options: bool) -> NetworkPlan:
    return plan_network(fast_network(10), RtlOptions(**options))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, made = tmp_path_factory.mktemp("in a folder") / "verilog", plan(axi_lite=True)
    write_project(made, folder, extra=integration_files(made, 125.0))
    return folder


def run(folder: Path, name: str) -> list[Call]:
    pytest.importorskip("tkinter", reason="this Python has no Tcl")
    return tcl_stubs.run(folder / "integration" / name, SCRIPTS[name])


def named(calls: list[Call], name: str) -> list[tuple[str, ...]]:
    return [call.words for call in calls if call.name == name]


def test_the_clock_is_what_was_asked_for(written: Path) -> None:
    texts = {file.suffix: file.read_text() for file in (written / "integration").glob("clock.*")}
    period = "create_clock -name clk -period 8.000 [get_ports {clk}]\n"
    assert texts[".xdc"].endswith(f"\n{period}") and texts[".sdc"].endswith(f"\n{period}")
    assert texts[".lpf"].endswith('\nFREQUENCY PORT "clk" 125 MHZ;\n')
    assert texts[".pcf"].endswith("\nset_frequency clk 125\n")
    assert "period 5.000" in integration_files(plan(), 200.0)["integration/clock.sdc"]


def test_constraints_name_ports_also_in_their_examples(written: Path) -> None:
    names = [port.name for port in ports(plan(axi_lite=True))]
    for language, comment in (("lpf", "#"), ("pcf", "#"), ("cst", "//")):
        text = (written / "integration" / f"clock.{language}").read_text()
        check_constraints(language, text, names)
        shown = [line for line in text.splitlines() if "PIN" in line or "IO_" in line]
        assert shown and all(line.startswith(f"{comment} ") for line in shown)
        check_constraints(language, "".join(line[len(comment) + 1 :] + "\n" for line in shown), names)


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_command_is_known_and_every_file_there(written: Path, name: str) -> None:
    calls, made = run(written, name), plan(axi_lite=True)
    text = (written / "integration" / name).read_text()
    assert all(file in text for file in sources(made)) and len(calls) > 20
    assert made.top in text and "Generated" in text


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_fault_in_a_script_is_found(written: Path, name: str, tmp_path: Path) -> None:
    """An absent file, a command that the tool does not have, an option that the command does not have."""
    folder = Path(shutil.copytree(written, tmp_path / "verilog"))
    (folder / sources(plan(axi_lite=True))[1]).unlink()
    with pytest.raises(RuntimeError, match="does not exist"):
        run(folder, name)
    shutil.copytree(written, folder, dirs_exist_ok=True)
    script = folder / "integration" / name
    text = script.read_text()
    right = {"vivado_synth_ooc.tcl": "route_design", "vivado_package_ip.tcl": "ipx::save_core",
             "quartus.tcl": "execute_flow", "net_top_hw.tcl": "add_interface_port"}[name]  # fmt: skip
    script.write_text(text.replace(right, f"{right}s"))
    with pytest.raises(RuntimeError, match=f'invalid command name "{right}s"'):
        run(folder, name)
    script.write_text(text.replace(f"\n{right}", f"\n{right} -no_such_option 1", 1))
    with pytest.raises(RuntimeError, match="no_such_option is no option"):
        run(folder, name)


def test_vivado_packages_streams_registers_clock_and_reset(written: Path) -> None:
    calls = run(written, "vivado_package_ip.tcl")
    associated = [call.options for call in calls if call.name == "ipx::associate_bus_interfaces"]
    assert associated == [{"busif": bus, "clock": "clk", "reset": "rst"} for bus in ("s_axis", "m_axis", "s_axil")]
    properties = named(calls, "set_property")
    assert ("value", "ACTIVE_HIGH", "ipx::get_bus_parameters POLARITY") in properties
    assert ("value", f"{written}/rom", "ipx::get_hdl_parameters ROM_DIR") in properties


def test_vivado_implements_out_of_context_with_the_clock(written: Path) -> None:
    calls = run(written, "vivado_synth_ooc.tcl")
    assert named(calls, "read_xdc") == [("integration/clock.xdc",)]
    synth = next(call.options for call in calls if call.name == "synth_design")
    assert synth == {"mode": "out_of_context", "top": "net_top", "part": "xc7z020clg400-1"}
    ultra = integration_files(plan(), part="xcku035-fbva676-2-e")["integration/vivado_synth_ooc.tcl"]
    assert "-part xcku035-fbva676-2-e" in ultra


def test_quartus_has_a_pin_for_the_clock_alone(written: Path) -> None:
    calls = run(written, "quartus.tcl")
    virtual = {call.options["to"] for call in calls if call.name == "set_instance_assignment"}
    assert virtual == {f"{port.name}*" for port in ports(plan(axi_lite=True))} - {"clk*"}
    assert named(calls, "set_parameter") == [(f"{written}/rom",)]


def test_platform_designer_has_every_port_once(written: Path) -> None:
    found = named(run(written, "net_top_hw.tcl"), "add_interface_port")
    told = {word[1]: (word[3], int(word[4])) for word in found}
    assert len(found) == len(told)
    assert told == {p.name: ("Input" if p.direction == "in" else "Output", p.width) for p in ports(plan(axi_lite=True))}


def test_every_file_names_its_licence() -> None:
    for name, text in integration_files(plan(axi_lite=True)).items():
        assert SPDX in "".join(text.splitlines()[:2]), name


def test_inline_roms_need_no_folder() -> None:
    made = plan(inline_roms=True)
    files = integration_files(made)
    assert rom_files(made) == () and rom_files(plan()) != ()
    assert not any("ROM_DIR" in text for text in files.values())
