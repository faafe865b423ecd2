"""What other tools refuse: recorded by add_graph and by a watched step, or shown as what can't be seen."""

import threading
from typing import Any

import pytest
import torch
from graph_witness import into, names
from torch import nn

from torchviz_tb.capture.graph import capture_graph, watch_first_forward
from torchviz_tb.records import records_pb2 as pb


class Calling(nn.Module):
    """A function of a linear layer and the inputs."""

    def __init__(self, function):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(4, 4)
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(self.linear, *args)


def watched_step(model: nn.Module, *args: Any) -> pb.Graph:
    graphs: list[pb.Graph] = []
    handle = watch_first_forward(model, into(graphs), pytest.fail)
    result = model(*args)
    if result.requires_grad:
        result.sum().backward()
    handle.finish()
    (graph,) = graphs
    return graph


def both(function, *args: Any) -> tuple[pb.Graph, pb.Graph]:
    """The graph of a function by add_graph and by a watched step."""
    return capture_graph(Calling(function), args, {}), watched_step(Calling(function), *args)


X = torch.linspace(-1, 1, 8).reshape(2, 4)


def conditional(linear, x):
    return torch.cond(x.sum() > 0, lambda y: y.sin(), lambda y: y.cos(), (linear(x),))


def test_a_higher_order_operation_is_one_operation():
    graph, step = both(conditional, X)
    for each in (graph, step):
        assert "higher_order.cond" in names(each)
    last = graph.operations[-1]
    assert [graph.operations[source.operation - 1].name for source in last.sources] == ["aten.gt", "aten.addmm"]
    assert graph.outputs[0].source.operation == len(graph.operations)


def test_a_jagged_nested_tensor():
    nested = torch.nested.nested_tensor([torch.ones(2, 4), torch.ones(3, 4)], layout=torch.jagged)
    for graph in both(lambda linear, x: linear(x).values(), nested):
        assert names(graph)[0] == "aten.linear"
        assert graph.operations[0].bytes > 0
        assert "without a shape" in graph.notes[0]


@pytest.mark.filterwarnings("ignore:.*Sparse CSR.*:UserWarning")
@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr])
def test_a_sparse_tensor(layout):
    sparse = torch.eye(4).to_sparse(layout=layout)
    for graph in both(lambda linear, x: x @ linear.weight, sparse):
        assert names(graph)[-1] in ("aten.mm", "aten._sparse_addmm")
        assert [graph.parameters[index].name for index in graph.operations[-1].parameters] == ["linear.weight"]


def test_functional_calls_read_what_they_are_given_in_place_of_parameters():
    given = {"weight": torch.ones(4, 4), "bias": torch.zeros(4)}
    for graph in both(lambda linear, x: torch.func.functional_call(linear, given, (x,)), X):
        assert names(graph) == ["aten.t", "aten.addmm"]
        assert [scope.path for scope in graph.scopes] == ["", "linear"]
        assert not any(operation.parameters for operation in graph.operations)


def test_jacobians_by_torch_func():
    for graph in both(lambda linear, x: torch.func.jacrev(linear)(x[0]), X):
        assert "aten.mm" in names(graph)
        assert {call.name for call in graph.calls} >= {"jacrev", "linear"}


class Marked(torch.Tensor):
    """A plain subclass of tensors."""


def test_a_subclass_of_tensors():
    for graph in both(lambda linear, x: linear(x) * 2, X.as_subclass(Marked)):
        assert names(graph) == ["aten.t", "aten.addmm", "aten.mul"]


def in_a_thread(linear, x):
    found = []
    thread = threading.Thread(target=lambda: found.append(linear(x)))
    thread.start()
    thread.join()
    return found[0] + 1


def test_a_module_called_in_another_thread_is_told_of():
    for graph in both(in_a_thread, X):
        assert names(graph) == ["aten.add"]
        assert "Calls of modules in other threads were not recorded." in graph.notes
        assert graph.notes[0].startswith("1 values were read that came from outside the recorded calls")


def test_data_parallel_without_devices_is_what_it_holds():
    model = nn.DataParallel(Calling(lambda linear, x: linear(x)))
    graph = watched_step(model, X)
    assert graph.model_type == "Calling"
    assert [(scope.path, scope.type) for scope in graph.scopes] == [("", "Calling"), ("linear", "Linear")]
    assert sum(bool(operation.backward) for operation in graph.operations) == 2


def test_autocast_shows_the_copies_that_it_makes():
    def forward(linear, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return linear(x)

    for graph in both(forward, X):
        assert names(graph).count("aten._to_copy") == 3
        assert {graph.types[index].dtype for index in graph.operations[-1].outputs} == {"bfloat16"}
