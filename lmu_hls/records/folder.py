"""The output folder of one converted model: what lies where; its names are known here and nowhere else.

``NAMES`` is such a folder whose files are named from its root.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lmu_hls.errors import LmuHlsError

MANIFEST = "manifest.json"  # of an output folder, and of the Verilog project in it
# Of the Verilog project: its folders, the last one for other tools, and the files at the top of it
RTL, ROM, VECTORS, BENCH, SOFTWARE, INTEGRATION = "rtl", "rom", "vectors", "tb", "sw", "integration"
MAKEFILE, CORE, README, LICENSE, IP_XACT = "Makefile", "lmu.core", "README.md", "LICENSE", "component.xml"


@dataclass(frozen=True, slots=True)
class OutputFolder:
    """The files of one converted model. Everything below ``root`` is named relative to it, so it can be moved."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / MANIFEST

    @property
    def conversion(self) -> Path:
        """What the conversion wrote, by hash."""
        return self.root / "convert.json"

    @property
    def model(self) -> Path:
        return self.root / "model.keras"

    @property
    def config(self) -> Path:
        return self.root / "config.yml"

    @property
    def spec(self) -> Path:
        return self.root / "spec.npz"

    @property
    def hls(self) -> Path:
        """The hls4ml project."""
        return self.root / "hls"

    @property
    def verilog(self) -> Path:
        """The whole network in Verilog: a project that stands alone."""
        return self.root / "verilog"

    @property
    def project(self) -> Path:
        """What the Verilog project is."""
        return self.verilog / MANIFEST

    @property
    def log(self) -> Path:
        """What hls4ml printed during the conversion."""
        return self.root / "convert.log"

    @property
    def precision(self) -> Path:
        """The types that were chosen, where they were searched for."""
        return self.root / "precision.json"

    @property
    def verification(self) -> Path:
        return self.root / "verify.json"

    @property
    def traces(self) -> Path:
        """What `verify` keeps to be drawn."""
        return self.root / "traces.json"

    @property
    def synthesis(self) -> Path:
        return self.root / "synth.json"

    @property
    def placement(self) -> Path:
        return self.root / "place.json"

    @property
    def hls_synthesis(self) -> Path:
        """What AMD's HLS tool says of the project."""
        return self.root / "hls.json"

    @property
    def boards(self) -> Path:
        return self.root / "boards"

    def board(self, name: str) -> Path:
        """The top of a board, its constraints, bitstream, and the script of its host."""
        return self.boards / name

    @property
    def energy(self) -> Path:
        return self.root / "energy.json"

    @property
    def asic(self) -> Path:
        """What it takes in standard cells."""
        return self.root / "asic.json"

    @property
    def reports(self) -> tuple[Path, Path, Path]:
        """What ``lmu-hls report`` writes: JSON, Markdown and a page."""
        return self.root / "report.json", self.root / "report.md", self.root / "report.html"

    @property
    def plots(self) -> Path:
        """The pictures of the page, as files."""
        return self.root / "plots"

    @property
    def results(self) -> tuple[Path, ...]:
        """The files that are written beside those of the conversion."""
        found = (self.verification, self.traces, self.synthesis, self.placement, self.hls_synthesis)
        return (self.conversion, self.precision, *found, self.energy, self.asic, *self.reports)

    @property
    def derived(self) -> tuple[Path, ...]:
        """The folders of which all can be made again."""
        return self.work(), self.plots, self.boards, self.verilog / "build", self.hls / "csim"

    def work(self, *parts: str) -> Path:
        """A folder for what simulators and synthesis leave behind; it can be deleted at any time."""
        return self.root.joinpath("work", *parts)

    def require(self) -> OutputFolder:
        """This folder, which must hold a converted model."""
        if self.root.is_file():
            raise LmuHlsError(
                f"{self.root} is a file; run 'lmu-hls convert {self.root} OUTDIR' first, and give that folder"
            )
        if not self.manifest.is_file():
            raise LmuHlsError(
                f"{self.root} holds no converted model; run 'lmu-hls convert MODEL.keras {self.root}' first"
            )
        return self

    def forget(self, *records: Path) -> None:
        """Remove records before the command that writes them starts, and the reports, which speak of them.

        What an interrupted or failing command leaves behind therefore never says "passed" of an earlier state.
        """
        pictures = [path for kind in ("svg", "png") for path in self.plots.glob(f"*.{kind}")]
        for path in (*records, *self.reports, *pictures):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise LmuHlsError(f"cannot remove {path}: {error.strerror or error}; remove it yourself") from error


NAMES = OutputFolder(Path())
