"""Which pictures a report has, by the section that they stand in."""

from __future__ import annotations

from itertools import groupby

from lmu_hls.report.pictures.bars import device_bars, energy_bars, multiplier_bars
from lmu_hls.report.pictures.behaviour import confusion, curves, remembered, scatter
from lmu_hls.report.pictures.blocks import blocks, pace
from lmu_hls.report.pictures.drawing import Picture
from lmu_hls.report.pictures.parts import layout_map, part_bars, part_colors
from lmu_hls.report.pictures.types import chosen_types, given_types
from lmu_hls.report.pictures.wave import timeline, wave
from lmu_hls.report.record import Report
from lmu_hls.synth.families import family_of

NETWORK, BEHAVIOUR, RESOURCES, TYPES = "The network", "What it does", "What it takes", "Types"
SECTIONS = (NETWORK, BEHAVIOUR, RESOURCES, TYPES)


def pictures_of(report: Report) -> dict[str, list[Picture]]:
    """{section: its pictures} in the order of SECTIONS, without those that there are no data for."""
    return {
        NETWORK: _network(report),
        BEHAVIOUR: _behaviour(report),
        RESOURCES: _resources(report),
        TYPES: _types(report),
    }


def _network(report: Report) -> list[Picture]:
    if not report.manifest or not report.hardware:
        return []
    made = [blocks(report.manifest, report.hardware)]
    made += [pace(report.hardware)] if any(layer.cycles for layer in report.hardware.layers) else []
    if report.traces and report.traces.excerpt and report.traces.excerpt.streams:
        made += [timeline(report.traces.excerpt), wave(report.traces.excerpt)]
    return made


def _behaviour(report: Report) -> list[Picture]:
    traces = report.traces
    if traces is None:
        return []
    about = traces.evidence.data
    data = report.labels.get(about.x.sha256, about.label) if about else "unknown data"
    groups = [list(group) for _, group in groupby(traces.signals, lambda signal: (signal.layer, signal.tensor))]
    made = [curves(f"signals-{k}", group, traces.sequence) for k, group in enumerate(groups)]
    made += [remembered(f"memory-{k}", item) for k, item in enumerate(traces.memories)]
    made += [confusion(traces.confusion, data)] if traces.confusion else []
    made += [scatter(traces.scatter, data)] if traces.scatter else []
    return made


def _resources(report: Report) -> list[Picture]:
    made = [multiplier_bars(report.hardware)] if report.hardware else []
    colors = part_colors(report)
    for target, items in groupby(report.resources, lambda item: item.target):
        short = {kind.name for kind in family_of(target).resources if kind.short}
        made.append(part_bars(f"resources-{target}", list(items), short, colors))
    for k, item in enumerate(report.placements):
        made += [device_bars(f"device-{k}", item)] if item.utilisation else []
        made += [layout_map(f"layout-{k}", item, item.layout, colors)] if item.layout else []
    return made + ([energy_bars(report.energy)] if report.energy else [])


def _types(report: Report) -> list[Picture]:
    if report.precision:
        return [chosen_types(report.precision.tensors)]
    picture = given_types(report.manifest) if report.manifest else None
    return [picture] if picture else []
