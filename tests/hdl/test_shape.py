"""No two modules of hdl/ share more than 40 lines of shape; the checker sees a copy whose names are others."""

from __future__ import annotations

import re
from pathlib import Path

from lmu_hls.resources import hdl_file, hdl_modules, property_modules
from tools import hdl_shape


def test_no_two_modules_say_the_same() -> None:
    over = [pair for pair in hdl_shape.pairs({**hdl_modules(), **property_modules()}) if pair[0] > hdl_shape.LIMIT]
    assert over == [], "what they share wants a module of its own"


def test_a_copy_with_other_names_is_seen(tmp_path: Path) -> None:
    """Names, numbers and comments do not hide it, nor lines that are put between."""
    text = hdl_file("lmu_lstm").read_text()
    copy = tmp_path / "lmu_other.v"
    renamed = re.sub(r"\b(\w+)_q\b", r"\1_reg", text).replace("1'b0", "3'd5").replace("// ", "// not ")
    copy.write_text(renamed.replace("        if (rst) begin", "        a <= b + c - d;\n        if (rst) begin"))
    ((count, *_),) = hdl_shape.pairs({"lmu_lstm": hdl_file("lmu_lstm"), "lmu_other": copy})
    assert count > 3 * hdl_shape.LIMIT


def test_what_counts() -> None:
    assert hdl_shape.shape("    a_q <= {W{1'b0}} + 12;  // why") == "n <= {n{0}} + 0;"
    assert hdl_shape.shape('$display("a", b); `ifdef FORMAL') == "$display(n, n); `ifdef n"
    text = "module a (\n    input wire b,\n);\nassign x = y;\nend\n`endif\nendmodule\n"
    assert hdl_shape.shapes(text) == ["assign n = n;"]
    six = [f"assign n = {'~' * k}n;" for k in range(6)]
    assert hdl_shape.shared(six, ["x", *six, "y"]) == 6
    assert hdl_shape.shared(six[:5], six[:5]) == 0
