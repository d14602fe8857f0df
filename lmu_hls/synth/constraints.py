"""Constraint files for place and route: the clock and the pins, in each family's language."""

from __future__ import annotations

from collections.abc import Mapping


def constraints(language: str, clock: str, mhz: float, pins: Mapping[str, str]) -> str:
    """The constraint file: the frequency of the port ``clock`` where the language can say it, and {port: pin}.

    ``language`` is "lpf" (ECP5), "pcf" (iCE40), "cst" (Gowin, which names its clock in SDC) or "xdc" (AMD).
    """
    lines = {
        "lpf": [
            f'FREQUENCY PORT "{clock}" {mhz:g} MHZ;',
            *(f'LOCATE COMP "{port}" SITE "{pin}";' for port, pin in pins.items()),
            *(f'IOBUF PORT "{port}" IO_TYPE=LVCMOS33;' for port in pins),
        ],
        "pcf": [f"set_frequency {clock} {mhz:g}", *(f"set_io {port} {pin}" for port, pin in pins.items())],
        "cst": [
            *(f'IO_LOC "{port}" {pin};' for port, pin in pins.items()),
            *(f'IO_PORT "{port}" IO_TYPE=LVCMOS33;' for port in pins),
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
