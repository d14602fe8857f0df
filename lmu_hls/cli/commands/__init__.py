"""The commands, in the order of the help, each in the file of its name; what they do is imported when they run."""

from __future__ import annotations

from collections.abc import Callable

from lmu_hls.cli.commands.asic import asic
from lmu_hls.cli.commands.board import board
from lmu_hls.cli.commands.build import build
from lmu_hls.cli.commands.convert import convert
from lmu_hls.cli.commands.demo import demo
from lmu_hls.cli.commands.doctor import doctor
from lmu_hls.cli.commands.energy import energy
from lmu_hls.cli.commands.estimate import estimate
from lmu_hls.cli.commands.profile import profile
from lmu_hls.cli.commands.report import report
from lmu_hls.cli.commands.synth import synth
from lmu_hls.cli.commands.verify import verify
from lmu_hls.errors import EXIT_STATUS

COMMANDS: dict[Callable[..., None], str | None] = {  # with what stands below its help
    convert: None,
    estimate: None,
    profile: None,
    verify: EXIT_STATUS,
    synth: EXIT_STATUS,
    build: None,
    energy: None,
    board: EXIT_STATUS,
    asic: EXIT_STATUS,
    report: EXIT_STATUS,
    doctor: None,
    demo: EXIT_STATUS,
}
