"""capture_graph and module_tree: names, wrappers, bounds, errors."""

import functools
import random

import models
import numpy as np
import pytest
import torch
from graph_witness import names, source_name
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

from torchviz_tb.capture.graph import ForwardError, capture_graph, module_tree, recording
from torchviz_tb.capture.graph.recorder import Recorder
from torchviz_tb.capture.graph.scopes import Scopes
from torchviz_tb.capture.sites import find_sites
from torchviz_tb.records import records_pb2 as pb


def scopes_of(graph: pb.Graph) -> list[tuple[str, str, int]]:
    return [(scope.path, scope.type, scope.call) for scope in graph.scopes]


def own_parameters(graph: pb.Graph) -> dict[str, list[str]]:
    return {scope.path: [graph.parameters[index].name for index in scope.parameters] for scope in graph.scopes}


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
@pytest.mark.parametrize("name", models.names())
def test_parameters_have_the_names_of_the_sites(name):
    model = models.build(name).model
    graph = module_tree(model)
    expected = [(site.name, list(site.aliases)) for site in find_sites(model)]
    assert [(entry.name, list(entry.aliases)) for entry in graph.parameters if not entry.buffer] == expected


def test_a_tied_weight_is_one_parameter_with_two_names():
    graph = capture_graph(*models.build("TiedTransformer"))
    (tied,) = [entry for entry in graph.parameters if entry.aliases]
    assert (tied.name, tied.aliases) == ("embedding.weight", ["head.weight"])
    assert own_parameters(graph)["head"] == own_parameters(graph)["embedding"] == ["embedding.weight"]


def test_a_shared_module_is_called_again_under_its_first_name():
    graph = capture_graph(*models.build("SharedModule"))
    assert scopes_of(graph)[1:] == [("first", "Linear", call) for call in range(3)]


def test_a_shared_module_has_the_path_under_its_caller():
    shared = nn.Linear(4, 4)
    model = nn.Sequential(nn.Sequential(shared), nn.Sequential(shared))
    graph = capture_graph(model, (torch.ones(1, 4),), {})
    assert [scope[0] for scope in scopes_of(graph)] == ["", "0", "0.0", "1", "1.0"]


def wrapped_data_parallel(model: nn.Module) -> nn.Module:
    return nn.DataParallel(model)


def wrapped_checkpoint(model: nn.Module) -> nn.Module:
    model.layers = checkpoint_wrapper(model.layers)
    return model


def wrapped_compile(model: nn.Module) -> nn.Module:
    return torch.compile(model, backend="eager")


@pytest.mark.parametrize("wrap", [wrapped_data_parallel, wrapped_checkpoint, wrapped_compile])
@pytest.mark.parametrize("capture", [capture_graph, lambda model, *_: module_tree(model)])
def test_a_wrapper_leaves_paths_and_names_as_they_are(wrap, capture):
    call = models.build("Perceptron")
    plain = capture(*call)
    graph = capture(wrap(call.model), call.args, call.kwargs)
    assert scopes_of(graph) == scopes_of(plain)
    assert graph.parameters == plain.parameters
    assert graph.model_type == "Perceptron"
    assert names(graph) == names(plain)
    assert graph.inputs == plain.inputs


def test_the_fused_path_of_an_encoder_layer_shows_what_really_runs():
    graph = capture_graph(*models.build("FusedEncoder"))
    assert names(graph) == ["aten._transformer_encoder_layer_fwd"]
    assert len(graph.operations[0].parameters) == 12


def test_frozen_batch_norm_is_told_by_its_train_flag():
    graph = capture_graph(*models.build("FrozenBatchNorm"))
    assert {scope.path: scope.training for scope in graph.scopes}["features.1"] is False
    assert graph.scopes[0].training


def test_unregistered_modules_are_noted():
    graph = capture_graph(*models.build("ForeignModule"))
    assert [scope[0] for scope in scopes_of(graph)] == ["", "linear"]
    assert graph.notes == [
        "Calls of modules that are not registered in the model are not shown as scopes: Linear, Tanh."
    ]


def test_a_caught_error_does_not_upset_the_scopes():
    graph = capture_graph(*models.build("CaughtError"))
    assert [graph.scopes[operation.scope].path for operation in graph.operations] == [
        "failing.inner",
        "",
        *["linear"] * 2,
    ]


@pytest.mark.filterwarnings("ignore:.*nested tensors:UserWarning")
@pytest.mark.parametrize("layout", [torch.jagged, torch.strided])
def test_a_nested_tensor_has_no_shape_and_says_so(layout):
    class Doubling(nn.Module):
        def forward(self, x):
            return x * 2

    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=layout)
    graph = capture_graph(Doubling(), (nested,), {})
    assert "aten.mul" in names(graph)
    assert "without a shape" in graph.notes[0]


