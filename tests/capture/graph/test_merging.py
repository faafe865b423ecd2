"""More operations than are kept: merged by depth, and what stays true of them."""

import functools

import models
import pytest
import torch
from graph_witness import names
from torch import nn

from torchviz_tb.capture.graph import capture_graph, recording
from torchviz_tb.capture.graph.merging import MERGED_NAME
from torchviz_tb.capture.graph.recorder import Recorder
from torchviz_tb.reading.graph import Graph
from torchviz_tb.records.graph_folding import fold

NETWORKS = ("ResNet", "Bert", "DeepUNet")


@pytest.fixture
def bound(monkeypatch):
    def set_bound(operations: int) -> None:
        monkeypatch.setattr(recording, "Recorder", functools.partial(Recorder, operation_bound=operations))

    return set_bound


def test_the_calls_of_the_deepest_modules_become_one_operation_each(bound):
    bound(40)
    graph = capture_graph(*models.build("Bert"))
    assert len(graph.operations) <= 40
    merged = [graph.scopes[o.scope].path for o in graph.operations if o.name == MERGED_NAME]
    assert [path for path in merged if path.startswith("layers.")] == [f"layers.{number}" for number in range(12)]
    assert graph.dropped_operations == 0
    (note,) = graph.notes
    assert note.startswith("More operations ran than are kept: each module call at depth ")


@pytest.mark.parametrize("name", NETWORKS)
def test_merging_keeps_totals_order_and_what_flows(bound, name):
    plain = capture_graph(*models.build(name))
    bound(len(plain.operations) // 2)
    graph = capture_graph(*models.build(name))
    assert MERGED_NAME in names(graph)
    assert len(graph.operations) <= len(plain.operations) / 2
    assert sum(operation.flops for operation in graph.operations) == sum(o.flops for o in plain.operations)
    assert sum(operation.bytes for operation in graph.operations) == sum(o.bytes for o in plain.operations)
    assert {p for o in graph.operations for p in o.parameters} == {p for o in plain.operations for p in o.parameters}
    assert graph.scopes == plain.scopes
    assert [terminal.name for terminal in graph.outputs] == [terminal.name for terminal in plain.outputs]
    read = Graph.from_record(fold(graph))  # which checks that sources come before their readers
    assert all(len(set(node.sources)) == len(node.sources) for node in read.nodes)
    assert all(terminal.source is not None for terminal in read.outputs)


def test_a_merged_call_reads_what_its_operations_read_from_outside(bound):
    class Block(nn.Module):
        def forward(self, x, y):
            return (x + 1) * y + (x - 1)

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = Block(), Block()

        def forward(self, x):
            y = self.first(x, x)
            return self.second(x, y)

    bound(4)
    graph = capture_graph(Two(), (torch.ones(2),), {})
    assert names(graph) == [MERGED_NAME] * 2
    assert [[(s.operation, s.input) for s in o.sources] for o in graph.operations] == [[(0, 1)], [(0, 1), (1, 0)]]
    assert graph.outputs[0].source.operation == 2
