"""The table of the estimator: drawn configurations are those that its rows name, and enough of them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.estimate import read_table, write_table
from benchmarks.estimate_networks import LARGE, MOST_MULTIPLIERS, design_of, draw, plain, settings_of

ROWS = read_table()


def test_the_rows_are_what_is_drawn() -> None:
    assert all(settings_of(row["settings"]) == draw(seed) for seed, row in ROWS.items())
    settings = [row["settings"] for row in ROWS.values()]
    for name, values in (
        ("cell", {"none", "dense", "rnn", "lstm", "gru", "gru_before"}),
        ("head", {"none", "dense", "softmax", "argmax"}), ("update", {"dense", "tridiagonal"}), ("layers", {1, 2}),
    ):  # fmt: skip
        assert {row[name] for row in settings} == values


def test_a_drawn_accelerator_has_not_too_many_multipliers() -> None:
    seed = next(seed for seed in range(LARGE) if draw(seed).cell == "lstm")
    assert design_of(draw(seed), seed).plan.multipliers <= MOST_MULTIPLIERS
    assert plain(draw(seed)) == plain(draw(seed)) != plain(draw(seed + 1))


def test_the_table_is_written_as_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    write_table(ROWS, path)
    assert read_table(path) == ROWS and read_table(tmp_path / "absent") == {}
