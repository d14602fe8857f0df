"""Boards: a top with a serial line around the network, the bitstream of it, and the script of the host."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmu_hls.boards.bitstream import Built, build, words
    from lmu_hls.boards.comparison import check, write_golden
    from lmu_hls.boards.project import BoardProject, write_board
    from lmu_hls.boards.record import BOARDS, Board, board_of

__all__ = [
    "BOARDS",
    "Board",
    "BoardProject",
    "Built",
    "board_of",
    "build",
    "check",
    "words",
    "write_board",
    "write_golden",
]

# Loaded on first use: the names of the boards need no NumPy
_HOME = {
    **dict.fromkeys(("Built", "build", "words"), "lmu_hls.boards.bitstream"),
    **dict.fromkeys(("check", "write_golden"), "lmu_hls.boards.comparison"),
    **dict.fromkeys(("BoardProject", "write_board"), "lmu_hls.boards.project"),
    **dict.fromkeys(("BOARDS", "Board", "board_of"), "lmu_hls.boards.record"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lmu_hls.boards' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
