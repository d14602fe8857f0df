"""Toggles are read as they stand in the file; a file that is cut or altered is refused."""

from pathlib import Path

import pytest

from lmu_hls.energy.saif import Toggles, parse_saif, read_saif
from lmu_hls.errors import LmuHlsError

# a: 0 1 1 0 1 0 0 0, 4 changes; b[1] 1 throughout; b[0] 0 0 0 0 0 0 0 1
TEXT = r"""(SAIFILE (SAIFVERSION "2.0") (DIVIDER / ) (DURATION 8)
 (INSTANCE TOP
  (NET (a (T0 5) (T1 3) (TZ 0) (TX 0) (TB 0) (TC 4)))
  (INSTANCE g_lane[0]
   (INSTANCE mac
    (NET
     (b\[0\] (T0 7) (T1 1) (TZ 0) (TX 0) (TB 0) (TC 1))
     (b\[1\] (T0 0) (T1 8) (TZ 0) (TX 0) (TB 0) (TC 0)))))
  (NET (c (T0 8) (T1 0) (TX 0) (TC 0)))))
"""


def test_counts_of_a_known_waveform() -> None:
    found = parse_saif(TEXT)
    assert found.duration == 8
    assert found.nets == {
        "TOP.a": Toggles(3, 4),
        "TOP.g_lane[0].mac.b[0]": Toggles(1, 1),
        "TOP.g_lane[0].mac.b[1]": Toggles(8, 0),
        "TOP.c": Toggles(0, 0),
    }


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("(T1 3)", "(T1 4)", "the counts of TOP.a are not those of 8 time units"),
        ("(DURATION 8)", "", "the counts of TOP.a are not those of None"),
        (" (TC 4)", "", "the counts of TOP.a"),
        ("(TX 0) (TC 0)))))", "(TX 0) (TC 0))", "it ends too early"),
        ("(TX 0) (TC 0)))))", "(TX 0) (TC 0))))))", "a bracket too many"),
        (TEXT, "", "it ends too early"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, old: str, new: str, cause: str) -> None:
    assert old in TEXT
    path = tmp_path / "activity.saif"
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(LmuHlsError, match=cause):
        read_saif(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LmuHlsError, match=r"activity\.saif is no activity file"):
        read_saif(tmp_path / "activity.saif")
