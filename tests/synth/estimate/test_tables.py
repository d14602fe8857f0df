"""What the contents of a ROM take as logic."""

from lmu_hls.synth.estimate.tables import RomLogic, rom_logic


def test_constant_and_equal_columns_take_nothing() -> None:
    assert rom_logic([0b1101, 0b1101, 0b1101], 4) == RomLogic(0, 0, 0, 0, 0, 0)
    assert rom_logic([0b00, 0b11, 0b00, 0b11], 2) == RomLogic(2, 1, 1, 0, 1, 0)


def test_tables_of_four_and_of_six_inputs() -> None:
    words = [k & 1 if k < 16 else k >> 1 & 1 for k in range(64)]
    assert rom_logic(words, 1) == RomLogic(1, 1, 2, 1, 1, 0)
