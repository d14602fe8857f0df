"""AMD's HLS tool on a project: ``lmu-hls build`` runs it on a copy, and hls4ml's ``build`` must not fail in silence."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lmu_hls import process, toolchain
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.settle import has_lmu
from lmu_hls.hls.csynth import read_figures
from lmu_hls.hls.targets import Target
from lmu_hls.records import HlsFigures, write_text

PROJECT, LOG, SCRIPT, CHOICES = "project", "build.log", "build_prj.tcl", "build_opt.tcl"
# What hls4ml's script does, by its names
STEPS = ("reset", "csim", "synth", "cosim", "validation", "export", "vsynth", "fifo_opt")
TAIL = 5  # lines of the log in a message


def synthesize(project: Path, target: Target, work: Path) -> HlsFigures:
    """C synthesis of a written project, in a copy below ``work`` so that the project stays as it is; the figures.

    What the tool prints is kept in ``work``, also when it fails.
    Raises LmuHlsError for a backend of another vendor and without the tool; when it fails, takes too long or leaves no
    report.
    """
    if not target.is_amd:
        raise LmuHlsError(
            f"{target.name} projects are not for AMD's tools, whose reports are read; build it with the tool that "
            "hls4ml names, or convert with --backend Vitis"
        )
    tool = toolchain.need(target.tool)
    assert tool.path is not None
    shutil.rmtree(work, ignore_errors=True)
    copy, log = work / PROJECT, work / LOG
    shutil.copytree(project, copy)
    done = process.run(_command(tool.path, copy), tool=target.tool, cwd=copy, log=log)
    if done.code:
        said = log.read_text(encoding="utf-8", errors="replace")
        tail = "\n".join(said.splitlines()[-TAIL:])
        why = process.trouble(done.code, said) or "see the log for the place in the C++ or the script"
        raise LmuHlsError(f"{target.tool} failed (exit status {done.code}): {why}. The log is {log}, its end:\n{tail}")
    try:
        return read_figures(copy, NAMES[target.tool])
    except LmuHlsError as error:
        raise LmuHlsError(f"{error}. The log is {log}") from error


NAMES = {"vitis_hls": "Vitis HLS", "vivado_hls": "Vivado HLS"}


def _command(program: Path, project: Path) -> list[str]:
    """C synthesis alone by hls4ml's script, which reads its choices from the command or from a file beside it."""
    chosen = {step: int(step in ("reset", "synth")) for step in STEPS}
    if program.name.startswith("vivado"):
        return [str(program), "-f", SCRIPT, " ".join(f"{step}={value}" for step, value in chosen.items())]
    lines = "".join(f"    {step} {value}\n" for step, value in chosen.items())
    write_text(project / CHOICES, f"array set opt {{\n{lines}}}\n")
    if program.name.startswith("vitis-run"):
        return [str(program), "--tcl", SCRIPT, "--mode", "hls"]
    return [str(program), "-f", SCRIPT]


def checked_build(build: Callable[..., Any]) -> Callable[..., Any]:
    """hls4ml's ``build`` of a backend, which for a model with an LMU ends with a report or with a message."""

    @functools.wraps(build)
    def checked(model: Any, *arguments: Any, **options: Any) -> Any:
        if not has_lmu(model):
            return build(model, *arguments, **options)
        place = model.config.get_output_dir()
        try:
            report = build(model, *arguments, **options)
        except Exception as error:  # hls4ml raises plain exceptions, and stumbles over reports that are not there
            raise LmuHlsError(
                f"the HLS tool did not build {place}: {error or type(error).__name__}; see the .log files there"
            ) from error
        if options.get("synth", True) and not (report or {}).get("CSynthesisReport"):
            raise LmuHlsError(f"the HLS tool left no report of C synthesis in {place}; see the .log files there")
        return report

    return checked
