"""Constraint files for place and route: the clock and the pins, in each family's language."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from lmu_hls.errors import LmuHlsError

_NAME = r'"?([^\s";]+)"?'
# Statements that name a port; nextpnr passes over some whose port is not there, and so leaves the pin to chance
_PORTS = {
    "lpf": re.compile(rf"(?:LOCATE\s+COMP|IOBUF\s+PORT|FREQUENCY\s+PORT)\s+{_NAME}\s.*", re.IGNORECASE),
    "pcf": re.compile(r"set_io\s+(?:-\w+\s+(?:(?:yes|no)\s+)?)*(\S+)\s+\S+"),
    "cst": re.compile(rf"(?:IO_LOC|IO_PORT)\s+{_NAME}\s.*", re.IGNORECASE),
}
# Those that name a net
_NETS = {
    "lpf": re.compile(rf"FREQUENCY\s+NET\s+{_NAME}\s.*", re.IGNORECASE),
    "pcf": re.compile(r"set_frequency\s+(\S+)\s+\S+"),
    "cst": re.compile(rf"CLOCK_LOC\s+{_NAME}\s.*", re.IGNORECASE),
}
_OTHER = {
    "lpf": re.compile(r"(?:BLOCK|SYSCONFIG|IOBUF\s+ALLPORTS)\b.*", re.IGNORECASE),
    "pcf": re.compile(r"(?!)"),
    "cst": re.compile(r"USE_\w+.*", re.IGNORECASE),
}


def constraints(
    language: str, clock: str, mhz: float, pins: Mapping[str, str], standards: Mapping[str, str] | None = None
) -> str:
    """The constraint file: the frequency of the port ``clock`` where the language can say it, and {port: pin}.

    ``language`` is "lpf" (ECP5), "pcf" (iCE40), "cst" (Gowin, which names its clock in SDC) or "xdc" (AMD).
    ``standards`` are {port: I/O standard} of ports that are not LVCMOS33, where the language says it.
    """
    standard = {port: (standards or {}).get(port, "LVCMOS33") for port in pins}
    lines = {
        "lpf": [
            f'FREQUENCY PORT "{clock}" {mhz:g} MHZ;',
            *(f'LOCATE COMP "{port}" SITE "{pin}";' for port, pin in pins.items()),
            *(f'IOBUF PORT "{port}" IO_TYPE={kind};' for port, kind in standard.items()),
        ],
        "pcf": [f"set_frequency {clock} {mhz:g}", *(f"set_io {port} {pin}" for port, pin in pins.items())],
        "cst": [
            *(f'IO_LOC "{port}" {pin};' for port, pin in pins.items()),
            *(f'IO_PORT "{port}" IO_TYPE={kind};' for port, kind in standard.items()),
        ],
        "xdc": [
            sdc(clock, mhz).rstrip(),
            *(f"set_property PACKAGE_PIN {pin} [get_ports {{{port}}}]" for port, pin in pins.items()),
        ],
    }
    return "".join(f"{line}\n" for line in lines[language])


def sdc(clock: str, mhz: float) -> str:
    """The clock in SDC."""
    return f"create_clock -name {clock} -period {1000.0 / mhz:.3f} [get_ports {{{clock}}}]\n"


def check_constraints(language: str, text: str, ports: Collection[str], nets: Collection[str] = ()) -> None:
    """Raises LmuHlsError for a statement that is not known, or names a port or net that is not there.

    ``ports`` are named as "led" or "bus[3]"; a net is a port or one of ``nets``.
    """
    for number, line in enumerate(text.splitlines(), 1):
        statement = re.sub(r"(?:#|//).*", "", line).strip()
        if not statement or _OTHER[language].fullmatch(statement):
            continue
        where = f"line {number} of the constraints, {statement!r},"
        if found := _PORTS[language].fullmatch(statement):
            if found[1] not in ports:
                raise LmuHlsError(f"{where} names no port of the design: its ports are {', '.join(ports)}")
        elif found := _NETS[language].fullmatch(statement):
            if found[1] not in ports and found[1] not in nets:
                raise LmuHlsError(f"{where} names no port or net of the design")
        else:
            raise LmuHlsError(f"{where} is no {language.upper()} statement that is known here")
