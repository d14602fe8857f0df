"""SNR of activation tables against their bits, the nearest entry and interpolated: `python -m benchmarks.tables`.

Normal arguments (deviation 1.5) in fixed<24,5>, results of 18 bits; the function in float64 is the reference.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lmu_hls.activations import FUNCTIONS
from lmu_hls.fixed import FixedType
from lmu_hls.golden.assign import Activate
from lmu_hls.precision import decibel
from lmu_hls.spec import make_activation, table_index_type

FORMS = {"nearest": (9, 11, 13, 15), "linear": (5, 6, 7, 8, 9)}  # bits of the index
X, VALUES = FixedType(24, 5), 100_000


def measured(name: str, bits: int, interpolated: bool) -> tuple[int, float]:
    """Bits of the table of 2**bits entries, and the SNR of what it gives in dB."""
    function = FUNCTIONS[name]
    reach = function.reach
    assert reach is not None
    integer = 1 if function.limit <= 1 else 4
    to = FixedType(17 + integer, integer).with_modes()
    activation = make_activation(name, table_index_type(1 << bits, reach), to, interpolated)
    values = np.rint(np.random.default_rng(0).normal(0, 1.5, VALUES) / X.lsb).astype(np.int64)
    exact = function.real(values * X.lsb)
    error = Activate(activation, X, to)(values) * to.lsb - exact
    assert activation.table is not None
    return activation.table.words.type.width << bits, decibel(float(np.sum(exact**2)), float(np.sum(error**2)))


def rows() -> Iterator[str]:
    """The table in Markdown: a row for each function with a limit and each form, a cell for each size."""
    for name, function in FUNCTIONS.items():
        for form, sizes in FORMS.items() if function.end is not None else ():
            cells = (f"{1 << n}: {bits / 1024:.3g} kbit, {db:.0f} dB" for n in sizes for bits, db in
                     [measured(name, n, form == "linear")])  # fmt: skip
            yield f"| `{name}` | {form} | {' · '.join(cells)} |"


if __name__ == "__main__":
    print("| Function | Form | Entries: bits, SNR |\n|---|---|---|")
    print("\n".join(rows()))
