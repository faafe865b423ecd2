"""Incidents and the steps before an accident, from records made by hand."""

from pathlib import Path

import handmade
import numpy as np
import pytest
from event_file import EventFile
from sample_logs import SMALL_SHAPES

import torchviz_tb
from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading import flight_recorder
from torchviz_tb.reading.flight_recorder import FlightRecorder
from torchviz_tb.reading.incidents import INCIDENT_KINDS, Incidents
from torchviz_tb.reading.statistics import State
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

NAMES = list(SMALL_SHAPES)
NORMS = {7: [1.5] * len(NAMES), 9: [np.nan, np.inf, 0.0, *[2.0] * (len(NAMES) - 3)]}


def log(root: Path, *records: tuple[Kind, int, object]) -> torchviz_tb.reading.run.Run:
    file = EventFile(root / "run")
    file.record("model", Kind.SITES, handmade.sites(SMALL_SHAPES), 0)
    for kind, step, record in records:
        file.record("model", kind, record, step)
    return torchviz_tb.load(root)["run"]


def incident(**fields: object) -> pb.Incident:
    return pb.Incident(**{"kind": pb.INCIDENT_NON_FINITE, "step": 5, **fields})


def test_an_incident_comes_back_and_what_is_absent_is_none(tmp_path: Path):
    full = incident(
        site="h.3", module_type="Linear", stage=pb.STAGE_ACTIVATION, role=pb.ROLE_ORIGIN, first_bad_index=[3, 1],
        reason="NaN", before=0.0, after=np.inf, gradient_scale=8.0,
    )  # fmt: skip
    bare = pb.Incident(kind=pb.INCIDENT_CADENCE, step=2)
    run = log(tmp_path, (Kind.INCIDENTS, 6, pb.Incidents(incidents=[full, bare])))
    first, second = run.incidents()
    assert (first.step, first.kind, second.step, second.kind) == (2, "cadence", 5, "non_finite")
    assert (second.site, second.module_type, second.stage, second.role) == ("h.3", "Linear", "activation", "origin")
    assert (second.first_bad_index, second.reason) == ((3, 1), "NaN")
    assert (second.before, second.after, second.gradient_scale) == (0.0, np.inf, 8.0)
    absent = (first.site, first.module_type, first.stage, first.role, first.first_bad_index)
    assert absent == (None,) * 5
    assert (first.before, first.after, first.gradient_scale, first.reason) == (None, None, None, "")


def test_kinds_are_words_and_a_newer_one_is_other():
    assert INCIDENT_KINDS[:2] == ("non_finite", "skipped_step")
    (found,) = Incidents.from_record(pb.Incidents(incidents=[pb.Incident(kind=99)])).incidents
    assert found.kind == "other"


def test_a_run_without_accidents_has_none(tmp_path: Path):
    run = log(tmp_path)
    assert (run.incidents(), run.flight_recorder()) == ([], [])


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (pb.Incidents(), "holds 0 incidents"),
        (pb.Incidents(incidents=[incident(first_bad_index=[2**60])]), "shape in it is impossible"),
    ],
)
def test_damaged_incidents(record: pb.Incidents, fault: str):
    with pytest.raises(DamagedRecord, match=fault):
        Incidents.from_record(record)


def test_the_steps_before_an_accident(tmp_path: Path):
    record = handmade.flight_recorder(NAMES, NORMS, reason="NaN", trigger=pb.INCIDENT_LOSS_SPIKE)
    record.steps[1].loss = 3.5
    record.steps[0].gradient_scale = 1024.0
    zero_shares = [i / len(NAMES) for i in range(len(NAMES))]
    record.steps[1].gradient_zero_share.extend(zero_shares)
    (found,) = log(tmp_path, (Kind.FLIGHT_RECORDER, 9, record)).flight_recorder()
    assert (found.trigger, found.reason) == ("loss_spike", "NaN")
    np.testing.assert_array_equal(found.steps, [7, 9])
    np.testing.assert_array_equal(found.gradient_norms, np.array([*NORMS.values()], np.float32))
    np.testing.assert_array_equal(found.losses, [np.nan, 3.5])
    np.testing.assert_array_equal(found.gradient_scales, [1024.0, np.nan])
    nothing = [np.nan] * len(NAMES)
    np.testing.assert_array_equal(found.details["gradient_zero_shares"], np.array([nothing, zero_shares], np.float32))
    np.testing.assert_array_equal(found.details["update_norms"], [nothing, nothing])
    assert list(found.state[1][:4]) == [State.NAN, State.POS_INF, State.ZERO, State.FINITE]


def test_sites_that_a_step_did_not_measure_say_why():
    record = handmade.flight_recorder(NAMES, {1: [1.0, 2.0, 3.0]})
    record.steps[0].status[1], record.steps[0].status[2] = pb.STATUS_NO_GRADIENT, pb.STATUS_FROZEN
    found = FlightRecorder.from_record(record)
    expected = [State.FINITE, State.NO_GRADIENT, State.FROZEN, *[State.NOT_MEASURED] * (len(NAMES) - 3)]
    assert list(found.state[0]) == expected
    np.testing.assert_array_equal(found.gradient_norms[0], [1.0, *[np.nan] * (len(NAMES) - 1)])


def test_an_older_table_is_placed_among_the_sites_of_the_group():
    record = handmade.flight_recorder(NAMES[:2], {1: [1.0, 2.0]})
    record.steps[0].parameter_norm.extend([5.0, 6.0])
    found = FlightRecorder.from_record(record)
    placed = found.placed(np.array([3, 0]), 4)
    np.testing.assert_array_equal(placed.details["parameter_norms"], [[6.0, np.nan, np.nan, 5.0]])
    np.testing.assert_array_equal(placed.gradient_norms, np.array([[2.0, np.nan, np.nan, 1.0]], np.float32))
    assert list(placed.state[0]) == [State.FINITE, State.NOT_MEASURED, State.NOT_MEASURED, State.FINITE]
    with pytest.raises(DamagedRecord, match="more steps and sites than the bound"):
        found.placed(np.array([3, 0]), flight_recorder.MAX_CELLS + 1)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda record: record.ClearField("steps"), "holds 0 steps"),
        (lambda record: setattr(record.steps[1], "step", 7), "steps don't grow"),
        (lambda record: record.steps[0].status.append(1), "17 entries for 16 sites"),
        (lambda record: record.steps[0].gradient_norm.pop(), "gradient_norm has 15 entries for 16 sites"),
        (lambda record: record.steps[1].update_norm.append(1.0), "update_norm has 1 entries for 16 sites"),
        (lambda record: setattr(record, "site_count", 2**31), "more than the bound"),
        (lambda record: [record.steps.add(step=10 + i) for i in range(1000)], "holds 1002 steps"),
    ],
)
def test_damaged_flight_recorders(change, fault: str):
    names = [str(i) for i in range(16)]
    record = handmade.flight_recorder(names, {7: [1.0] * 16, 9: [1.0] * 16})
    change(record)
    with pytest.raises(DamagedRecord, match=fault):
        FlightRecorder.from_record(record)
