"""The network in standard cells of 180 nm: area, clock and energy, estimates before layout."""

from lmu_hls.asic.estimate import estimate, words

__all__ = ["estimate", "words"]
