"""What the commands do, as functions: convert, verify, build and energy; each leaves records in an output folder."""

from lmu_hls.flow.config_file import read_config
from lmu_hls.flow.convert import convert, load_model, softmax_remark, up_to_logits
from lmu_hls.flow.csynth import synthesize_hls
from lmu_hls.flow.data import Data, data_or_random, load_data, random_data
from lmu_hls.flow.energy import energy
from lmu_hls.flow.estimate import estimate_line, estimate_model, estimate_text
from lmu_hls.flow.lengths import mask_value_of, with_steps
from lmu_hls.flow.numbers import change_discretizer, choose_types, profile_types, rehearse, target_of
from lmu_hls.flow.optimize import DEVICE, optimize
from lmu_hls.flow.verification import Progress, no_progress, verify
from lmu_hls.records.folder import OutputFolder
from lmu_hls.replace import check_free
from lmu_hls.rtl.options import RtlOptions

__all__ = [
    "DEVICE",
    "Data",
    "OutputFolder",
    "Progress",
    "RtlOptions",
    "change_discretizer",
    "check_free",
    "choose_types",
    "convert",
    "data_or_random",
    "energy",
    "estimate_line",
    "estimate_model",
    "estimate_text",
    "load_data",
    "load_model",
    "mask_value_of",
    "no_progress",
    "optimize",
    "profile_types",
    "random_data",
    "read_config",
    "rehearse",
    "softmax_remark",
    "synthesize_hls",
    "target_of",
    "up_to_logits",
    "verify",
    "with_steps",
]
