"""From a trained Keras Legendre Memory Unit to a verified FPGA design.

Names are loaded on first use, so that ``import lmu_hls`` and the command line start without Keras or hls4ml. Keras
knows the layers once both are imported, in either order: ``keras.models.load_model`` needs nothing more.
hls4ml knows the LMU in the same way.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lmu_hls import registration

if TYPE_CHECKING:
    from lmu_hls.backend import reference
    from lmu_hls.hls import register
    from lmu_hls.hls.stateful import reset_states, stream
    from lmu_hls.layers import LMU, LMUCell, Recurrent, convert_keras_lmu, load_keras_lmu
    from lmu_hls.layers.rebase import fine_tune, rebase, rediscretize
    from lmu_hls.spec.lengths import masked_lengths
    from lmu_hls.training import QuantizedModel, distill, learn_types, prune, quantize
    from lmu_hls.tuning import auto_precision

__version__ = "0.1.0"
__all__ = [
    "LMU",
    "LMUCell",
    "QuantizedModel",
    "Recurrent",
    "__version__",
    "auto_precision",
    "convert_keras_lmu",
    "distill",
    "fine_tune",
    "learn_types",
    "load_keras_lmu",
    "masked_lengths",
    "prune",
    "quantize",
    "rebase",
    "rediscretize",
    "reference",
    "register",
    "reset_states",
    "stream",
]

_HOME = {
    **dict.fromkeys(("LMU", "LMUCell", "Recurrent", "convert_keras_lmu", "fine_tune"), "lmu_hls.layers"),
    **dict.fromkeys(("load_keras_lmu", "rebase", "rediscretize"), "lmu_hls.layers"),
    **dict.fromkeys(("QuantizedModel", "distill", "learn_types", "prune", "quantize"), "lmu_hls.training"),
    "auto_precision": "lmu_hls.tuning",
    "masked_lengths": "lmu_hls.spec.lengths",
    "reference": "lmu_hls.backend",
    "register": "lmu_hls.hls",
    **dict.fromkeys(("reset_states", "stream"), "lmu_hls.hls.stateful"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lmu_hls' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


registration.with_keras()
registration.with_hls4ml()
