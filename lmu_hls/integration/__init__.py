"""What a written Verilog project brings along for other tools: constraints, scripts, IP-XACT, a LiteX class.

The same network gives the same bytes. Scripts find the project by their own place, so the folder can be moved.
"""

from __future__ import annotations

from lmu_hls.integration.files import DEFAULT_CLOCK_MHZ, DEFAULT_PART, integration_files

__all__ = ["DEFAULT_CLOCK_MHZ", "DEFAULT_PART", "integration_files"]
