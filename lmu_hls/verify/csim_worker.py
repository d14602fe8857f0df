"""Runs one compiled hls4ml project over many samples; started by csim.py in a process of its own.

Arguments: library, function, input .npy (samples, values in), output .npy to write, the values of one sample for each
input and for each output, as 8,4 and 3; where the samples are chunks of one sequence also the variable of the library
that says which state a call has. The inputs of a sample stand side by side in its row, as do the outputs.
"""

import ctypes
import sys
import time

import numpy as np

GOES_ON, BEGINS = 1, 2  # the state of the call before, or zero


def main(library: str, function: str, inputs: str, returned: str, sizes: tuple[str, str], switch: str = "") -> None:
    """Call ``function(double *in1, ..., double *out1, ...)`` for every row of ``inputs``; say how far it is."""
    loaded = ctypes.CDLL(library)
    call = getattr(loaded, function)
    call.restype = None
    x = np.ascontiguousarray(np.load(inputs), np.float64)
    starts_in, starts_out = (np.cumsum([0, *map(int, each.split(","))]).tolist() for each in sizes)
    y = np.full((len(x), starts_out[-1]), np.nan)
    pointer = ctypes.POINTER(ctypes.c_double)
    told = time.monotonic()
    for row_in, row_out, done in zip(x, y, range(1, len(x) + 1), strict=True):
        if switch:
            ctypes.c_int.in_dll(loaded, switch).value = GOES_ON if done > 1 else BEGINS
        parts = [row_in[start:] for start in starts_in[:-1]] + [row_out[start:] for start in starts_out[:-1]]
        call(*(part.ctypes.data_as(pointer) for part in parts))
        if time.monotonic() - told > 0.5 or done == len(x):
            told = time.monotonic()
            print(f"done {done}", flush=True)
    np.save(returned, y)


if __name__ == "__main__":
    library, function, given, returned, n_in, n_out, *switch = sys.argv[1:]
    main(library, function, given, returned, (n_in, n_out), *switch)
