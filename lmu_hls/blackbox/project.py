"""What a project with hand-written memory units has besides hls4ml's files, and where they hear of it.

    NAME.json                 description for Vitis HLS, named in build_prj.tcl
    firmware/blackbox/        NAME.h, the C++ function; NAME.cpp, what it does in C simulation; the Verilog

The descriptions lie where Vitis HLS runs, so that their paths hold from there and from their own folder.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hls4ml.model.optimizer import ModelOptimizerPass

from lmu_hls.blackbox.descriptor import descriptor
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.lmu import LMULayerReader
from lmu_hls.front.graph.update import UPDATES
from lmu_hls.front.node import Graph, Node
from lmu_hls.front.reading import Reading
from lmu_hls.hls.layers.lmu import BLACKBOX, memory_step_name, memory_step_streams
from lmu_hls.hls.strategy import in_rtl
from lmu_hls.hls.targets import FIRMWARE
from lmu_hls.records import write_text
from lmu_hls.rendering import render
from lmu_hls.rtl.blackbox import Blackbox, blackbox, blackbox_sources

HEADER = "nnet_lmu_blackbox.h"
FOLDER = f"firmware/{BLACKBOX}"
CFLAGS = "-std=c++0x"  # hls4ml's for the C++ of a project
VERILATED = "LMU_BLACKBOX_VERILATED"  # defined where the Verilog itself takes the place of the models
COEFFICIENTS = tuple(name for names in UPDATES.values() for name in names)


class WriteBlackboxes(ModelOptimizerPass):
    """Stands around the pass that writes a project, and adds the blackboxes of its LMU layers that have one."""

    def __init__(self, write: Any) -> None:
        self.name = write.name
        self.write = write

    def transform(self, model: Graph) -> bool:
        nodes = [node for node in model.get_layers() if node.class_name == "LMU" and in_rtl(node)]
        boxes = [blackbox(memory_step_name(node), LMULayerReader().extract(Reading(node))) for node in nodes]
        if boxes and model.config.get_writer_config().get("Namespace"):
            raise LmuHlsError(
                "MemoryUpdateRtl is not possible in a Namespace of the WriterConfig; leave one of them out"
            )
        _forget(Path(model.config.get_output_dir()))
        changed = bool(self.write.transform(model))
        if boxes:
            write_blackboxes(Path(model.config.get_output_dir()), model.config.get_project_name(), nodes, boxes)
            model.config.backend.writer.write_tar(model)  # hls4ml's has been made, without them
        return changed


def write_blackboxes(project: Path, name: str, nodes: Sequence[Node], boxes: Sequence[Blackbox]) -> None:
    """Add ``boxes``, those of the LMU ``nodes``, to hls4ml's ``project`` of that ``name``.

    Raises LmuHlsError where hls4ml's files are not as they were expected.
    """
    shutil.copy(FIRMWARE / HEADER, project / "firmware" / "nnet_utils" / HEADER)
    verilog = blackbox_sources(boxes, name)
    for file, text in verilog.items():
        write_text(project / FOLDER / file, text)
    tops = {f"{box.name}.v" for box in boxes}
    for node, box in zip(nodes, boxes, strict=True):
        for suffix in ("h", "cpp"):
            write_text(project / FOLDER / f"{box.name}.{suffix}", _model(node, box, suffix))
        files = [f"{FOLDER}/{file}" for file in verilog if file == f"{box.name}.v" or file not in tops]
        made = descriptor(box, f"{FOLDER}/{box.name}.cpp", files, CFLAGS)
        write_text(project / f"{box.name}.json", json.dumps(made, indent=2) + "\n")
    models = "".join(f'#include "{FOLDER}/{box.name}.cpp"\n' for box in boxes)
    header = f'#include "firmware/{name}.h"\n'
    _add(project / f"{name}_bridge.cpp", header, f"#ifndef {VERILATED} // else the Verilog itself\n{models}#endif\n")
    added = "".join(f"add_files -blackbox {box.name}.json\n" for box in boxes)
    _add(project / "build_prj.tcl", f'add_files firmware/${{project_name}}.cpp -cflags "{CFLAGS}"\n', added)


def _model(node: Node, box: Blackbox, suffix: str) -> str:
    weights = {key: node.weights[key] for key in COEFFICIENTS if key in node.weights}
    return render(
        "blackbox",
        f"memory_step.{suffix}",
        box=box,
        header=HEADER,
        streams=memory_step_streams(node),
        config=f"config{node.index}",
        struct=node.get_attr("config_cpp"),
        update=node.get_attr("memory_update"),
        coefficients={key: (weight.type.name, weight.data.ravel().tolist()) for key, weight in weights.items()},
        arguments=", ".join(key if key in weights else "0" for key in COEFFICIENTS),
    )


def _add(path: Path, after: str, text: str) -> None:
    """Put ``text`` behind the one place where ``after`` stands in a file of hls4ml's."""
    written = path.read_text(encoding="utf-8")
    if written.count(after) != 1:
        raise LmuHlsError(
            f"{path.name} of hls4ml's project has no line {after.strip()!r}, behind which the blackbox belongs; "
            "use hls4ml 1.3, or leave MemoryUpdateRtl out"
        )
    path.write_text(written.replace(after, after + text), encoding="utf-8")


def _forget(project: Path) -> None:
    """Remove the blackboxes of an earlier project in the same folder."""
    if (project / FOLDER).is_dir():
        for model in (project / FOLDER).glob("*_memory_step.cpp"):
            (project / f"{model.stem}.json").unlink(missing_ok=True)
        shutil.rmtree(project / FOLDER)
