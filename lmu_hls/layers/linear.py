"""The memory over a whole sequence at once: linear and time-invariant while nothing feeds back into u.

    mem_t = A_bar^(t+1) mem_{-1} + sum_i A_bar^(t-i) B_bar u_i

is evaluated in blocks of L steps. Within a block all L states are one product of [mem before the block, the
block's u] with a constant matrix; only the last state of each block is carried on to the next. Sequences here are
(rows, time), a row being one channel of one sample. benchmarks/training.py compares this with FFT convolution and
with an associative scan.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from lmu_hls import legendre
from lmu_hls.layers import discretize

MAX_BLOCK = 56
MAX_CARRY_ENTRIES = 2**22
SEQUENTIAL_BLOCKS = 32


def powers(xp: Any, a_bar: Any, b_bar: Any, count: int) -> tuple[Any, Any]:
    """Rows A_bar^j B_bar, j = 0..count-1, as (count, order), and A_bar^count (order, order).

    By doubling, about 2 log2(count) matrix products. `xp` is numpy or keras.ops.
    """
    rows, square, total, done, left = xp.expand_dims(b_bar, 0), a_bar, None, 1, count
    while left:
        if left & 1:
            total = square if total is None else square @ total
        if done < count:  # square = A_bar^done
            rows = xp.concatenate([rows, rows @ xp.transpose(square)], axis=0)
        left, done = left >> 1, 2 * done
        if left:
            square = square @ square
    return rows[:count], total


def block_matrices(xp: Any, a_bar: Any, b_bar: Any, steps: int) -> tuple[Any, Any]:
    """Matrices of one block of L = `steps`, to be multiplied by rows from the left.

    carry (order, L * order) takes mem before the block to its L states; drive (L, L * order) takes u to them.
    """
    order = b_bar.shape[0]
    stack = xp.expand_dims(xp.transpose(a_bar), 0)
    while stack.shape[0] < steps:  # stack[j] = (A_bar^T)^(j+1)
        stack = xp.concatenate([stack, stack @ stack[-1]], axis=0)
    carry = xp.reshape(xp.transpose(stack[:steps], (1, 0, 2)), (order, steps * order))
    impulse, _ = powers(xp, a_bar, b_bar, steps)
    lag = np.arange(steps)[None, :] - np.arange(steps)[:, None]
    drive = xp.take(impulse, np.maximum(lag, 0).ravel(), axis=0)
    drive = xp.where((lag.ravel() >= 0)[:, None], drive, xp.zeros_like(drive))
    return carry, xp.reshape(drive, (steps, steps * order))


KINDS: dict[str, Callable[..., tuple[Any, Any]]] = {"block": block_matrices, "powers": powers}


@functools.lru_cache(maxsize=8)
def _constants(
    kind: str, order: int, theta: float, discretizer: str, basis: str, count: int
) -> tuple[legendre.Array, legendre.Array]:
    return KINDS[kind](np, *legendre.discretize(order, theta, discretizer, basis), count)


def matrices(kind: str, cell: Any, count: int) -> tuple[Any, Any]:
    """`block_matrices` or `powers` of an LMUCell, as tensors of its compute dtype.

    In float64 NumPy where theta is fixed; else in the working dtype of the backend, differentiable in theta.
    """
    if cell.log_theta_ratio is None:
        found = _constants(kind, cell.order, cell.theta, cell.discretizer, cell.basis, count)
    else:
        found = KINDS[kind](ops, *cell.system_tensors(discretize.working_dtype()), count)
    first, second = (ops.cast(ops.convert_to_tensor(m), cell.compute_dtype) for m in found)
    return first, second


def block_length(steps: int, order: int) -> int:
    """Steps per block: at most 56, fewer where the carry matrix would pass 4 Mi entries, evenly shared."""
    most = max(4, min(MAX_BLOCK, MAX_CARRY_ENTRIES // order**2))
    return math.ceil(steps / math.ceil(steps / most))


def last_state(cell: Any, u: Any, mem: Any) -> Any:
    """mem (rows, order) after u (rows, time), from mem (rows, order) before it, or None for zero."""
    impulse, transition = matrices("powers", cell, u.shape[1])
    after = ops.matmul(u, ops.flip(impulse, axis=0))
    return after if mem is None else after + ops.matmul(mem, ops.transpose(transition))


def _states_before(ends: Any, step: Any, mem: Any, blocks: int) -> Any:
    """mem before each block (rows, blocks, order), from what each block adds at its end and A_bar^L transposed."""
    if mem is None:
        mem = ops.zeros_like(ends[:, 0])
    if blocks <= SEQUENTIAL_BLOCKS:
        before = [mem]
        for k in range(blocks - 1):
            before.append(ops.matmul(before[-1], step) + ends[:, k])
        return ops.stack(before, axis=1)
    # Doubling: a graph of log2(blocks) operations in place of one per block.
    sums, shift = ops.concatenate([ops.expand_dims(mem, 1), ends[:, :-1]], axis=1), 1
    while shift < blocks:
        moved = ops.matmul(sums[:, :-shift], step)
        sums = ops.concatenate([sums[:, :shift], sums[:, shift:] + moved], axis=1)
        step, shift = ops.matmul(step, step), 2 * shift
    return sums


def all_states(cell: Any, u: Any, mem: Any) -> Any:
    """mem (rows, time, order) after every step of u (rows, time), from mem (rows, order) or None for zero."""
    order, steps = cell.order, u.shape[1]
    length = block_length(steps, order)
    blocks = math.ceil(steps / length)
    carry, drive = matrices("block", cell, length)
    if blocks * length > steps:
        u = ops.pad(u, ((0, 0), (0, blocks * length - steps)))
    u = ops.reshape(u, (-1, blocks, length))
    if blocks == 1 and mem is None:
        states = ops.matmul(u, drive)
    else:
        ends = ops.matmul(u, drive[:, -order:])
        before = _states_before(ends, carry[:, -order:], mem, blocks)
        states = ops.matmul(ops.concatenate([before, u], axis=-1), ops.concatenate([carry, drive], axis=0))
    return ops.reshape(states, (-1, blocks * length, order))[:, :steps]


def memory(cell: Any, u: Any, mem: Any, every_step: bool) -> Any:
    """mem of an LMUCell from u (batch, time, memory_d) and mem (batch, memory_d * order) or None.

    Returns (batch, time, memory_d * order), or only the last step (batch, memory_d * order).
    """
    steps, size = u.shape[1], cell.memory_d * cell.order
    rows = ops.reshape(ops.transpose(u, (0, 2, 1)), (-1, steps))
    start = None if mem is None else ops.reshape(mem, (-1, cell.order))
    if not every_step:
        return ops.reshape(last_state(cell, rows, start), (-1, size))
    states = all_states(cell, rows, start)
    if cell.memory_d > 1:
        states = ops.transpose(ops.reshape(states, (-1, cell.memory_d, steps, cell.order)), (0, 2, 1, 3))
    return ops.reshape(states, (-1, steps, size))


def time_distributed(layer: Any) -> bool:
    """True if applying `layer` to (batch * time, features) is the same as applying it step by step."""
    kinds = (
        keras.layers.Dense,
        keras.layers.Activation,
        keras.layers.ReLU,
        keras.layers.LeakyReLU,
        keras.layers.Identity,
        keras.layers.LayerNormalization,
    )
    return layer is None or isinstance(layer, kinds)
