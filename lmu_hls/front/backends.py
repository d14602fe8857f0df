"""The backends of hls4ml that cannot take an LMU, each with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lmu_hls.errors import LmuHlsError

_NEXT = "hls4ml 1.3.0, which this version is made for, does not have it"
REFUSED: Mapping[str, str] = {
    "oneAPI": "its projects are SYCL code for Intel's compiler, which the C++ of the LMU is not written in",
    "Libero": "hls4ml's package lacks the files that compile its projects, and it asks for Microchip's program shls",
    "VitisUnified": _NEXT,
    "VitisAccelerator": _NEXT,
    "SymbolicExpression": "it takes formulas instead of layers",
}


def supported_backend(name: object, supported: Iterable[str]) -> str:
    """hls4ml's name of the backend ``name``, however it is written, if it is one of ``supported``.

    Raises LmuHlsError, with the reason where there is one, for any other.
    """
    names = {one.lower(): one for one in supported}
    if not names:
        raise LmuHlsError(
            f"backend {name!r}: hls4ml knows no backend that can take an LMU, because lmu_hls could not be registered "
            "with it; import lmu_hls.plugin to see why, and ask lmu-hls doctor which versions work together"
        )
    found = names.get(str(name).lower())
    if found is not None:
        return found
    reasons = {one.lower(): f"{one!r} is not supported: {reason}" for one, reason in REFUSED.items()}
    why = reasons.get(str(name).lower(), f"{name!r} is not supported")
    raise LmuHlsError(f"backend {why}; use one of {', '.join(names.values())}")
