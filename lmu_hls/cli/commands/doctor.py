"""``doctor``: which tools are installed."""

from __future__ import annotations

import json
import sys

from lmu_hls.cli.options import Json
from lmu_hls.cli.terminal import out
from lmu_hls.errors import LmuHlsError


def doctor(json_: Json = False) -> None:
    """Show which tools are installed, and how to install those that are missing."""
    from lmu_hls import doctor as checks

    tools = checks.doctor()
    if json_:
        sys.stdout.write(json.dumps([checks.plain(tool) for tool in tools], indent=2) + "\n")
    else:
        out.print(checks.table(tools))
    if not checks.complete(tools):
        raise LmuHlsError("a required tool is missing or unusable; the table says how to install it")
