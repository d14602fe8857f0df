"""What a graph of hls4ml carries for us beside its nodes; nothing of hls4ml is imported here."""

from __future__ import annotations

from typing import Any


def remarks(model: Any) -> dict[str, str]:
    """What became of a layer of the Keras model, by its name, where that is not what its class says."""
    notes: dict[str, str] = vars(model).setdefault("lmu_remarks", {})
    return notes
