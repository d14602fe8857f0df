"""What lmu_frame makes of sequences, by its definition."""

from __future__ import annotations

from typing import NamedTuple


class Sizes(NamedTuple):
    """Parameters of lmu_frame: beats of a step, steps of a sequence (0: any number), and whether fewer are right."""

    n: int
    steps: int
    fewer: int = 0


def framed(sequences: list[list[int]], sizes: Sizes) -> dict[str, list[list[int]]]:
    """Beats of m_axis, and of e_axis and of the pulses, for sequences that end with tlast each."""
    n, steps, fewer = sizes
    out: dict[str, list[list[int]]] = {"m_axis": [], "e_axis": [], "p_axis": []}
    for sequence in sequences:
        whole = sequence[: n * steps] if steps else sequence
        whole = whole + [0] * (-len(whole) % n)
        right = len(sequence) % n == 0 and (steps == 0 or len(sequence) // n in range(1 if fewer else steps, steps + 1))
        out["m_axis"] += [[value, int(k == len(whole) - 1), 0] for k, value in enumerate(whole)]
        out["e_axis"].append([int(not right), 0, 0])
    out["p_axis"] = out["e_axis"]
    return out
