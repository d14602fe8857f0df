"""nextpnr's timing report: the clock that was reached, and its slowest path in terms of the design's instances."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.records.placement import CriticalPath, Place

_SCOPE = re.compile(r'attribute \\module_hdlname "([^"]*)"|cell \$scopeinfo \\(\S+)')
_WIRE = "routing"


@dataclass(frozen=True, slots=True)
class Timing:
    """MHz, and the slowest path from register to register, None where there is none."""

    fmax_mhz: float
    path: CriticalPath | None


def read_scopes(path: Path) -> dict[str, str]:
    """{instance: module} of a flattened design, from Yosys's dump of its $scopeinfo cells."""
    found, module = {}, ""
    for name, instance in _SCOPE.findall(path.read_text(encoding="utf-8")):
        if instance:
            found[instance] = module
        else:
            module = name
    return found


def read_timing(report: Path, scopes: Mapping[str, str], top: str, cells: Iterable[str], within: str = "") -> Timing:
    """The result in nextpnr's JSON report; the slowest clock counts.

    ``scopes`` are the instances below ``top``, which is the instance ``within``. ``cells`` are the primitives, by which
    names that synthesis made are known. Raises LmuHlsError for a report that cannot be read.
    """
    try:
        data = json.loads(report.read_text(encoding="utf-8"))
        fmax = min(float(clock["achieved"]) for clock in data["fmax"].values())
        ways = [way["path"] for way in data["critical_paths"] if "<async>" not in (way["from"], way["to"])]
        names = _Names(scopes, top, tuple(cells), within)
        paths = [_path(way, names) for way in ways if way]
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise LmuHlsError(f"the timing report {report} cannot be read: {error!r}") from error
    return Timing(fmax, max(paths, key=lambda path: path.delay_ns, default=None))


@dataclass(frozen=True, slots=True)
class _Names:
    scopes: Mapping[str, str]
    top: str
    cells: Sequence[str]
    within: str

    def place(self, name: str) -> Place:
        """The instance and the net of the source that a name of the netlist is of."""
        if self.within and not name.startswith(f"{self.within}."):
            return Place("", "the harness", name.partition("$")[0])
        name = name.removeprefix(f"{self.within}.") if self.within else name
        instance = max((scope for scope in self.scopes if name.startswith(f"{scope}.")), key=len, default="")
        rest = name[len(instance) + 1 :] if instance else name
        return Place(instance, self.scopes.get(instance, self.top), self._source(rest))

    def _source(self, name: str) -> str:
        """Without what autoname appended: pins and cells between two nets, as in acc_LUT4_Z_3_D."""
        name = name.partition("$")[0] or name
        made = re.search(rf"(?:_[A-Z]+\d*)?_(?:{'|'.join(map(re.escape, self.cells))})(?=_|$)", name)
        return name[: made.start()] if made and made.start() else name


def _path(hops: Sequence[Mapping[str, Any]], names: _Names) -> CriticalPath:
    nets = [hop["net"] for hop in hops if hop["type"] == _WIRE and hop.get("net")]
    starts = names.place(nets[0] if nets else hops[0]["from"]["cell"])
    ends = names.place(hops[-1]["to"]["cell"])
    passed = [names.place(cell) for hop in hops for cell in (hop["from"]["cell"], hop["to"]["cell"])]
    return CriticalPath(
        delay_ns=round(sum(float(hop["delay"]) for hop in hops), 3),
        logic_ns=round(sum(float(hop["delay"]) for hop in hops if hop["type"] != _WIRE), 3),
        routing_ns=round(sum(float(hop["delay"]) for hop in hops if hop["type"] == _WIRE), 3),
        start=starts,
        end=ends,
        through=tuple(dict.fromkeys(place.instance or place.module for place in passed)),
    )
