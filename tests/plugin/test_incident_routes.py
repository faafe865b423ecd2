"""What happened, the steps before it, and what watching cost, over TensorBoard's in-process provider."""

import handmade
import numpy as np
import pytest
from event_file import EventFile
from plugin_client import Fetch, in_process
from sample_logs import SMALL_SHAPES, training

from torchviz_tb.reading.statistics import State
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

GROUP = {"run": "first", "group": "model"}
NAMES = list(SMALL_SHAPES)
COSTS = {0: (0.2, 0.0, 0.0), 100: (0.1, 0.01, 0.25), 400: (0.1, 0.01, 0.05)}


@pytest.fixture(scope="module")
def fetch(tmp_path_factory: pytest.TempPathFactory) -> Fetch:
    root = tmp_path_factory.mktemp("incidents")
    file = EventFile(root / "first")
    file.record("model", Kind.SITES, handmade.sites(SMALL_SHAPES), 0)
    for step, tensors in training(SMALL_SHAPES, list(COSTS)):
        seconds, step_seconds, share = COSTS[step]
        cost = {"sample_seconds": seconds, "step_seconds": step_seconds, "watch_share": share}
        file.record("model", Kind.STATISTICS, handmade.statistics(NAMES, tensors, **cost), step)
    late = pb.Incident(kind=pb.INCIDENT_NORM_SPIKE, step=3, before=1.0, after=np.inf)
    early = pb.Incident(kind=pb.INCIDENT_SKIPPED_STEP, step=2, reason="inf", gradient_scale=8.0)
    file.record("model", Kind.INCIDENTS, pb.Incidents(incidents=[late, early]), 4)
    for step, norm in ((3, 1.0), (300, np.nan)):
        file.record("model", Kind.FLIGHT_RECORDER, handmade.flight_recorder(NAMES, {step: [norm] * len(NAMES)}), step)
    file.record("bare", Kind.STATISTICS, handmade.statistics(NAMES, {}), 0)
    file.record("bare", Kind.FLIGHT_RECORDER, handmade.flight_recorder(["unknown"], {1: [1.0]}), 1)
    return in_process(root)


def test_incidents_are_in_order_and_json_can_carry_them(fetch: Fetch):
    skipped, spike = fetch("incidents", **GROUP).fields["incidents"]
    assert skipped == {
        "step": 2, "kind": "skipped_step", "site": None, "module_type": None, "stage": None, "role": None,
        "first_bad_index": None, "reason": "inf", "before": None, "after": None, "gradient_scale": 8.0,
    }  # fmt: skip
    assert (spike["kind"], spike["before"], spike["after"]) == ("norm_spike", 1.0, None)


def test_a_group_without_incidents_has_an_empty_list(fetch: Fetch):
    assert fetch("incidents", run="first", group="bare").fields == {"incidents": [], "problems": []}


@pytest.mark.parametrize(
    ("asked", "step", "state"), [(0, 3, State.FINITE), (299, 3, State.FINITE), (300, 300, State.NAN)]
)
def test_the_flight_recorder_at_or_before_a_step(fetch: Fetch, asked: int, step: int, state: State):
    answer = fetch("flight_recorder", **GROUP, step=asked)
    assert (answer.fields["step"], answer.fields["trigger"]) == (step, "non_finite")
    assert answer.fields["steps_recorded"] == [3, 300]
    assert answer.arrays["gradient_norms"].shape == (1, len(NAMES))
    assert set(answer.arrays["state"][0]) == {state}
    np.testing.assert_array_equal(answer.arrays["steps"], [step])
    assert np.isnan(answer.arrays["losses"]).all()
    for name in ("gradient_abs_max", "gradient_means", "gradient_zero_shares", "parameter_norms", "update_norms"):
        assert answer.arrays[name].shape == (1, len(NAMES))
        assert answer.arrays[name].dtype == np.float32


def test_a_flight_recorder_that_no_table_fits_is_not_found(fetch: Fetch):
    answer = fetch("flight_recorder", run="first", group="bare", step=1)
    assert answer.status == 404
    assert answer.fields["error"]["hint"] == "Why: no table of sites fits it. Choose another step."


def test_what_the_watch_cost(fetch: Fetch):
    answer = fetch("watch_cost", **GROUP)
    np.testing.assert_array_equal(answer.arrays["steps"], list(COSTS))
    for position, name in enumerate(("sample_seconds", "step_seconds", "watch_share")):
        expected = [cost[position] or np.nan for cost in COSTS.values()]
        np.testing.assert_array_equal(answer.arrays[name], expected)
    assert answer.fields["share"] == pytest.approx((0.25 * 100 + 0.05 * 300) / 400)


def test_cost_that_was_not_measured_is_null(fetch: Fetch):
    assert fetch("watch_cost", run="first", group="bare").fields["share"] is None
