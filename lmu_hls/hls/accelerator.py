"""VivadoAccelerator builds for boards that hls4ml knows, and takes the part of the board, whatever Part says."""

from __future__ import annotations

import json
from pathlib import Path

import hls4ml

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.node import Graph

NAME = "VivadoAccelerator"
DEFAULT_PART = "xcvu13p-flga2577-2-e"  # of hls4ml where nobody gives one
_BOARDS = "backends/vivado_accelerator/supported_boards.json"


def boards() -> dict[str, str]:
    """hls4ml's boards, each with its part."""
    text = (Path(hls4ml.__file__).parent / _BOARDS).read_text(encoding="utf-8")
    return {name: str(board["part"]) for name, board in json.loads(text).items()}


def board_of(part: str) -> str:
    """The board with this part. Raises LmuHlsError where hls4ml has none."""
    known = boards()
    for board, its in known.items():
        if its == part:
            return board
    listed = ", ".join(f"{its} ({board})" for board, its in known.items())
    raise LmuHlsError(f"Part {part!r} is that of no board of {NAME}; give one of {listed}, or use backend='Vivado'")


def part_of(model: Graph) -> str:
    """The part that the project of a model is for; "" where none is known."""
    accelerator = model.config.config.get("AcceleratorConfig")
    if model.config.backend.name == NAME and accelerator:
        return boards().get(accelerator["Board"], "")
    return str(model.config.get_config_value("Part") or "")


def check_part(model: Graph) -> None:
    """LmuHlsError for a Part that hls4ml would replace by that of the board."""
    if model.config.backend.name != NAME:
        return
    asked, its = str(model.config.get_config_value("Part") or DEFAULT_PART), part_of(model)
    if its and asked not in (its, DEFAULT_PART):
        board = model.config.config["AcceleratorConfig"]["Board"]
        raise LmuHlsError(
            f"Part {asked!r} is not that of the board {board!r}, {its}, for which {NAME} builds; give board= one of "
            f"{', '.join(boards())}, or use backend='Vivado'"
        )
