"""The route graph with records that no writer of ours would write: one clear message, or names as they are."""

import json

import handmade
import pytest
from event_file import EventFile
from plugin_client import in_process

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

GROUP = {"run": "first", "group": "model"}
SHAPES = {"conv1.weight": (16, 1, 3, 3), "fc.weight": (10, 64)}


def served(tmp_path, record: pb.Graph):
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.GRAPH, record, 0)
    return in_process(tmp_path)("graph", **GROUP)


def ten_million_operations() -> pb.Graph:
    graph = pb.Graph(blocks=[pb.Block(operations=[pb.Operation(name="aten.add")])], root=pb.BlockCall(block=7))
    for level in range(7):
        graph.blocks.add(inner=[pb.BlockCall(block=level) for _ in range(10)])
    assert len(graph.SerializeToString()) < 1000
    return graph


def cyclic() -> pb.Graph:
    graph = handmade.chain_graph(SHAPES)
    graph.operations[0].sources[0].operation = 2
    return graph


def missing_node() -> pb.Graph:
    graph = handmade.chain_graph(SHAPES)
    graph.outputs[0].source.operation = 99
    return graph


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (ten_million_operations, "written out it has 10000000 operations, more than the bound of 200000"),
        (cyclic, "it points to operation 1 of 0"),
        (missing_node, "it points to operation 98 of 2"),
        (lambda: pb.Graph(scopes=[pb.Scope(parent=1), pb.Scope(parent=0)]), "it points to scope 1 of 1"),
    ],
)
def test_an_impossible_graph_is_refused_at_once_with_one_sentence(tmp_path, make, why):
    answer = served(tmp_path, make())
    assert answer.status == 404
    assert answer.fields["error"]["message"] == "the graph of group 'model' of run 'first' can't be read"
    assert answer.fields["error"]["hint"] == f"Why: {why}."


HOSTILE = ["<img src=x onerror=alert(1)>", "x" * 1_000_000, "‮gnp.exe", "", "a/b:0", "\x00\x1b[31m", "layers.0"]


def test_hostile_names_come_as_they_are_and_as_json_only(tmp_path):
    graph = handmade.chain_graph(SHAPES)
    for name in HOSTILE:
        graph.scopes.add(path=name, type=name, parent=0)
        graph.operations.add(name=name, scope=len(graph.scopes) - 1, outputs=[0])
        graph.inputs.add(name=name)
    answer = served(tmp_path, graph)
    assert answer.status == 200
    assert answer.content_type.startswith("application/json")
    assert answer.fields["scopes"]["path"][-len(HOSTILE) :] == HOSTILE
    assert answer.fields["operations"]["name"][-len(HOSTILE) :] == HOSTILE
    assert "<img" not in json.dumps(answer.fields["problems"])
