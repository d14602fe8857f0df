"""Where the Verilog, the simulator benches and the licence lie, in a checkout and in an installed wheel alike."""

import importlib.metadata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from lmu_hls.errors import LmuHlsError

_PACKAGE = Path(__file__).resolve().parent
_PROPERTIES = "formal"  # the folder of the property modules, which only proofs instantiate


def hdl_dir() -> Path:
    """The folder of the hand-written Verilog: a folder a subject, a file a module."""
    return _folder("_hdl", "hdl")


@cache
def hdl_modules() -> Mapping[str, Path]:
    """The library's modules, sorted by name, and their files; without the property modules of the proofs."""
    return _by_name(path for path in hdl_dir().glob("*/*.v") if path.parent.name != _PROPERTIES)


@cache
def property_modules() -> Mapping[str, Path]:
    """The modules that hold properties of many modules, and their files."""
    return _by_name(hdl_dir().glob(f"{_PROPERTIES}/*.v"))


def hdl_file(module: str) -> Path:
    """The file of a module of the library. Raises LmuHlsError when there is none of that name."""
    try:
        return hdl_modules()[module]
    except KeyError:
        raise LmuHlsError(f"{hdl_dir()} has no module {module}. Install lmu_hls again.") from None


def sim_dir() -> Path:
    """The folder of the modules that run inside the simulator: put it on PYTHONPATH."""
    return _folder("_sim", "sim")


def _by_name(paths: Iterable[Path]) -> Mapping[str, Path]:
    return MappingProxyType({path.stem: path for path in sorted(paths, key=lambda path: path.stem)})


def license_text() -> str:
    """The text of the licence, which every written project gets."""
    if (_PACKAGE / "_hdl").is_dir():
        text = importlib.metadata.distribution("lmu-hls").read_text("licenses/LICENSE")
        assert text is not None, "the wheel was built without its licence"
        return text
    return (_PACKAGE.parent / "LICENSE").read_text(encoding="utf-8")


def _folder(in_wheel: str, in_checkout: str) -> Path:
    installed = _PACKAGE / in_wheel
    return installed if installed.is_dir() else _PACKAGE.parent / in_checkout
