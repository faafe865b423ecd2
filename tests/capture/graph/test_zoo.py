"""What must hold for the graph of any model."""

import inspect
from pathlib import Path

import models
import pytest
import torch
from graph_witness import Seen, Witness, into, source_types, type_at, type_of
from torch.utils.flop_counter import FlopCounterMode

from torchviz_tb.capture.graph import capture_graph, module_tree, watch_first_forward
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.graph_folding import fold, unfold

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")


@pytest.fixture(scope="module", params=models.names())
def call(request):
    return models.build(request.param)


@pytest.fixture(scope="module")
def graph(call):
    return capture_graph(*call)


@pytest.fixture(scope="module")
def witnessed(call):
    """A graph and the same forward as an independent witness saw it, which add_graph's copies would disturb."""
    fresh = models.build(type(call.model).__name__)
    graphs: list[pb.Graph] = []
    handle = watch_first_forward(fresh.model, into(graphs), _raise)
    with Witness() as witness:
        fresh.run()
    handle.finish()  # no backward comes
    return graphs[0], witness


def _raise(error):
    raise error


def test_every_source_precedes_its_reader(graph):
    for position, operation in enumerate(graph.operations):
        assert all(source.operation <= position for source in operation.sources)
        assert all(source.input <= len(graph.inputs) for source in operation.sources)
        assert not any(source.operation and source.input for source in operation.sources)


def test_sources_are_distinct(graph):
    for operation in graph.operations:
        sources = [(source.operation, source.input) for source in operation.sources]
        assert len(sources) == len(set(sources))


def test_all_indices_point_somewhere(graph):
    for operation in graph.operations:
        assert operation.scope < len(graph.scopes)
        assert all(index < len(graph.types) for index in operation.outputs)
        assert all(index < len(graph.parameters) for index in operation.parameters)
    for terminal in [*graph.inputs, *graph.outputs]:
        assert terminal.type < len(graph.types)
        assert terminal.name


def test_operations_are_those_that_torch_dispatched(witnessed):
    graph, witness = witnessed
    shown = [operation for operation in graph.operations if operation.name != "aten.detach"]
    assert [operation.name for operation in shown] == [seen.name for seen in witness.visible()]
    for operation, seen in zip(shown, witness.visible(), strict=True):
        assert [type_at(graph, index) for index in operation.outputs] == seen.made_types


def test_what_an_operation_reads_has_the_type_at_a_source(witnessed):
    graph, witness = witnessed
    shown = [operation for operation in graph.operations if operation.name != "aten.detach"]
    for operation, seen in zip(shown, witness.visible(), strict=True):
        constant = any(not source.operation and not source.input for source in operation.sources)
        flowing = [kind for source in operation.sources for kind in source_types(graph, source)]
        flowing += [type_at(graph, graph.parameters[index].type) for index in operation.parameters]
        assert constant or all(kind in flowing for kind in seen.read_types), operation


def test_the_type_on_an_edge_is_one_that_its_reader_read(witnessed):
    graph, witness = witnessed
    shown = [operation for operation in graph.operations if operation.name != "aten.detach"]
    for operation, seen in zip(shown, witness.visible(), strict=True):
        assert len(operation.source_types) == len(operation.sources)
        flowing = [type_at(graph, number - 1) for number in operation.source_types if number]
        assert set(flowing) <= set(seen.read_types), operation


def test_bytes_are_those_of_what_is_read_and_made(witnessed):
    graph, witness = witnessed
    shown = [operation for operation in graph.operations if operation.name != "aten.detach"]
    for operation, seen in zip(shown, witness.visible(), strict=True):
        if any(tensor.layout != torch.strided or tensor.is_nested for tensor in [*seen.read, *seen.made]):
            continue
        moved = {id(tensor): tensor.nbytes for tensor in [*seen.read, *seen.made]}
        assert operation.bytes == (0 if is_view(seen) else sum(moved.values())), operation


def is_view(seen: Seen) -> bool:
    """Whether everything that it made is memory that it read, and it wrote nothing."""
    memory = {tensor.untyped_storage()._cdata for tensor in seen.read}
    made = [tensor.untyped_storage()._cdata for tensor in seen.made]
    writes = seen.name.endswith("_") or {id(tensor) for tensor in seen.made} & {id(tensor) for tensor in seen.read}
    return bool(made) and memory.issuperset(made) and not writes


def test_a_call_has_operations_of_its_own_scope_one_after_the_other(graph):
    begun: list[int] = []
    for operation in graph.operations:
        if operation.call:
            assert graph.calls[operation.call - 1].scope == operation.scope
        if not begun or begun[-1] != operation.call:
            begun.append(operation.call)
    calls = [call for call in begun if call]
    assert sorted(calls) == list(range(1, len(graph.calls) + 1))


def test_every_operation_is_told_by_the_call_that_ran_it(graph):
    """All code of the zoo is Python, but for what a ScriptModule runs."""
    without = {graph.scopes[operation.scope].path for operation in graph.operations if not operation.call}
    assert without <= {"scripted"}


