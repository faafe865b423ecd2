"""Data flow through views, in-place writes, out= and aliases, on forwards whose answer can be read off."""

import pytest
import torch
from graph_witness import names, source_name, source_names
from torch import nn

from torchviz_tb.capture.graph import capture_graph
from torchviz_tb.records import records_pb2 as pb


class Function(nn.Module):
    """A function as a module, with a weight and a buffer for it to use."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.weight = nn.Parameter(torch.ones(3))
        self.register_buffer("memory", torch.zeros(3))

    def forward(self, *args):
        return self.function(self, *args)


def captured(function, *args) -> pb.Graph:
    return capture_graph(Function(function), args or (torch.ones(2, 3),), {})


def flow(graph: pb.Graph) -> list[tuple[str, list[str]]]:
    return [(operation.name, source_names(graph, operation)) for operation in graph.operations]


def parameters_read(graph: pb.Graph) -> list[list[str]]:
    return [[graph.parameters[index].name for index in operation.parameters] for operation in graph.operations]


def test_a_reader_of_the_base_sees_a_write_through_a_view():
    def forward(_, x):
        y = x * 2
        y.select(0, 0).add_(1)
        return y.sum()

    assert flow(captured(forward)) == [
        ("aten.mul", ["args[0]"]),
        ("aten.select", ["aten.mul"]),
        ("aten.add_", ["aten.select"]),
        ("aten.sum", ["aten.mul", "aten.add_"]),
    ]


def test_a_reader_of_a_view_sees_a_write_to_the_base():
    def forward(_, x):
        y = x * 2
        view = y.view(-1)
        y.neg_()
        return view.sum()

    graph = captured(forward)
    assert flow(graph)[-1] == ("aten.sum", ["aten.view", "aten.neg_"])


def test_writes_through_two_views_are_a_chain():
    def forward(_, x):
        y = x * 2
        first, second = y[0], y[1]
        first.add_(1)
        second.mul_(3)
        return y.exp()

    graph = captured(forward)
    assert flow(graph)[-2:] == [
        ("aten.mul_", ["aten.select", "aten.add_"]),
        ("aten.exp", ["aten.mul", "aten.mul_"]),
    ]


def test_an_in_place_operation_on_the_tensor_itself_replaces_its_origin():
    graph = captured(lambda _, x: (x * 2).add_(1).sum())
    assert flow(graph)[-1] == ("aten.sum", ["aten.add_"])


def test_out_arguments_are_written():
    def forward(_, x):
        result = torch.empty(2, 3)
        torch.add(x, 1, out=result)
        return result * 2

    graph = captured(forward)
    assert flow(graph)[-2:] == [("aten.add", ["args[0]", "aten.empty"]), ("aten.mul", ["aten.add"])]


def test_an_alias_made_without_an_operation_is_followed_through_its_memory():
    """nn.Parameter(tensor) is a new tensor, and torch dispatches nothing for it."""
    graph = captured(lambda module, x: nn.Parameter(x * 2) + nn.Parameter(module.weight))
    assert flow(graph) == [("aten.mul", ["args[0]"]), ("aten.add", ["aten.mul"])]
    assert parameters_read(graph) == [[], ["weight"]]


def test_of_parameters_in_one_memory_the_one_at_the_same_place_is_meant():
    """As in a flattened RNN or FSDP's flat parameter."""
    flat = torch.ones(6)

    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Parameter(flat[:3]), nn.Parameter(flat[3:])

        def forward(self, x):
            return x * nn.Parameter(self.second)

    graph = capture_graph(Flat(), (torch.ones(3),), {})
    assert parameters_read(graph) == [["second"]]


def test_an_operation_that_writes_several_and_returns_nothing():
    def forward(_, x):
        parts = [x + 1, x + 2]
        torch._foreach_mul_(parts, 2.0)
        return parts[0] - parts[1]

    graph = captured(forward)
    assert flow(graph)[-2:] == [("aten._foreach_mul_", ["aten.add", "aten.add"]), ("aten.sub", ["aten._foreach_mul_"])]
    assert len(graph.operations[-2].outputs) == 2


def test_parameters_are_attributes_of_what_reads_them_not_sources():
    graph = captured(lambda module, x: x * module.weight + module.memory)
    assert flow(graph) == [("aten.mul", ["args[0]"]), ("aten.add", ["aten.mul"])]
    assert parameters_read(graph) == [["weight"], ["memory"]]


