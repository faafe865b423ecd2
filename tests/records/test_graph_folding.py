"""Folded graphs: written out they are the same again, and a hostile one is refused before it is written out."""

import contextlib
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading.graph import Graph
from torchviz_tb.records import graph_folding
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.graph_folding import fold, structures, unfold


@st.composite
def flat_graphs(draw: st.DrawFn) -> pb.Graph:
    """Graphs of modules within modules, operations before, between and after inner calls, edges from anywhere."""
    dice = random.Random(draw(st.integers(0, 2**32)))
    graph = pb.Graph(inputs=[pb.Terminal(name="x"), pb.Terminal(name="y")], files=["net.py"])
    graph.types.add(shape=[2])
    graph.parameters.extend(pb.GraphParameter(name=f"p{number}") for number in range(4))
    _add_call(graph, dice, "", 0, draw(st.integers(0, 4)))
    order = sorted(range(len(graph.calls)), key=lambda index: graph.calls[index].scope)
    numbers = {old: new for new, old in enumerate(order)}
    calls = [graph.calls[index] for index in order]
    for operation in graph.operations:
        operation.call = numbers[operation.call - 1] + 1 if operation.call else 0
    graph.ClearField("calls")
    graph.calls.extend(calls)
    return graph


def _add_call(graph: pb.Graph, dice: random.Random, path: str, parent: int, depth: int) -> None:
    scope = len(graph.scopes)
    kind = dice.choice(["Linear", "Block"])
    graph.scopes.add(path=path, type=kind, parent=parent, call=dice.randrange(2), training=True, file=1, line=3)
    graph.scopes[scope].parameters.extend(dice.sample(range(4), dice.randrange(3)))
    for number in range(dice.randrange(4)):
        if depth and dice.random() < 0.6:
            inner = dice.choice([f"{path}.{number}" if path else str(number), "elsewhere.shared"])
            _add_call(graph, dice, inner, scope, depth - 1)
        else:
            _add_operation(graph, dice, scope)


def _add_operation(graph: pb.Graph, dice: random.Random, scope: int) -> None:
    here = len(graph.operations)
    sources = {dice.randrange(-2, here + 1) if dice.random() < 0.3 else max(here - 1, -1) for _ in range(2)}
    operation = graph.operations.add(name=dice.choice(["aten.mm", "aten.add"]), scope=scope, outputs=[0], bytes=8)
    for source in sorted(sources):
        operation.sources.add(operation=max(source, 0), input=max(-source, 0))
    operation.parameters.extend(dice.sample(range(4), dice.randrange(2)))
    if dice.random() < 0.5:
        graph.calls.add(name="linear", scope=scope, file=1, line=7)
        operation.call = len(graph.calls)
    if dice.random() < 0.3:
        operation.backward.add(name="aten.mm", flops=3)


@given(flat_graphs())
def test_unfolding_is_the_inverse_of_folding(graph: pb.Graph) -> None:
    folded = fold(graph)
    assert folded.blocks
    assert not folded.operations
    assert unfold(folded) == graph
    assert unfold(graph) == graph
    assert structures(folded) == structures(graph)


@given(flat_graphs())
def test_equal_structures_did_the_same(graph: pb.Graph) -> None:
    """By an independent comparison: the operations in the calls' extents, with relative edges."""
    extents: list[list[int]] = [[] for _ in graph.scopes]
    for position, operation in enumerate(graph.operations):
        scope = operation.scope
        while True:
            extents[scope].append(position)
            if not scope:
                break
            scope = graph.scopes[scope].parent
    seen: dict[int, list[tuple[object, ...]]] = {}
    for number, scope in zip(structures(graph), range(len(graph.scopes)), strict=True):
        did = [_did(graph, position, extents[scope]) for position in extents[scope]]
        assert seen.setdefault(number, did) == did


def _did(graph: pb.Graph, position: int, extent: list[int]) -> tuple[object, ...]:
    operation = graph.operations[position]
    within = [position - source.operation + 1 for source in operation.sources if source.operation - 1 in extent]
    return operation.name, len(operation.sources), within, list(operation.outputs)


def test_calls_that_are_not_in_order_stay_flat() -> None:
    graph = pb.Graph(scopes=[pb.Scope(), pb.Scope(path="a"), pb.Scope(path="b")])
    for scope in (1, 2, 1):
        graph.operations.add(scope=scope)
    assert fold(graph) == graph
    assert structures(graph) == [0, 1, 2]


def doubling(levels: int, **leaf: object) -> pb.Graph:
    """Each block calls the one before it ten times."""
    graph = pb.Graph(blocks=[pb.Block(**leaf)], root=pb.BlockCall(block=levels))
    for level in range(levels):
        graph.blocks.add(inner=[pb.BlockCall(block=level) for _ in range(10)])
    return graph


