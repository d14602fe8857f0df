"""How large a matrix on lmu_affine is, and the lanes that it can have."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Matrix:
    """``rows`` sums over ``columns`` operands on lmu_affine, ``lanes`` rows at a time, one multiplier each."""

    columns: int
    rows: int
    lanes: int = 1

    @property
    def groups(self) -> int:
        return self.rows // self.lanes

    @property
    def turn(self) -> int:
        """Cycles of a group: one for each column, but not fewer than sums, which leave one a cycle."""
        return max(self.columns, self.lanes)

    @property
    def cycles(self) -> int:
        """Cycles a step."""
        return self.groups * self.turn

    def with_lanes(self, lanes: int) -> Matrix:
        return replace(self, lanes=lanes)

    @property
    def choices(self) -> dict[int, int]:
        """Lanes that are worth their multipliers -> cycles a step. Beyond ``columns`` lanes only the first helps."""
        choices: dict[int, int] = {}
        for lanes in divisors(self.rows):
            cycles = self.with_lanes(lanes).cycles
            if not choices or cycles < min(choices.values()):
                choices[lanes] = cycles
        return choices


def divisors(number: int) -> list[int]:
    """From 1 up."""
    return [k for k in range(1, number + 1) if number % k == 0]
