"""User-level calls and source lines, on forwards whose answer can be read off."""

import inspect
from pathlib import Path

import models
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from torchviz_tb.capture.graph import capture_graph, module_tree
from torchviz_tb.capture.graph.function_calls import rounds
from torchviz_tb.capture.graph.source_files import SourceFiles
from torchviz_tb.records import records_pb2 as pb


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        return self.function(self, x)


def captured(function, shape=(2, 3, 4)) -> pb.Graph:
    return capture_graph(Function(function), (torch.ones(shape),), {})


def calls(graph: pb.Graph) -> list[tuple[str, str, list[str]]]:
    """Path, name and operations of each call."""
    found: dict[int, list[str]] = {}
    for operation in graph.operations:
        found.setdefault(operation.call, []).append(operation.name.removeprefix("aten."))
    return [
        (graph.scopes[graph.calls[call - 1].scope].path, graph.calls[call - 1].name, operations)
        for call, operations in found.items()
        if call
    ]


def test_one_call_has_all_operations_that_it_ran():
    graph = captured(lambda _, x: F.scaled_dot_product_attention(x, x, x).relu())
    (attention, relu) = calls(graph)
    assert attention[:2] == ("", "scaled_dot_product_attention")
    assert len(attention[2]) > 5
    assert relu == ("", "relu", ["relu"])


def test_a_call_belongs_to_the_module_whose_code_calls():
    assert calls(captured(lambda module, x: module.linear(x + 1), (2, 4))) == [
        ("", "add", ["add"]),
        ("linear", "linear", ["t", "addmm"]),
    ]


def test_a_function_that_calls_modules_and_others_in_between():
    def helper(module, x):
        return F.gelu(module.linear(x)) - 1

    graph = captured(lambda module, x: helper(module, helper(module, x)), (2, 4))
    linear, gelu, sub = ("linear", "linear", ["t", "addmm"]), ("", "gelu", ["gelu"]), ("", "sub", ["sub"])
    assert calls(graph) == [linear, gelu, sub] * 2


def test_the_rounds_of_a_loop_are_calls_of_their_own():
    def forward(module, x):
        for _ in range(3):
            x = F.linear(x, module.linear.weight, module.linear.bias)
        return x

    assert calls(captured(forward, (2, 4))) == [("", "linear", ["t", "addmm"])] * 3


@pytest.mark.parametrize(
    ("names", "expected"), [("a", 1), ("ab", 1), ("aa", 2), ("abab", 2), ("abaab", 1), ("aaaa", 4), ("abaaba", 2)]
)
def test_rounds(names, expected):
    assert rounds(names) == expected


def test_the_line_is_where_the_call_stands_and_the_file_is_relative():
    def forward(_, x):
        return x.neg()

    graph = captured(forward)
    (call,) = graph.calls
    _, line = inspect.getsourcelines(forward)
    assert call.line == line + 1
    assert graph.files[call.file - 1] == Path(__file__).relative_to(Path.cwd()).as_posix()


def test_within_torchs_own_modules_the_line_is_the_users():
    graph = capture_graph(nn.Sequential(nn.Linear(4, 4)), (torch.ones(1, 4),), {})
    (call,) = graph.calls
    assert call.name == "linear"
    assert graph.files[call.file - 1].endswith("test_function_calls.py")


def test_a_scope_tells_where_its_forward_begins():
    graph = captured(lambda module, x: module.linear(x))
    _, line = inspect.getsourcelines(Function.forward)
    own, linear = graph.scopes
    assert (graph.files[own.file - 1], own.line) == (Path(__file__).relative_to(Path.cwd()).as_posix(), line)
    assert (linear.file, linear.line) == (0, 0)


def test_the_tree_of_modules_tells_lines_too():
    graph = module_tree(models.build("ResidualNet").model)
    assert {graph.files[scope.file - 1] for scope in graph.scopes if scope.file} == {"tests/zoo_architectures.py"}


def test_a_file_from_outside_of_all_roots_is_told_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", [])
    monkeypatch.chdir(tmp_path)
    code = compile("def forward(x):\n    return x\n", "/somewhere/secret/net.py", "exec")
    space: dict[str, object] = {}
    exec(code, space)
    files = SourceFiles()
    assert files.of_function(space["forward"]) == (1, 1)
    assert files.names == ["net.py"]


def test_installed_packages_are_told_as_they_are_imported():
    files = SourceFiles()
    files.of_function(pytest.raises)
    assert files.names == ["_pytest/raises.py"]


def test_code_made_at_run_time_has_no_file_and_its_calls_have_names():
    traced = torch.fx.symbolic_trace(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))
    graph = capture_graph(traced, (torch.ones(2, 4),), {})
    assert [call.name for call in graph.calls] == ["linear", "relu"]
    assert graph.scopes[0].file == 0


def test_attributes_are_the_arguments_that_are_no_tensors():
    graph = captured(lambda _, x: x.sum((0, 1), keepdim=True, dtype=torch.float64).unflatten(2, (2, -1)))
    attributes = [
        {graph.attributes[index].name: graph.attributes[index].value for index in operation.attributes}
        for operation in graph.operations
    ]
    assert attributes == [
        {"dim": "[0, 1]", "keepdim": "True", "dtype": "float64"},
        {"size": "[1, 1, 2, 2]"},
    ]


def test_as_many_tensors_as_arguments_hide_no_attribute():
    graph = captured(lambda _, x: torch.cat([x, x], 1))
    (operation,) = graph.operations
    assert [(graph.attributes[i].name, graph.attributes[i].value) for i in operation.attributes] == [("dim", "1")]


def test_long_attributes_are_cut():
    graph = captured(lambda _, x: torch.zeros([1] * 60))
    (attribute,) = [each for each in graph.attributes if each.name == "size"]
    assert len(attribute.value) == 80
    assert attribute.value.endswith("…")
