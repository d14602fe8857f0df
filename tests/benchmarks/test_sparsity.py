"""The table of what zeros save."""

from benchmarks import sparsity


def test_a_gru_takes_three_of_four_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(sparsity, "UNITS", 4)
    table = sparsity.Table()
    for name in ("part", "multipliers", "cycles", "left", "share"):
        table.add_column(name)
    network = sparsity.network_spec(sparsity.convert(sparsity.gru(), tmp_path))
    sparsity.rows(table, network, 1, ("hidden",))
    assert list(table.columns[-1].cells) == ["75.0 %"]
