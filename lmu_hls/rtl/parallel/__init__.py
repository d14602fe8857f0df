"""Layers whose streams carry a whole vector a beat, for fewer cycles a step than a step has values, down to one.

All rows of a matrix are worked on at once, and so many columns a cycle that the layer takes the cycles that are asked
for: ``lmu_matvec`` behind ``lmu_join``, and ``lmu_activations``; ``lmu_memory_parallel`` is the memory. A layer with
feedback takes one way round as its cycles.
"""

from lmu_hls.rtl.parallel.base import DENSE, FUNCTIONS, Parallel
from lmu_hls.rtl.parallel.cycles import ParallelMemory
from lmu_hls.rtl.parallel.layers import ParallelDense, ParallelElementwise, ParallelLMU, ParallelRecurrent

__all__ = [
    "DENSE",
    "FUNCTIONS",
    "Parallel",
    "ParallelDense",
    "ParallelElementwise",
    "ParallelLMU",
    "ParallelMemory",
    "ParallelRecurrent",
]