ONE = [pb.Operation(name="aten.add")]


@pytest.mark.parametrize(
    ("graph", "fault"),
    [
        (doubling(7, operations=ONE), "it has 10000000 operations, more than the bound of 200000"),
        (doubling(60, operations=ONE), "operations, more than the bound"),
        (doubling(7), "parts, more than the bound"),
        (doubling(4, calls=[pb.FunctionCall()] * 1000), "parts, more than the bound"),
        (doubling(4, operations=[pb.Operation(flow=[0] * 1000)]), "parts, more than the bound"),
        (doubling(4, operations=[pb.Operation(name="x" * 20_000)]), "characters, more than the bound"),
        (pb.Graph(blocks=[pb.Block(inner=[pb.BlockCall(block=0)])]), "block 0 calls one that is not before it"),
        (pb.Graph(blocks=[pb.Block(inner=[pb.BlockCall(block=2**32 - 1)])]), "calls one that is not before it"),
        (pb.Graph(blocks=[pb.Block()], root=pb.BlockCall(block=1)), "it points to block 1 of 1"),
        (pb.Graph(blocks=[pb.Block(operations=[pb.Operation(flow=[-1])])]), "a port or parameter"),
        (pb.Graph(blocks=[pb.Block(operations=[pb.Operation(flow=[1])])]), "from before the first operation"),
        (pb.Graph(blocks=[pb.Block(operations=[pb.Operation(flow=[-(2**31)])])]), "a port or parameter"),
        (pb.Graph(blocks=[pb.Block(operations=[pb.Operation(parameters=[0])])]), "a port or parameter"),
        (pb.Graph(blocks=[pb.Block(parameters=[5])]), "a port or parameter"),
        (
            pb.Graph(blocks=[pb.Block(), pb.Block(inner=[pb.BlockCall(ports=[7])])], root={"block": 1}),
            "before the first",
        ),
        (pb.Graph(blocks=[pb.Block(), pb.Block(inner=[pb.BlockCall(parameters=[7])])], root={"block": 1}), "a port or"),
    ],
)
def test_what_cannot_be_written_out_is_refused_before_it_costs_anything(graph: pb.Graph, fault: str) -> None:
    tracemalloc.start()
    with pytest.raises(DamagedRecord, match=fault):
        unfold(graph)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_paths_that_grow_with_every_level_are_refused() -> None:
    graph = pb.Graph(blocks=[pb.Block()], root=pb.BlockCall(block=20_000))
    for level in range(20_000):
        graph.blocks.add(inner=[pb.BlockCall(block=level, path="a")])
    with pytest.raises(DamagedRecord, match="characters, more than the bound"):
        unfold(graph)


def test_2000_modules_within_each_other_are_no_recursion() -> None:
    graph = pb.Graph(blocks=[pb.Block(operations=ONE)], root=pb.BlockCall(block=2000))
    for level in range(2000):
        graph.blocks.add(inner=[pb.BlockCall(block=level, path="a")])
    flat = unfold(graph)
    assert len(flat.scopes) == 2001
    assert flat.scopes[2000].path == ".".join("a" * 2000)
    assert unfold(fold(flat)) == flat


@given(st.binary(max_size=300))
def test_any_bytes_are_a_graph_or_a_damaged_record(data: bytes) -> None:
    graph = pb.Graph()
    try:
        graph.ParseFromString(data)
    except Exception:  # noqa: BLE001 - not a message at all, which is found before
        return
    with contextlib.suppress(DamagedRecord):
        Graph.from_record(graph)


@given(flat_graphs(), st.integers(0, 2**32), st.booleans())
def test_a_graph_with_any_number_changed_is_read_or_refused(graph: pb.Graph, seed: int, folded: bool) -> None:
    record = graph_folding.fold(graph) if folded else graph
    _change_one_number(record, random.Random(seed))
    with contextlib.suppress(DamagedRecord):
        Graph.from_record(record)


def _change_one_number(message: object, dice: random.Random) -> None:
    """Descends to some number and gives it another value."""
    while True:
        field, value = dice.choice(message.ListFields() or [(None, None)])  # type: ignore[attr-defined]
        if field is None or isinstance(value, (str, bool)):
            return
        if isinstance(value, int):
            setattr(message, field.name, dice.choice([0, 1, 7, 2**31 - 1]))
            return
        if not hasattr(value, "ListFields"):
            index = dice.randrange(len(value))
            if isinstance(value[index], int):
                value[index] = dice.choice([0, 1, 7, 2**31 - 1])
                return
            value = value[index]
            if isinstance(value, str):
                return
        message = value
