"""What is told of every tensor: ranges observed and proven, overflows, coefficients that vanish."""

import numpy as np

from lmu_hls import golden, legendre
from lmu_hls.fixed import FixedType, quantize
from lmu_hls.precision.stability import FACTORS
from lmu_hls.tuning import exceeded, profile
from lmu_hls.tuning.calibration import Observed
from lmu_hls.tuning.draft import Draft, draft
from lmu_hls.tuning.facts import vanished_coefficients
from lmu_hls.tuning.plan import make_plan, prove
from tests.support.tuning_networks import N_IN, STEPS, safe, types_of


def test_what_data_exceed_is_told(model, x, at_30_db):
    network = draft(model).network(types_of(at_30_db))
    calm, wild = quantize(x, network.x), quantize(np.clip(20 * x, -1e3, 1e3), network.x)
    slack = {key: 1.1 * peak for key, peak in at_30_db.peaks.items()}  # rounding may add a little
    assert exceeded(slack, slack, network, {network.inputs[0].name: calm}, golden.run(network, calm)) == ()
    found = exceeded(slack, slack, network, {network.inputs[0].name: wild}, golden.run(network, wild))
    assert any(e.layer == "lmu" and e.tensor == "u" and e.seen > e.calibrated for e in found)
    assert any(e.overflows for e in found)


def test_coefficients_that_become_zero_are_listed(model, at_30_db):
    source, types = draft(model), types_of(at_30_db)
    assert at_30_db.vanished == vanished_coefficients(source, types)
    coarse = {**types, ("lmu", "b"): FixedType(3, 1)}
    lost = [f"lmu.b[{i}]" for i in np.flatnonzero(np.abs(source.weights["lmu", "b"]) < 1 / 8)]
    assert lost and [name for name in vanished_coefficients(source, coarse) if name.startswith("lmu.b")] == lost


def test_profile_describes_the_types_of_a_configuration(model, x, at_30_db):
    same = {(t.layer, t.tensor): t for t in profile(model, x, at_30_db.config)}
    assert all(same[t.layer, t.tensor] == t for t in at_30_db.tensors)
    narrow = {
        "LayerName": {
            "lmu": {"Precision": {"u": "fixed<6,1,RND_CONV,SAT>"}},
            draft(model).nodes[0].name: {"Precision": {"result": "fixed<8,1>"}},
        }
    }
    found = {(t.layer, t.tensor): t for t in profile(model, x, narrow)}
    u = found["lmu", "u"]
    assert u.type == FixedType(6, 1)
    assert u.overflows > 0 and u.headroom < 1 and not safe(u)
    assert found["head", "result"].type.width == 16
    entrance = next(t for t in found.values() if t.layer not in ("lmu", "head"))
    assert entrance.overflows == np.count_nonzero(np.abs(x) > 1)
    assert found["head", "result"].measured_db < same["head", "result"].measured_db


def test_what_is_proven_holds_for_the_worst_input(model, at_30_db):
    u = next(t for t in at_30_db.tensors if t.tensor == "u")
    network = draft(model).network(types_of(at_30_db))
    rng = np.random.default_rng(0)
    wild = rng.choice([network.x.min_int, network.x.max_int], (200, STEPS, N_IN))
    trace = golden.run(network, wild)
    peak = np.abs(trace["lmu"].tensors["u"]).max() * u.type.lsb
    assert peak <= u.proven
    assert trace["lmu"].overflows["mem"] == 0
    assert safe(next(t for t in at_30_db.tensors if t.tensor == "mem"))


def test_sweep_bits_of_a_tridiagonal_memory_are_proven():
    factors = legendre.tridiagonal_factors(8, 20.0)
    weights = {("lmu", name): getattr(factors, name) for name in FACTORS}
    source = Draft((), "lmu", (("lmu", "u"), ("lmu", "mem"), ("lmu", "sweep"), *weights), weights, {})
    observed = {("lmu", "u"): Observed(1, 0.7, 0.1), ("lmu", "mem"): Observed(8, 0.3, 0.1)}
    plan = make_plan(source, observed, 1.25)
    assert plan.integers["lmu", "mem"] == 0
    proven = prove(plan, plan.types(dict.fromkeys(source.keys, 12)))
    assert proven.type_of(("lmu", "u"), 12) == FixedType(13, 1)
    assert proven.integers["lmu", "mem"] == proven.integers["lmu", "sweep"] == 2
