"""The prover itself: it proves what holds, shows where the rest fails, and refuses what it cannot judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.toolchain import find
from lmu_hls.verify import formal

pytestmark = pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")

COUNTER = """\
module counter #(parameter integer N = 3) (input wire clk, input wire rst, input wire en, output wire [2:0] count);
    reg [2:0] count_q;
    reg [2:0] old[0:3];
    assign count = count_q;
    always @(posedge clk) begin
        if (en) count_q <= count_q == N ? 3'd0 : count_q + 3'd1;
        if (rst) count_q <= 3'd0;
        old[count_q[1:0]] <= count_q;
    end
`ifdef FORMAL
    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;
    always @* if (!f_past_q) assume (rst);
    always @(posedge clk) begin
        if (f_past_q) begin
            at_most_3 : assert (count_q <= 3);
            old_is_any : assert (old[3] == old[3]);
        end
        at_3 : cover (f_past_q && count_q == 3);
    end
`endif
endmodule
"""
TWO = """\
module two (input wire clk, input wire rst, input wire en, output wire [2:0] sum);
    wire [2:0] a, b;
    assign sum = a + b;
    counter one (.clk(clk), .rst(RST), .en(en), .count(a));
    counter #(.N(2)) other (.clk(clk), .rst(rst), .en(!en), .count(b));
`ifdef FORMAL
    reg f_past_q = 1'b0;
    always @(posedge clk) f_past_q <= 1'b1;
    always @* if (!f_past_q) assume (rst);
    always @* if (f_past_q) EXTRA;
`endif
endmodule
"""
PIPE = """\
module {name} (
    input wire clk, input wire rst, input wire i_valid, input wire [2:0] i_data, input wire o_ready,
    output wire o_valid, output wire [2:0] o_data
);
    reg toggle_q = 1'b0;
    always @(posedge clk) toggle_q <= !toggle_q;
    assign o_valid = {valid};
    assign o_data = i_data;
