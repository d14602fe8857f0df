"""Running Yosys (pyosys) in a process of its own, because an error inside it ends the process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lmu_hls import process
from lmu_hls.errors import LmuHlsError

_WORKER = Path(__file__).with_name("yosys_worker.py")


def run(
    passes: Sequence[str], script: Path, log: Path, cwd: Path, task: str, reasons: Sequence[str] = ("ERROR",)
) -> None:
    """Write the passes to ``script`` and run them in the folder ``cwd``; what Yosys prints goes to ``log``.

    Raises LmuHlsError when Yosys fails: "Yosys could not" ``task``, and the lines of the log that hold one of
    ``reasons``.
    """
    script.write_text("\n".join(passes) + "\n", encoding="utf-8")
    code = process.run(process.python(_WORKER, str(script.resolve())), tool="Yosys", cwd=cwd, log=log).code
    if not code:
        return
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    lines = text.splitlines()
    said = [line for line in lines if any(reason in line for reason in reasons)][-5:] or lines[-3:] or ["no output"]
    why = process.trouble(code, text) or " ".join(said)
    raise LmuHlsError(f"Yosys could not {task}: {why} (exit status {code}). The whole log is {log}.")
