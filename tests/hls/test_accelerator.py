"""VivadoAccelerator is for boards: Part chooses one, the estimate is of its part, and another part is refused."""

import pytest

from lmu_hls import flow
from lmu_hls.errors import LmuHlsError
from lmu_hls.hls.accelerator import NAME, board_of, boards
from lmu_hls.hls.estimate import estimate_graph
from tests.support.lmu_models import convert, lmu, model
from tests.support.small_model import small_model

SETTINGS = {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": 1}}


def test_every_board_is_chosen_by_its_part():
    assert len(boards()) > 3 and all(board_of(part) == board for board, part in boards().items())
    with pytest.raises(LmuHlsError, match=r"Part 'xcku5p' is that of no board .*xc7z020clg400-1 \(pynq-z2\)"):
        board_of("xcku5p")


def test_the_estimate_is_of_the_boards_part(tmp_path):
    """A multiplier of the 7 series is smaller; where no board is given hls4ml takes pynq-z2."""
    graph = convert(model(lmu(None, return_sequences=False)), tmp_path / "out", SETTINGS, backend=NAME)
    found = estimate_graph(graph)
    assert (found.part, found.multiplier) == ("xc7z020clg400-1", "25 x 18")
    graph.write()
    assert 'set part "xc7z020clg400-1"' in (tmp_path / "out" / "project.tcl").read_text()


def test_a_part_that_hls4ml_would_replace_is_refused(tmp_path):
    wrong = convert(
        model(lmu(None, return_sequences=False)), tmp_path / "out", SETTINGS, backend=NAME, part="xcku5p-ffvb676-2-e"
    )
    with pytest.raises(LmuHlsError, match=r"Part 'xcku5p-ffvb676-2-e' is not that of the board 'pynq-z2', xc7z020"):
        wrong.write()


def test_a_part_in_the_settings_chooses_the_board(tmp_path):
    part = boards()["zcu102"]
    made = flow.convert(small_model(), tmp_path / "out", config={**SETTINGS, "Part": part}, backend=NAME)
    assert made.hls is not None and made.hls.part == part
    assert f'set part "{part}"' in (tmp_path / "out" / "hls" / "project.tcl").read_text()
