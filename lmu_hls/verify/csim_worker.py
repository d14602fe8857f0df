"""Runs one compiled hls4ml project over many samples; started by csim.py in a process of its own.

Arguments: library, function, input .npy (samples, values in), output .npy to write, values out of one sample; where the
samples are chunks of one sequence also the variable of the library that says which state a call has.
"""

import ctypes
import sys
import time

import numpy as np

GOES_ON, BEGINS = 1, 2  # the state of the call before, or zero


def main(library: str, function: str, inputs: str, returned: str, n_out: int, switch: str = "") -> None:
    """Call ``function(const double *in, double *out)`` for every row of ``inputs``; say how far it is now and then."""
    loaded = ctypes.CDLL(library)
    call = getattr(loaded, function)
    call.restype = None
    x = np.ascontiguousarray(np.load(inputs), np.float64)
    y = np.full((len(x), n_out), np.nan)
    pointer = ctypes.POINTER(ctypes.c_double)
    told = time.monotonic()
    for row_in, row_out, done in zip(x, y, range(1, len(x) + 1), strict=True):
        if switch:
            ctypes.c_int.in_dll(loaded, switch).value = GOES_ON if done > 1 else BEGINS
        call(row_in.ctypes.data_as(pointer), row_out.ctypes.data_as(pointer))
        if time.monotonic() - told > 0.5 or done == len(x):
            told = time.monotonic()
            print(f"done {done}", flush=True)
    np.save(returned, y)


if __name__ == "__main__":
    library, function, given, returned, n_out, *switch = sys.argv[1:]
    main(library, function, given, returned, int(n_out), *switch)