def test_a_buffer_written_in_the_forward_depends_on_its_writer():
    def forward(module, x):
        module.memory.add_(1)
        return x + module.memory

    graph = captured(forward)
    assert flow(graph) == [("aten.add_", []), ("aten.add", ["args[0]", "aten.add_"])]
    assert parameters_read(graph) == [["memory"], ["memory"]]


def test_an_input_written_in_place_is_read_from_its_writer():
    def forward(_, x):
        x.add_(1)
        return x

    graph = captured(forward)
    assert source_name(graph, graph.outputs[0].source) == "aten.add_"


def test_a_literal_is_a_constant():
    graph = captured(lambda _, x: x * torch.tensor([1.0, 2.0, 3.0]))
    assert flow(graph) == [("aten.mul", ["args[0]", "constant"])]


def test_a_tensor_from_elsewhere_is_a_constant_and_noted_if_it_was_computed():
    plain = torch.ones(3)
    computed = torch.ones(3, requires_grad=True) * 2
    assert not captured(lambda _, x: x + plain).notes
    graph = captured(lambda _, x: x + computed)
    assert flow(graph) == [("aten.add", ["args[0]", "constant"])]
    assert "outside the recorded calls" in graph.notes[0]


def test_the_same_source_is_named_once():
    graph = captured(lambda _, x: x * x)
    assert flow(graph) == [("aten.mul", ["args[0]"])]


def test_sources_are_in_argument_order():
    graph = captured(lambda _, a, b, c: torch.cat([b, c, a]), *(torch.ones(size) for size in (1, 2, 3)))
    assert flow(graph) == [("aten.cat", ["args[1]", "args[2]", "args[0]"])]


def test_views_of_one_input_are_told_apart():
    base = torch.ones(4, 3)
    graph = captured(lambda _, a, b: a + b, base[:2], base[2:])
    assert flow(graph) == [("aten.add", ["args[0]", "args[1]"])]


@pytest.mark.parametrize("gradients", [True, False])
def test_detach_is_shown_where_somebody_reads_it_and_only_there(gradients):
    """Under grad, sigmoid saves its output through a detach that nobody reads."""
    with torch.set_grad_enabled(gradients):
        assert names(captured(lambda module, x: (x * module.weight).sigmoid().sum())) == [
            "aten.mul",
            "aten.sigmoid",
            "aten.sum",
        ]
        read = captured(lambda module, x: (x * module.weight).detach() + 1)
    assert flow(read)[-2:] == [("aten.detach", ["aten.mul"]), ("aten.add", ["aten.detach"])]


def test_detach_is_shown_where_it_is_the_result():
    graph = captured(lambda _, x: (x * 2).detach())
    assert source_name(graph, graph.outputs[0].source) == "aten.detach"


def test_inference_mode_shows_the_same_operations_and_counts_the_same():
    """There torch hands composite operations over whole."""
    model, x = nn.Sequential(nn.Linear(3, 4), nn.ReLU()), torch.ones(2, 3)
    with torch.no_grad():
        expected = capture_graph(model, (x,), {})
    with torch.inference_mode():
        graph = capture_graph(model, (x,), {})
    assert flow(graph) == flow(expected)
    assert [operation.flops for operation in graph.operations] == [0, 2 * 2 * 3 * 4, 0]


def test_addresses_that_are_used_again_do_not_make_edges():
    """Each round frees its tensors, so that the next gets their memory and ids."""

    def forward(_, x):
        for _ in range(50):
            (x + 1).mul(2)
        return torch.ones(2, 3) - 1

    graph = captured(forward)
    assert flow(graph)[-2:] == [("aten.ones", []), ("aten.sub", ["aten.ones"])]
    assert all(sources == ["args[0]"] for name, sources in flow(graph) if name == "aten.add")


def test_reading_a_value_is_shown_and_looking_at_sizes_is_not():
    graph = captured(lambda _, x: x * float(x.sum().item()) * x.size(0) * x.numel())
    assert names(graph) == ["aten.sum", "aten._local_scalar_dense", "aten.mul", "aten.mul", "aten.mul"]


def test_an_error_that_the_model_catches_leaves_no_operation():
    def forward(_, x):
        try:
            x @ torch.ones(7, 7)
        except RuntimeError:
            return x + 1

    assert names(captured(forward)) == ["aten.ones", "aten.add"]
