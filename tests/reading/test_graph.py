import handmade
import pytest

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading import graph as graphs
from torchviz_tb.reading.graph import Graph
from torchviz_tb.records import records_pb2 as pb

SHAPES = {"conv1.weight": (16, 1, 3, 3), "conv1.bias": (16,), "fc.weight": (10, 64)}


def chain() -> pb.Graph:
    return handmade.chain_graph(SHAPES)


def test_a_chain_comes_back():
    found = Graph.from_record(chain())
    assert [node.name for node in found.nodes] == ["aten.convolution", "aten.addmm"]
    assert found.edges == ((0, 1),)
    assert found.nodes[0].sources == (-1,)
    assert found.nodes[0].parameters == (0, 1)
    assert [scope.path for scope in found.scopes] == ["", "conv1", "fc"]
    assert [parameter.name for parameter in found.parameters] == list(SHAPES)
    assert found.outputs[0].source == 1
    assert found.mode == "training_step"


def test_a_constant_has_no_source():
    record = chain()
    record.operations[1].sources.add()
    assert Graph.from_record(record).nodes[1].sources == (0, None)


def test_what_was_not_told_is_none():
    record = chain()
    record.operations[0].flops = 0
    record.mode = pb.CAPTURE_MODE_UNSPECIFIED
    found = Graph.from_record(record)
    assert found.nodes[0].flops is None
    assert found.mode is None


def changed(path: str, value: int) -> pb.Graph:
    """The chain with one number changed; a path such as "operations.1.scope"."""
    record = chain()
    message: object = record
    *parts, name = path.split(".")
    for part in parts:
        message = message[int(part)] if part.isdigit() else getattr(message, part)  # type: ignore[index]
    if name.isdigit():
        message[int(name)] = value  # type: ignore[index]
    else:
        setattr(message, name, value)
    return record


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("operations.1.scope", 3, "scope 3 of 3"),
        ("operations.1.sources.0.operation", 2, "operation 1 of 1"),  # itself
        ("operations.0.sources.0.operation", 2, "operation 1 of 0"),  # a later one
        ("operations.0.sources.0.input", 2, "input 1 of 1"),
        ("operations.0.outputs.0", 2**32 - 1, "type 4294967295 of 4"),
        ("operations.0.parameters.0", 3, "parameter 3 of 3"),
        ("scopes.0.parent", 1, "scope 1 of 1"),
        ("scopes.1.parent", 1, "scope 1 of 1"),  # itself
        ("scopes.1.parent", 2, "scope 2 of 1"),  # a later one
        ("scopes.1.parameters.0", 9, "parameter 9 of 3"),
        ("parameters.0.type", 4, "type 4 of 4"),
        ("inputs.0.type", 4, "type 4 of 4"),
        ("outputs.0.source.operation", 3, "operation 2 of 2"),
    ],
)
def test_indices_that_point_nowhere_are_refused(path: str, value: int, fault: str):
    with pytest.raises(DamagedRecord, match=f"it points to {fault}"):
        Graph.from_record(changed(path, value))


def test_more_operations_than_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(graphs, "MAX_PARTS", 1)
    with pytest.raises(DamagedRecord, match="claims 4 parts, more than the bound"):
        Graph.from_record(chain())


def test_more_edges_than_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(graphs, "MAX_EDGES", 3)
    with pytest.raises(DamagedRecord, match="claims 4 edges, more than the bound"):
        Graph.from_record(chain())
