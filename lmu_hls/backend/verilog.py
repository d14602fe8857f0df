"""The hls4ml backend ``Verilog``: conversion, writing, compilation, prediction and synthesis in hls4ml's own words.

Nothing is computed here: types come from hls4ml's flow, the contract from :mod:`lmu_hls.spec`, the project from
:mod:`lmu_hls.rtl`, numbers from Verilator or from golden, resources from Yosys.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from hls4ml.backends.fpga.fpga_backend import FPGABackend
from hls4ml.model.flow import register_flow
from hls4ml.model.optimizer import ModelOptimizerPass
from hls4ml.writer.writers import Writer

from lmu_hls.backend import project
from lmu_hls.backend.project import NAME
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.node import Graph
from lmu_hls.rtl.options import KEYS, RtlOptions

# What hls4ml's own functions pass to any backend
PASSED = ("io_type", "namespace", "write_weights_txt", "write_tar", "tb_output_stream")
MEANINGLESS = ("part", "board", "clock_period", "clock_uncertainty")


class VerilogWriter(Writer):
    """Writes the folder of Verilog, ROM files and vectors."""

    def write_hls(self, model: Graph) -> None:
        project.write(model)


class CheckNetwork(ModelOptimizerPass):
    """Refuses, before anything is written, what the Verilog cannot do; gives the model the backend's ``trace``."""

    def __init__(self) -> None:
        self.name = "check_network"

    def transform(self, model: Graph) -> bool:
        project.check(model)
        model.trace = partial(project.trace, model)  # hls4ml's own needs C++ in the same process
        return False


class VerilogBackend(FPGABackend):
    """hls4ml's backend of that name; see docs/verilog.md for its options."""

    supports_lmu = True  # asked by the IR layer

    def __init__(self) -> None:
        super().__init__(NAME)
        self.register_pass(CheckNetwork().name, CheckNetwork)
        initializers = self._get_layer_initializers()
        init = register_flow("init_layers", initializers, requires=["optimize"], backend=self.name)
        self._default_flow = register_flow(
            "ip", ["verilog:check_network"], requires=["optimize", init], backend=self.name
        )
        passes = ["make_stamp", "verilog:write_hls"]
        self._writer_flow = register_flow("write", passes, requires=[self._default_flow], backend=self.name)

    def get_default_flow(self) -> str:
        return str(self._default_flow)

    def get_writer_flow(self) -> str:
        return str(self._writer_flow)

    def create_initial_config(
        self,
        mode: str = "sequence",
        output: str = "model",
        axi_lite: bool = False,
        name: str | None = None,
        rom: str = "files",
        values_per_beat: int | str = 1,
        io_type: str = "io_parallel",
        namespace: str | None = None,
        write_weights_txt: bool = True,
        write_tar: bool = False,
        tb_output_stream: str = "both",
        **unknown: Any,
    ) -> dict[str, Any]:
        """The configuration of a conversion. ``mode``, ``output``, ``axi_lite``, ``name``, ``rom`` and
        ``values_per_beat`` are those of :meth:`lmu_hls.rtl.options.RtlOptions.from_words`.

        The other arguments are hls4ml's and have no effect on Verilog. Raises LmuHlsError for any further one.
        """
        _refuse(unknown)
        writer = {
            "Namespace": namespace,
            "WriteWeightsTxt": write_weights_txt,
            "WriteTar": write_tar,
            "TBOutputStream": tb_output_stream,
        }
        options = RtlOptions.from_words(mode, output, axi_lite, name, rom, values_per_beat)
        return {"IOType": io_type or "io_parallel", "HLSConfig": {}, "WriterConfig": writer, **options.config}

    def compile(self, model: Graph) -> None:
        """Verilate the written project. hls4ml takes None for a library that is already there."""
        project.compile(model)

    def predict(
        self,
        model: Graph,
        x: Any,
        engine: str = "verilator",
        progress: Callable[[int, int], None] | None = None,
    ) -> Any:
        """The outputs for x as :func:`lmu_hls.backend.predict` gives them."""
        return project.predict(model, x, engine, progress)

    def build(self, model: Graph, **arguments: Any) -> dict[str, Any]:
        """Synthesise the whole accelerator and report, as :func:`lmu_hls.backend.build` does."""
        known = [name for name in inspect.signature(project.build).parameters if name != "model"]
        wrong = [name for name in arguments if name not in known]
        if wrong:
            raise LmuHlsError(f"build() of the backend Verilog knows no {wrong[0]!r}; it takes {', '.join(known)}")
        return project.build(model, **arguments)


def _refuse(unknown: dict[str, Any]) -> None:
    """LmuHlsError for arguments that the backend does not have; None is what hls4ml passes for "not given"."""
    for name, value in unknown.items():
        if name in MEANINGLESS and value is None:
            continue
        why = "the Verilog is for any part and clock" if name in MEANINGLESS else f"its own are {', '.join(KEYS)}"
        raise LmuHlsError(f"the backend Verilog has no option {name!r}: {why}; leave it out")
