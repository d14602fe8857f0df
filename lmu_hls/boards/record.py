"""The boards that are known by name: device, oscillator, pins, and how they are programmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lmu_hls.errors import LmuHlsError
from lmu_hls.suggest import nearest


@dataclass(frozen=True, slots=True)
class Board:
    """One board. `target` is its device (a name for `--target`), `clock_mhz` its oscillator.

    `clock`, `rx` and `tx` are the pins of the oscillator and of the serial line, seen from the FPGA; `leds` are those
    of the LEDs, lit by 0 where `led_low`. `high` are outputs that have to be 1, {port: pin}. `standard` has the I/O
    standard of ports that are not at 3.3 V. `variants` are other devices that the board is sold with. `flash` are the
    commands that program it, with {bitstream} for the file, `notes` what has to be done to the board.
    """

    name: str
    title: str
    target: str
    clock_mhz: float
    clock: str
    rx: str
    tx: str
    leds: tuple[str, ...]
    flash: tuple[str, ...]
    led_low: bool = False
    high: Mapping[str, str] = field(default_factory=dict)
    standard: Mapping[str, str] = field(default_factory=dict)
    variants: tuple[str, ...] = ()
    notes: str = ""

    def __post_init__(self) -> None:
        if len(self.leds) < 2:
            raise ValueError(f"{self.name} has {len(self.leds)} LEDs; the top needs 2 or more")

    @property
    def pins(self) -> dict[str, str]:
        """{port: pin} of the top."""
        leds = {f"led[{k}]": pin for k, pin in enumerate(self.leds)}
        return {"clk": self.clock, "rx": self.rx, "tx": self.tx, **self.high, **leds}


_ALL = (
    Board(
        name="icebreaker",
        title="iCEBreaker",
        target="up5k",
        clock_mhz=12.0,
        clock="35",
        rx="6",
        tx="9",
        leds=("11", "37", "39", "40", "41"),
        led_low=True,
        flash=("openFPGALoader -b ice40_generic {bitstream}", "iceprog {bitstream}"),
    ),
    Board(
        name="upduino",
        title="UPduino 3",
        target="up5k",
        clock_mhz=12.0,
        clock="20",
        rx="15",
        tx="14",
        leds=("41", "39", "40"),
        led_low=True,
        high={"flash_cs": "16"},
        flash=("openFPGALoader -b ice40_generic {bitstream}", "iceprog {bitstream}"),
        notes="Close the solder jumper OSC, which leads the 12 MHz oscillator to pin 20; the internal oscillator is "
        "too inexact for a serial line. The line shares pins with the flash, whose chip select is therefore held at 1.",
    ),
    Board(
        name="ulx3s",
        title="ULX3S",
        target="ecp5-85k",
        clock_mhz=25.0,
        clock="G2",
        rx="M1",
        tx="L4",
        leds=("B2", "C2", "C1", "D2", "D1", "E2", "E1", "H3"),
        high={"wifi_gpio0": "L2"},
        variants=("ecp5-12k", "ecp5-25k", "ecp5-45k"),
        flash=("openFPGALoader -b ulx3s {bitstream}", "fujprog {bitstream}"),
    ),
    Board(
        name="tangnano9k",
        title="Tang Nano 9K",
        target="gw1nr-9",
        clock_mhz=27.0,
        clock="52",
        rx="18",
        tx="17",
        leds=("10", "11", "13", "14", "15", "16"),
        led_low=True,
        standard={f"led[{k}]": "LVCMOS18" for k in range(6)},
        flash=("openFPGALoader -b tangnano9k {bitstream}", "openFPGALoader -b tangnano9k -f {bitstream}"),
    ),
)
BOARDS: Mapping[str, Board] = MappingProxyType({board.name: board for board in _ALL})


def board_of(name: str) -> Board:
    """The board of this name. LmuHlsError with the known ones when there is none."""
    if name not in BOARDS:
        near = nearest(name, BOARDS)
        hint = f"; did you mean {near!r}?" if near else ""
        raise LmuHlsError(f"board {name!r} is none of {', '.join(BOARDS)}{hint}")
    return BOARDS[name]
