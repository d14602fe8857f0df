"""The command line: it parses, shows progress, prints records and turns errors into messages."""

from __future__ import annotations

from lmu_hls.cli.run import app, main

__all__ = ["app", "main"]
