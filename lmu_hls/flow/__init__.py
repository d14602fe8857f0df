"""What the commands do, as functions: convert and verify; each leaves records in an output folder."""

from lmu_hls.flow.convert import convert, load_model, without_softmax
from lmu_hls.flow.data import Data, load_data, random_data
from lmu_hls.flow.folder import OutputFolder
from lmu_hls.flow.verification import verify

__all__ = [
    "Data",
    "OutputFolder",
    "convert",
    "load_data",
    "load_model",
    "random_data",
    "verify",
    "without_softmax",
]
