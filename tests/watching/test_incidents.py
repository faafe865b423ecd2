"""Incidents: gathered, written at the end of a step or at once, bounded, with steps that grow."""

import pytest
import training
import written

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import incidents as incidents_module
from torchviz_tb.watching.groups import Groups


@pytest.fixture
def writer(tmp_path):
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        yield writer


@pytest.fixture
def incidents(writer):
    return Groups.of(writer).for_model(training.net()).incidents


def steps(tmp_path):
    return {
        step: [i.step for i in record.incidents] for step, record in written.records(tmp_path, Kind.INCIDENTS).items()
    }


def test_what_is_gathered_at_a_step_is_one_record(writer, tmp_path, incidents):
    incidents.add(3, pb.INCIDENT_SKIPPED_STEP, "no step", before=4.0)
    incidents.add(3, pb.INCIDENT_CADENCE, "less often")
    incidents.write()
    incidents.write()
    writer.flush()
    (record,) = written.records(tmp_path, Kind.INCIDENTS).values()
    assert [(i.kind, i.reason) for i in record.incidents] == [
        (pb.INCIDENT_SKIPPED_STEP, "no step"),
        (pb.INCIDENT_CADENCE, "less often"),
    ]
    assert (record.incidents[0].before, record.incidents[1].HasField("before")) == (4.0, False)


def test_an_urgent_one_is_in_the_file_at_once(tmp_path, incidents):
    incidents.add(3, pb.INCIDENT_NON_FINITE, "NaN", urgent=True)
    assert steps(tmp_path) == {3: [3]}


def test_what_comes_after_the_record_of_its_step_goes_into_the_next(writer, tmp_path, incidents):
    incidents.add(3, pb.INCIDENT_NON_FINITE, "NaN", urgent=True)
    incidents.add(3, pb.INCIDENT_NON_FINITE, "NaN elsewhere")
    incidents.write()
    incidents.add(4, pb.INCIDENT_NON_FINITE, "NaN again")
    writer.close()  # writes what is left
    assert steps(tmp_path) == {3: [3], 4: [3], 5: [4]}


def test_a_run_that_is_broken_at_every_step_does_not_fill_the_disk(writer, tmp_path, incidents, monkeypatch):
    monkeypatch.setattr(incidents_module, "MAX_INCIDENTS", 5)
    for step in range(20):
        incidents.add(step, pb.INCIDENT_NON_FINITE, "NaN")
    incidents.write()
    writer.flush()
    (record,) = written.records(tmp_path, Kind.INCIDENTS).values()
    assert [i.kind for i in record.incidents] == [pb.INCIDENT_NON_FINITE] * 5 + [pb.INCIDENT_LIMIT]
    assert record.incidents[-1].step == 5
    assert incidents.count == 20


def test_listeners_hear_of_each_until_they_stop(incidents):
    heard = []
    stop = incidents.listen(heard.append)
    incidents.add(1, pb.INCIDENT_NON_FINITE, "NaN")
    stop()
    incidents.add(2, pb.INCIDENT_NON_FINITE, "NaN")
    assert [incident.step for incident in heard] == [1]
