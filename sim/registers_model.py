"""The registers of lmu_registers by their description, exact in every cycle."""

from __future__ import annotations

from lmu_hls.rtl.registers import ADDRESS

FULL = (1 << 32) - 1
CONTROL, STATUS, COUNTERS, CYCLES, CYCLES_HIGH, SEQUENCES, STEP_CYCLES, FRAMING, CLIPPED = (
    ADDRESS[name]
    for name in (
        "CONTROL", "STATUS", "COUNTERS", "CYCLES", "CYCLES_HIGH", "SEQUENCES", "STEP_CYCLES", "FRAMING", "CLIPPED",
    )
)  # fmt: skip


class Model:
    """The registers by their description; `now` is what the outputs must be, `edge` goes to the next cycle."""

    def __init__(self, counters: int, identity: dict[str, int]) -> None:
        self.counters = counters
        self.identity = {ADDRESS[name]: value for name, value in identity.items()}
        self.reset()

    def reset(self) -> None:
        self.address: int | None = None  # of the write whose response is due
        self.data: tuple[int, int] | None = None  # and its data and wstrb
        self.response: int | None = None
        self.answer: tuple[int, int] | None = None  # data and response of the read
        self.high = 0
        self.restart = False
        self.clear()

    def clear(self) -> None:
        """What rst and a restart set to 0."""
        self.error, self.cycles, self.sequences, self.last_step, self.step_cycles = False, 0, 0, None, 0
        self.framing = 0
        self.clipped = [0] * self.counters

    def known(self, address: int) -> bool:
        return address // 4 < CLIPPED // 4 + self.counters

    def read(self, address: int, busy: bool) -> int:
        """Contents at an address; 0 where there is nothing."""
        index, low = address // 4 * 4, self.cycles & FULL
        if index >= CLIPPED:
            return self.clipped[(index - CLIPPED) // 4] if self.known(address) else 0
        if index in self.identity:
            return self.identity[index]
        return {
            CONTROL: 0,
            STATUS: int(self.error) | int(busy) << 1,
            COUNTERS: self.counters,
            CYCLES: low,
            CYCLES_HIGH: self.high,
            SEQUENCES: self.sequences,
            STEP_CYCLES: self.step_cycles,
            FRAMING: self.framing,
        }[index]

    def now(self) -> dict[str, int | None]:
        """Outputs of this cycle; None: not defined."""
        data, resp = self.answer or (None, None)
        return {
            "s_axil_awready": int(self.address is None),
            "s_axil_wready": int(self.data is None),
            "s_axil_bvalid": int(self.response is not None),
            "s_axil_bresp": self.response,
            "s_axil_arready": int(self.answer is None),
            "s_axil_rvalid": int(self.answer is not None),
            "s_axil_rdata": data,
            "s_axil_rresp": resp,
            "restart": int(self.restart),
        }

    def edge(self, inputs: dict[str, int]) -> None:
        """One cycle with these inputs passes."""
        if inputs["rst"]:
            self.reset()
            return
        answer = self._answer(inputs)
        effect = self._write(inputs)
        self._events(inputs, effect == STATUS)
        if self.restart:
            self.clear()
        self.restart, self.answer = effect == CONTROL, answer

    def _answer(self, inputs: dict[str, int]) -> tuple[int, int] | None:
        if self.answer is not None:
            return None if inputs["s_axil_rready"] else self.answer
        if not inputs["s_axil_arvalid"]:
            return None
        address = inputs["s_axil_araddr"]
        answer = self.read(address, bool(inputs["busy"])), 0 if self.known(address) else 2
        if address // 4 * 4 == CYCLES:
            self.high = self.cycles >> 32
        return answer

    def _write(self, inputs: dict[str, int]) -> int | None:
        """Address of the register whose bit 0 is set in this cycle."""
        effect = None
        address, data = self.address, self.data
        if self.address is None and inputs["s_axil_awvalid"]:
            self.address = inputs["s_axil_awaddr"] // 4 * 4
        if self.data is None and inputs["s_axil_wvalid"]:
            self.data = inputs["s_axil_wdata"], inputs["s_axil_wstrb"]
        if self.response is not None:
            self.response = None if inputs["s_axil_bready"] else self.response
        elif address is not None and data is not None:
            self.response = 0 if address in (CONTROL, STATUS) else 2
            effect = address if data[0] & data[1] & 1 else None
            self.address = self.data = None
        return effect

    def _events(self, inputs: dict[str, int], clear_error: bool) -> None:
        self.error = bool(inputs["framing_error"]) or (self.error and not clear_error)
        self.framing = min((0 if clear_error else self.framing) + bool(inputs["framing_error"]), FULL)
        if inputs["step"]:
            self.step_cycles = 0 if self.last_step is None else min(self.cycles - self.last_step, FULL)
            self.last_step = self.cycles
        self.sequences = min(self.sequences + inputs["sequence_end"], FULL)
        for k in range(self.counters):
            self.clipped[k] = min(self.clipped[k] + (inputs["clipped"] >> k & 1), FULL)
        self.cycles = (self.cycles + 1) & ((1 << 64) - 1)