`ifdef FORMAL
    f_axis #(.IN(1), .WIDTH(3)) f_i (.clk(clk), .rst(rst), .valid(i_valid), .ready(o_ready), .payload(i_data));
    f_axis #(.WIDTH({width})) f_o (.clk(clk), .rst(rst), .valid(o_valid), .ready(o_ready), .payload(o_data));
`endif
endmodule
"""


def write(folder: Path, text: str, name: str = "x.v") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_proves_what_holds(tmp_path: Path) -> None:
    found = formal.prove([write(tmp_path, COUNTER)], "counter", {}, tmp_path / "w")
    assert found.proven
    assert set(found.named(formal.PROVEN)) == {"at_most_3", "old_is_any"}


def test_shows_what_fails(tmp_path: Path) -> None:
    found = formal.prove([write(tmp_path, COUNTER)], "counter", {"N": 4}, tmp_path / "w")
    assert not found.proven
    assert found.named(formal.PROVEN) == ("old_is_any",)
    (failure,) = [entry for entry in found.properties if entry.state == formal.FAILED]
    assert (failure.name, failure.cycle) == ("at_most_3", 5)  # rst in cycle 0, counting from cycle 1 on
    assert failure.trace is not None
    assert "count_q" in failure.trace.read_text()


def test_cover(tmp_path: Path) -> None:
    source = write(tmp_path, COUNTER)
    assert formal.cover([source], "counter", {}, tmp_path / "w").reached
    assert not formal.cover([source], "counter", {"N": 2}, tmp_path / "w").reached
    assert not formal.cover([source], "counter", {}, tmp_path / "w", cycles=3).reached


def test_memory_starts_with_any_value(tmp_path: Path) -> None:
    text = COUNTER.replace("old[3] == old[3]", "old[3] == 3 || !f_past_q")
    found = formal.prove([write(tmp_path, text)], "counter", {}, tmp_path / "w")
    assert found.named(formal.FAILED) == ("old_is_any",)


def test_assumptions_of_inner_modules_are_proven(tmp_path: Path) -> None:
    good = TWO.replace("EXTRA", "bounded : assert (sum != 7)")
    source = write(tmp_path, COUNTER + good.replace("RST", "rst"))
    found = formal.prove([source], "two", {}, tmp_path / "w")
    assert found.proven
    assert not any("at_most_3" in entry.name for entry in found.properties)
    # The second counter goes up to 2 only
    every = formal.prove([source], "two", {}, tmp_path / "w", inner=True)
    assert {"bounded", "one.at_most_3", "other.at_most_3"} <= set(every.named(formal.PROVEN))
    source = write(tmp_path, COUNTER + good.replace("RST", "en"))
    failed = formal.prove([source], "two", {}, tmp_path / "w").named(formal.FAILED)
    assert any("assume" in name and "one" in name for name in failed), failed


def test_property_modules_belong_to_their_holder(tmp_path: Path) -> None:
    """What they assume is assumed where the holder is the top and proven inside; what they assert counts as its own."""
    pipe = PIPE.format(name="pipe", width=3, valid="i_valid")
    found = formal.prove([write(tmp_path, pipe)], "pipe", {}, tmp_path / "w")
    promises = {"f_o.valid_holds", "f_o.payload_holds"}
    assert set(found.named(formal.PROVEN)) == promises == {x.name for x in found.properties}
    outer = PIPE.format(name="outer", width=3, valid="i_valid").replace(
        "assign o_data",
        "pipe inner (.clk(clk), .rst(rst), .i_valid(WIRE), .i_data(i_data), .o_ready(o_ready));\nassign o_data",
    )
    sound = formal.prove([write(tmp_path, pipe + outer.replace("WIRE", "i_valid"))], "outer", {}, tmp_path / "w")
    assert sound.proven
    assert not any("inner.f_o.valid_holds" in entry.name for entry in sound.properties)
    wild = formal.prove([write(tmp_path, pipe + outer.replace("WIRE", "!i_valid"))], "outer", {}, tmp_path / "w")
    assert any("inner" in name and "f_i" in name for name in wild.named(formal.FAILED)), wild.properties
    dropping = PIPE.format(name="pipe", width=3, valid="i_valid && toggle_q")
    assert formal.prove([write(tmp_path, dropping)], "pipe", {}, tmp_path / "w").named(formal.FAILED) == (
        "f_o.valid_holds",
    )


def test_a_payload_is_not_cut(tmp_path: Path) -> None:
    pipe = PIPE.format(name="pipe", width=2, valid="i_valid")
    with pytest.raises(LmuHlsError, match="Resizing cell port"):
        formal.prove([write(tmp_path, pipe)], "pipe", {}, tmp_path / "w")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (COUNTER.replace("`ifdef FORMAL", "`ifdef NEVER"), "counter has no assert statement"),
        (
            COUNTER.replace("count_q == N ?", "count_q === ("),
            "could not make a formal model of counter: .*syntax error",
        ),
        (COUNTER.replace("(count_q <= 3)", "(inner.count_q <= 3)"), "could not make a formal model of counter"),
        (COUNTER.replace("module counter", "module another"), "could not make a formal model of counter"),
    ],
)
def test_refuses(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LmuHlsError, match=message):
        formal.prove([write(tmp_path, text)], "counter", {}, tmp_path / "w")


def test_time_limit_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ABC has not said is undecided."""
    monkeypatch.setattr(formal, "_abc", lambda *_: "")
    found = formal.prove([write(tmp_path, COUNTER)], "counter", {}, tmp_path / "w")
    assert not found.proven
    assert len(found.named(formal.UNDECIDED)) == 2


def crashing(tmp_path: Path, said: str) -> Path:
    program = write(tmp_path, f"#!/bin/sh\n{said}kill -SEGV $$\n", "abc")
    program.chmod(0o755)
    return program


def test_a_crash_of_abc_before_any_output_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LmuHlsError, match="ABC ended with exit status"):
        formal._abc(crashing(tmp_path, "echo begun\n"), "bmc3 -a", tmp_path, 10)


def test_what_abc_found_before_a_crash_holds_and_the_rest_is_undecided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash, abc = crashing(tmp_path, "echo 'Output 1 was asserted in frame 3'\n"), formal._abc
    monkeypatch.setattr(formal, "_abc", lambda _, *given: abc(crash, *given))
    found = formal.refute([write(tmp_path, COUNTER)], "counter", {}, tmp_path / "w", 9)
    assert [item.state for item in found.properties] == [formal.UNDECIDED, formal.FAILED]
    assert not found.proven
