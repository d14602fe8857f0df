"""Where the Verilog and the simulator benches lie, in a checkout and in an installed wheel alike."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def hdl_dir() -> Path:
    """The folder of the hand-written Verilog."""
    return _folder("_hdl", "hdl")


def sim_dir() -> Path:
    """The folder of the modules that run inside the simulator: put it on PYTHONPATH."""
    return _folder("_sim", "sim")


def _folder(in_wheel: str, in_checkout: str) -> Path:
    installed = _PACKAGE / in_wheel
    return installed if installed.is_dir() else _PACKAGE.parent / in_checkout
