"""The route graph with records that no writer of ours would write: one clear message, or names as they are."""

import json

import pytest
import sample_graphs
from event_file import EventFile
from plugin_client import in_process

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

GROUP = {"run": "first", "group": "model"}


def served(tmp_path, record: pb.Graph):
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.GRAPH, record, 0)
    return in_process(tmp_path)("graph", **GROUP)


WHY = {
    "bomb": "written out it has 10000000 operations, more than the bound of 200000",
    "cycle": "it points to operation 1 of 0",
    "missing": "it points to operation 98 of 2",
    "turning": "it points to scope 1 of 1",
}


def test_ten_million_operations_are_claimed_in_a_kilobyte():
    assert len(sample_graphs.impossible()["bomb"].SerializeToString()) < 1000


@pytest.mark.parametrize("name", WHY)
def test_an_impossible_graph_is_refused_at_once_with_one_sentence(tmp_path, name):
    answer = served(tmp_path, sample_graphs.impossible()[name])
    assert answer.status == 404
    assert answer.fields["error"]["message"] == "the graph of group 'model' of run 'first' can't be read"
    assert answer.fields["error"]["hint"] == f"Why: {WHY[name]}."


def test_hostile_names_come_as_they_are_and_as_json_only(tmp_path):
    names = list(sample_graphs.HOSTILE_NAMES) * 2
    answer = served(tmp_path, sample_graphs.badly_named())
    assert answer.status == 200
    assert answer.content_type.startswith("application/json")
    assert answer.fields["scopes"]["path"][1:] == names
    assert answer.fields["operations"]["name"] == names
    assert "<img" not in json.dumps(answer.fields["problems"])