def test_the_models_own_error_comes_through_after_everything_was_restored():
    class Failing(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(4)

        def forward(self, x):
            self.norm(x)
            self.norm.eval()
            raise LookupError("the model's own")

    model = Failing()
    with pytest.raises(ForwardError, match="the model's own") as raised:
        capture_graph(model, (torch.randn(2, 4),), {})
    assert isinstance(raised.value.error, LookupError)
    assert model.norm.training
    assert model.norm.running_mean.tolist() == [0.0] * 4
    assert model.norm.num_batches_tracked == 0


def test_arguments_that_do_not_fit_raise_the_models_own_error():
    with pytest.raises(ForwardError, match="positional argument") as raised:
        capture_graph(nn.Linear(4, 4), (), {})
    assert isinstance(raised.value.error, TypeError)


def test_our_own_fault_is_raised_after_the_forward(monkeypatch):
    monkeypatch.setattr(Recorder, "_record", lambda *_: 1 / 0)
    call = models.build("BatchNormNet")
    with pytest.raises(ZeroDivisionError):
        capture_graph(*call)
    assert call.model.features[1].num_batches_tracked == 0


def test_operations_beyond_the_bound_are_counted_and_scopes_go_on(monkeypatch):
    """Where merging doesn't help: all operations are the root's own."""

    class Flat(nn.Module):
        def forward(self, x):
            return x.add(1).mul(2).neg().exp().sum()

    monkeypatch.setattr(recording, "Recorder", functools.partial(Recorder, operation_bound=3))
    graph = capture_graph(Flat(), (torch.ones(2),), {})
    assert names(graph) == ["aten.add", "aten.mul", "aten.neg"]
    assert graph.dropped_operations == 2
    assert graph.notes == ["2 operations after the first 3 were not kept."]
    assert source_name(graph, graph.outputs[0].source) == "constant"


def test_scopes_beyond_the_bound_count_as_their_caller(monkeypatch):
    monkeypatch.setattr(recording, "Scopes", functools.partial(Scopes, scope_bound=3))
    graph = capture_graph(*models.build("Perceptron"))
    assert [graph.scopes[operation.scope].path for operation in graph.operations] == [
        *["layers.0"] * 2,
        *["layers"] * 3,
    ]
    assert "after the first 3" in graph.notes[0]


def test_a_custom_call_that_bypasses_hooks_still_has_a_root():
    class Direct(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def __call__(self, x):
            return self.forward(x)

        def forward(self, x):
            return self.linear(x) + 1

    graph = capture_graph(Direct(), (torch.ones(1, 4),), {})
    assert scopes_of(graph) == [("", "Direct", 0), ("linear", "Linear", 0)]
    assert [operation.scope for operation in graph.operations] == [1, 1, 0]


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
def test_a_script_module_as_root_is_one_flat_scope():
    graph = capture_graph(torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU())), (torch.ones(2, 4),), {})
    assert scopes_of(graph) == [("", "Sequential", 0)]
    assert "aten.addmm" in names(graph)


def test_compiled_code_runs_uncompiled_and_stays_compiled():
    call = models.build("Perceptron")
    compiled = torch.compile(call.model, backend="eager", fullgraph=True)
    expected = compiled(*call.args)
    assert len(capture_graph(compiled, call.args, {}).operations) == 5
    with torch.compiler.set_stance("fail_on_recompile"):
        assert torch.equal(compiled(*call.args), expected)


class ChangesState(nn.Module):
    """Writes a parameter, a gradient and an input in place."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, float("nan")]))

    def forward(self, x):
        with torch.no_grad():
            self.weight.zero_()
            self.weight.grad.mul_(2)
            x.fill_(7)
        (self.weight * x).sum().backward()
        return self.weight * x


def test_what_the_forward_wrote_gets_its_values_back():
    model, x = ChangesState(), torch.tensor([3.0, 4.0])
    gradient = model.weight.grad = torch.tensor([5.0, 6.0])
    graph = capture_graph(model, (x,), {})
    assert "aten.zero_" in names(graph)
    assert model.weight[0] == 1
    assert model.weight[1].isnan()
    assert model.weight.grad is gradient
    assert gradient.tolist() == [5, 6]
    assert x.tolist() == [3, 4]


def test_generators_go_on_as_if_nothing_had_drawn():
    call = models.build("DrawsEverywhere")
    torch.manual_seed(1), random.seed(1), np.random.seed(1)
    expected = torch.rand(1), random.random(), np.random.rand()
    torch.manual_seed(1), random.seed(1), np.random.seed(1)
    capture_graph(*call)
    assert (torch.rand(1), random.random(), np.random.rand()) == expected


def test_cuda_generators_are_put_back_where_cuda_is_in_use(monkeypatch):
    """Without a GPU: that the states are read before and written after."""
    states = [torch.tensor([1], dtype=torch.uint8)]
    written = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: states)
    monkeypatch.setattr(torch.cuda, "set_rng_state_all", written.append)
    capture_graph(*models.build("Perceptron"))
    assert written == [states]
