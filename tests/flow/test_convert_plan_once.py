"""A conversion plans the Verilog once; a report, and a verification without simulators, never plan."""

import shutil

import pytest

from lmu_hls import flow
from lmu_hls.backend import design
from lmu_hls.report import build_report
from tests.support.small_model import small_model


@pytest.fixture
def plans(monkeypatch):
    """The names of the networks that were planned."""
    names = []

    def counted(network, *arguments):
        names.append(network.name)
        return plan(network, *arguments)

    plan = design.plan_network
    monkeypatch.setattr(design, "plan_network", counted)
    return names


def test_a_conversion_plans_once_and_a_report_never(plans, tmp_path):
    flow.convert(small_model(), tmp_path / "out")
    assert plans == ["small"]
    build_report(tmp_path / "out")
    folder = flow.OutputFolder(tmp_path / "out")
    network = flow.verification.store.load(folder.spec)
    shutil.rmtree(folder.verilog)
    flow.verify(folder, flow.random_data(network, 2), csim=False, simulators=())
    assert plans == ["small"]
