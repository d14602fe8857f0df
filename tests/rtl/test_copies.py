"""What of a module goes into a written project."""

import subprocess

import pytest

from lmu_hls.rendering import SPDX
from lmu_hls.resources import hdl_modules
from lmu_hls.rtl.copies import without_formal
from lmu_hls.toolchain import find

TEXT = """\
module m;
`ifndef FORMAL
    kept k ();
`ifdef SYNTHESIS
    either e ();
`else
    or_else o ();
`endif
`else
    gone g ();
`endif

`ifdef FORMAL // at the end
    f_axis f ();
`ifdef SYNTHESIS
    gone h ();
`endif
`else
    also a ();
`endif

endmodule
"""


def test_what_is_under_formal_goes_and_all_else_stays():
    assert without_formal(TEXT) == (
        "module m;\n    kept k ();\n`ifdef SYNTHESIS\n    either e ();\n`else\n    or_else o ();\n`endif\n\n"
        "    also a ();\n\nendmodule\n"
    )


@pytest.mark.parametrize("text", ["`endif\n", "`else\n", "`ifdef FORMAL\n", "`ifdef X\n`endif\n`endif\n"])
def test_conditions_that_do_not_end_are_refused(text):
    with pytest.raises(ValueError, match=r"without a condition|has no `endif"):
        without_formal(text)


@pytest.mark.parametrize("path", hdl_modules().values(), ids=lambda path: path.stem)
def test_every_module_of_the_library(path):
    text = path.read_text()
    made = without_formal(text)
    assert made.startswith(f"// {SPDX}\n") and "FORMAL" not in made and "\n\n\n" not in made
    left = iter(text.splitlines())
    assert all(line in left for line in made.splitlines())  # nothing but lines of the module, in their order


@pytest.mark.skipif(not find("icarus").found, reason="Icarus Verilog is not installed")
@pytest.mark.parametrize("path", hdl_modules().values(), ids=lambda path: path.stem)
def test_a_compiler_reads_the_same_of_both(path, tmp_path):
    """Icarus's preprocessor, which knows nothing of FORMAL, gives the same lines for the module and for its copy."""

    def lines(text):
        (tmp_path / "m.v").write_text(text)
        command = ["iverilog", "-E", "-o", tmp_path / "out.v", tmp_path / "m.v"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return [line for line in (tmp_path / "out.v").read_text().splitlines() if line.strip() and line[0] != "`"]

    assert lines(without_formal(text := path.read_text())) == lines(text)