def test_no_path_is_absolute(graph):
    assert graph.files
    assert not [file for file in graph.files if Path(file).is_absolute() or ".." in Path(file).parts]


def test_folded_and_written_out_it_is_the_same(graph):
    assert unfold(fold(graph)) == graph


def test_the_producer_of_what_is_read_is_a_source(witnessed):
    graph, witness = witnessed
    shown = [index for index, operation in enumerate(graph.operations) if operation.name != "aten.detach"]
    producers: dict[int, int] = {}
    for index, seen in zip(shown, witness.visible(), strict=True):
        sources = {source.operation - 1 for source in graph.operations[index].sources}
        assert {producers[id(tensor)] for tensor in seen.read if id(tensor) in producers} <= sources
        producers |= dict.fromkeys(map(id, seen.made), index)


def test_every_output_reaches_something_given(graph):
    """An input, a parameter or a constant: whatever has no source of its own."""
    for terminal in graph.outputs:
        todo, seen = [terminal.source], set()
        grounded = False
        while todo and not grounded:
            source = todo.pop()
            if source.operation in seen:
                continue
            if not source.operation:
                grounded = True
                break
            seen.add(source.operation)
            operation = graph.operations[source.operation - 1]
            grounded = bool(operation.parameters) or not operation.sources
            todo.extend(operation.sources)
        assert grounded, terminal


# FlopCounterMode's own module tracker refuses an autograd.grad within torch.func.grad.
@pytest.mark.parametrize("name", models.names(but=("InnerGradient",)))
def test_flops_are_those_that_torch_counts(name):
    graph = capture_graph(*models.build(name))
    with FlopCounterMode(display=False) as counter:
        models.build(name).run()
    assert sum(operation.flops for operation in graph.operations) == counter.get_total_flops()


def test_parameter_totals_are_those_of_torch(call, graph):
    def total(buffer: bool) -> int:
        shapes = [graph.types[entry.type].shape for entry in graph.parameters if entry.buffer == buffer]
        return sum(int(torch.Size(list(shape)).numel()) for shape in shapes)

    assert total(buffer=False) == sum(parameter.numel() for parameter in call.model.parameters())
    assert total(buffer=True) == sum(buffer.numel() for buffer in call.model.buffers())


def test_frozen_is_what_takes_no_gradient(call, graph):
    trainable = {name for name, parameter in call.model.named_parameters() if parameter.requires_grad}
    assert {entry.name for entry in graph.parameters if not entry.buffer and not entry.frozen} == trainable


def test_scopes_are_a_tree_in_the_order_of_calls(call, graph):
    assert graph.scopes[0].path == ""
    assert graph.scopes[0].type == graph.model_type == type(call.model).__name__
    known = {name for name, _ in call.model.named_modules(remove_duplicate=False)}
    for index, scope in enumerate(graph.scopes[1:], start=1):
        assert scope.parent < index
        assert scope.path in known
    calls = [(scope.path, scope.call) for scope in graph.scopes]
    assert len(calls) == len(set(calls))


def test_every_operation_ran_in_a_live_call(graph):
    """In the order of the operations, scopes only open after their parents and never come back once left."""
    left: set[int] = set()
    live: list[int] = [0]
    for operation in graph.operations:
        chain = [operation.scope]
        while chain[-1] != 0:
            chain.append(graph.scopes[chain[-1]].parent)
        chain.reverse()
        left.update(scope for scope in live if scope not in chain)
        assert not left.intersection(chain)
        live = chain


def test_train_flags_are_those_of_the_modules(call, graph):
    flags = {name: module.training for name, module in call.model.named_modules(remove_duplicate=False)}
    assert {scope.path: scope.training for scope in graph.scopes}.items() <= flags.items()


def test_inputs_are_the_tensors_of_the_call_in_the_order_of_the_signature(call, graph):
    bound = inspect.signature(call.model.forward).bind(*call.args, **call.kwargs)
    tensors = [leaf for leaf in torch.utils._pytree.tree_leaves(bound.arguments) if isinstance(leaf, torch.Tensor)]
    assert [type_at(graph, terminal.type) for terminal in graph.inputs] == [type_of(tensor) for tensor in tensors]


def test_the_message_survives_the_wire(graph):
    assert pb.Graph.FromString(graph.SerializeToString()) == graph


def test_nothing_was_missed(graph):
    assert not graph.dropped_operations
    assert all("not registered" in note for note in graph.notes)
    assert graph.mode == pb.CAPTURE_MODE_ADD_GRAPH
    assert graph.torch_version == torch.__version__


def test_module_tree_has_every_place_of_every_module_once(call):
    tree = module_tree(call.model)
    assert [scope.path for scope in tree.scopes] == [
        name for name, _ in call.model.named_modules(remove_duplicate=False)
    ]
    for scope in tree.scopes[1:]:
        assert tree.scopes[scope.parent].path == scope.path.rpartition(".")[0]
    assert tree.mode == pb.CAPTURE_MODE_MODULES
    assert not tree.operations
