"""C synthesis of the HLS project by AMD's tool: hls.json."""

from __future__ import annotations

from lmu_hls.errors import LmuHlsError, NotVerified
from lmu_hls.records import HlsSynthesis, Manifest, dump, load
from lmu_hls.records.evidence import Evidence, digests, of_topics
from lmu_hls.records.folder import OutputFolder

WORK = "hls"  # below work/


def synthesize_hls(folder: OutputFolder) -> HlsSynthesis:
    """Run the tool that the project is for on a copy of it, and keep what it reports.

    Raises LmuHlsError where the project is not for AMD's tools, the tool is absent, fails, takes too long or leaves no
    report; NotVerified where a file changes meanwhile.
    """
    from lmu_hls.hls.targets import TARGETS
    from lmu_hls.hls.vendor import synthesize

    manifest = load(folder.require().manifest, Manifest)
    target = next((target for target in TARGETS if target.name == manifest.backend), None)
    if target is None:
        raise LmuHlsError(f"{folder.root} has a project for {manifest.backend}, which this version does not know")
    before = digests(folder.root)
    folder.forget(folder.hls_synthesis)
    figures = synthesize(folder.hls, target, folder.work(WORK))
    tools = {target.tool: figures.version}
    evidence = Evidence(of_topics("csynth", before), None, "lmu-hls build OUTDIR", tools)
    if changed := evidence.difference("csynth", digests(folder.root)):
        raise NotVerified(f"{changed} while {folder.root} was synthesised; run the command again")
    found = HlsSynthesis(figures, evidence)
    dump(folder.hls_synthesis, found)
    return found
