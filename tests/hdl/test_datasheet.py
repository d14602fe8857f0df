"""hdl/README.md is what the headers of the modules say, and every header has its parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.resources import hdl_file
from tools import datasheet

# A line of the header of lmu_softmax -> what stands there instead, and the part that is missed
BAD_HEADERS = [
    ("// SPDX-License-Identifier: Apache-2.0\n", "", "SPDX-License-Identifier"),
    ("// Softmax of N values:\n", "//\n", "a first sentence"),
    ("// Softmax of N values:\n", "// Softmax of N values\n", "a first sentence"),
    ("//   Signal           Width", "//   Port             Width", "a table of ports"),
    ("//   Cycles (exact", "//   About (exact", "latency"),
    ("//   latency = N*D", "//   delay   = N*D", "latency"),
]


def test_the_readme_is_what_the_headers_say() -> None:
    assert datasheet.README.read_text() == datasheet.datasheet(), "run tools/datasheet.py"


def test_a_readme_that_differs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasheet, "README", tmp_path / "README.md")
    assert datasheet.main(["--check"]) == 1  # there is none
    assert datasheet.main([]) == 0 and datasheet.main(["--check"]) == 0
    text = datasheet.README.read_text()
    assert text.count("`latency = N*D + N + 10`") == 1
    datasheet.README.write_text(text.replace("N*D + N + 10", "N*D + N + 8"))
    assert datasheet.main(["--check"]) == 1


def test_what_a_header_says() -> None:
    entry = datasheet.entry(hdl_file("lmu_softmax"))
    assert entry.does == "Softmax of N values."
    assert len(entry.equation) == 4 and entry.equation[0].startswith("d_k = max_j x_j - x_k   ")
    assert entry.cycles == ("latency = N*D + N + 10", "ii = (N-1)*D + max(D, N + 6)")
    assert entry.where == ("D = max(OUT_F + 2, 6)",)
    assert entry.parameters == ("N", "X_TYPE", "INDEX_TYPE", "EXP_TYPE", "OUT_TYPE", "TABLE_FILE")
    assert entry.inside == ("lmu_align", "lmu_divider", "lmu_ram", "lmu_rom", "lmu_round_sat")


@pytest.mark.parametrize(("old", "new", "part"), BAD_HEADERS)
def test_a_header_that_lacks_a_part_is_refused(tmp_path: Path, old: str, new: str, part: str) -> None:
    text = hdl_file("lmu_softmax").read_text()
    assert old in text
    bad = tmp_path / "lmu_softmax.v"
    bad.write_text(text.replace(old, new, 1))
    with pytest.raises(LmuHlsError, match=rf"lmu_softmax.v lacks .*{part}"):
        datasheet.entry(bad)


def test_a_folder_without_a_subject_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(datasheet.SUBJECTS, "head")
    with pytest.raises(LmuHlsError, match="folders"):
        datasheet.datasheet()
