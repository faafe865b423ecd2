"""The first backward pass, linked to the forward's operations; and that it never gets in the way."""

import threading

import models
import pytest
import torch
from graph_witness import into
from torch import nn
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from torchviz_tb.capture.graph import backward, first_forward, watch_first_forward
from torchviz_tb.records import records_pb2 as pb


class Watched:
    """A model under watch, and what came of it."""

    def __init__(self, model: nn.Module) -> None:
        self.graphs: list[pb.Graph] = []
        self.errors: list[Exception] = []
        self.handle = watch_first_forward(model, into(self.graphs), self.errors.append)


class Square(nn.Module):
    """A function of an input and a weight."""

    def __init__(self, function):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))
        self.function = function

    def forward(self, x):
        return self.function(x, self.weight)


def linked(graph: pb.Graph) -> list[tuple[str, list[str]]]:
    return [(operation.name, [each.name for each in operation.backward]) for operation in graph.operations]


def flops(graph: pb.Graph) -> int:
    every = [each for operation in graph.operations for each in operation.backward]
    return sum(each.flops for each in [*graph.operations, *every, *graph.other_backward])


def test_what_ran_backward_hangs_on_what_ran_forward():
    model = Square(lambda x, w: torch.relu(x @ w).exp().sum())
    watched = Watched(model)
    model(torch.randn(2, 4)).backward()
    (graph,) = watched.graphs
    assert linked(graph) == [
        ("aten.mm", ["aten.t", "aten.mm"]),
        ("aten.relu", ["aten.threshold_backward"]),
        ("aten.exp", ["aten.mul"]),
        ("aten.sum", ["aten.expand"]),
    ]
    assert [each.flops for each in graph.operations[0].backward] == [0, 2 * 2 * 4 * 4]
    assert not graph.other_backward
    assert not watched.handle.waiting


def step(call: models.Call) -> None:
    result = call.run()
    loss = result if isinstance(result, torch.Tensor) else next(iter(result.values()))
    loss.float().square().sum().backward()


NETWORKS = ("ResidualNet", "TiedTransformer", "GraphConvolution", "MixtureOfExperts", "Recursive", "Parametrized")
LARGE = ("DeepUNet", "Bert", "Llama", "Mixtral", "Mamba", "DeepChain")


@pytest.mark.parametrize("name", [*NETWORKS, *LARGE, "Checkpointed", "InPlaceViews", "Vmapped"])
def test_flops_of_a_whole_step_are_those_that_torch_counts(name):
    call = models.build(name)
    watched = Watched(call.model)
    step(call)
    with FlopCounterMode(display=False) as counter:
        step(models.build(name))
    (graph,) = watched.graphs
    assert watched.errors == []
    assert flops(graph) == counter.get_total_flops()
    if name != "InPlaceViews":  # whose writes through views autograd replaces by nodes of its own
        assert not graph.other_backward


@pytest.mark.parametrize("reentrant", [False, True])
def test_what_a_checkpoint_runs_again_is_told_apart(reentrant):
    def forward(x, w):
        return checkpoint(lambda y: torch.sigmoid(y @ w).exp(), x * w, use_reentrant=reentrant)

    model = Square(forward)
    watched = Watched(model)
    model(torch.randn(4, 4)).sum().backward()
    (graph,) = watched.graphs
    every = [each for operation in graph.operations for each in operation.backward]
    again = [each.name for each in every if each.recomputed]
    assert [name for name in again if name != "aten.t"] == ["aten.mm", "aten.sigmoid", "aten.exp"]
    assert "aten.sigmoid_backward" in [each.name for each in every if not each.recomputed]
    assert [operation.name for operation in graph.operations] == ["aten.mul", "aten.mm", "aten.sigmoid", "aten.exp"]


def test_several_results_and_only_the_first_pass():
    model = Square(lambda x, w: {"first": (x @ w).sum(), "second": (x * w).sum()})
    watched = Watched(model)
    result = model(torch.randn(4, 4))
    result["second"].backward(retain_graph=True)
    assert [bool(operations) for _, operations in linked(watched.graphs[0])] == [False, False, True, True]
    result["first"].backward()
    result["second"].backward()
    assert len(watched.graphs) == 1


def test_after_the_pass_no_hook_is_left_on_the_graph(monkeypatch):
    model = Square(lambda x, w: (x @ w).exp().sum())
    watched = Watched(model)
    loss = model(torch.randn(2, 4))
    loss.backward(retain_graph=True)
    assert len(watched.graphs) == 1
    monkeypatch.setattr(backward.BackwardPass, "_guarded", pytest.fail)
    loss.backward()


def test_a_backward_that_never_comes_is_not_waited_for_beyond_the_next_call():
    model = Square(lambda x, w: x @ w)
    watched = Watched(model)
    model(torch.randn(2, 4))
    assert watched.graphs == []
    assert watched.handle.waiting
    model(torch.randn(3, 4)).sum().backward()
    (graph,) = watched.graphs
    assert list(graph.types[graph.inputs[0].type].shape) == [2, 4]
    assert linked(graph) == [("aten.mm", [])]
    assert not watched.handle.waiting


def test_without_gradients_there_is_nothing_to_wait_for():
    model = Square(lambda x, w: x @ w)
    watched = Watched(model)
    with torch.no_grad():
        model(torch.randn(2, 4))
    assert len(watched.graphs) == 1
    assert not watched.handle.waiting


class Failing(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        gradient.neg()
        raise LookupError("the user's own")


def test_a_backward_that_raises_does_so_as_without_us():
    model = Square(lambda x, w: Failing.apply(x @ w).exp())
    watched = Watched(model)
    loss = model(torch.randn(2, 4)).sum()
    with pytest.raises(LookupError, match="the user's own"):
        loss.backward()
    assert _get_current_dispatch_mode_stack() == []
    watched.handle.finish()
    assert linked(watched.graphs[0]) == [("aten.mm", []), ("aten.clone", []), ("aten.exp", [])]
    assert watched.errors == []


@pytest.mark.parametrize(("where", "name"), [(backward, "flop_formula"), (first_forward, "add_backward")])
def test_our_fault_is_reported_once_and_the_backward_goes_on(monkeypatch, where, name):
    monkeypatch.setattr(where, name, lambda *_: 1 / 0)
    call, plain = models.build("Perceptron"), models.build("Perceptron")
    watched = Watched(call.model)
    step(call)
    step(plain)
    assert [type(error) for error in watched.errors] == [ZeroDivisionError]
    assert watched.graphs == []
    pairs = zip(call.model.parameters(), plain.model.parameters(), strict=True)
    assert all(torch.equal(one.grad, other.grad) for one, other in pairs)
    assert not watched.handle.waiting


def test_a_backward_in_another_thread():
    model = Square(lambda x, w: (x @ w).sum())
    watched = Watched(model)
    loss = model(torch.randn(2, 4))
    thread = threading.Thread(target=loss.backward)
    thread.start()
    thread.join()
    assert linked(watched.graphs[0])[0] == ("aten.mm", ["aten.t", "aten.mm"])


def test_what_came_before_the_model_is_not_looked_at():
    before = torch.randn(2, 4, requires_grad=True)
    model = Square(lambda x, w: (x @ w).sum())
    watched = Watched(model)
    model(before.exp().sin()).backward()
    (graph,) = watched.graphs
    names = {each.name for operation in graph.operations for each in operation.backward}
    assert names == {"aten.expand", "aten.t", "aten.mm"}
    assert not graph.other_backward


def test_two_watches_of_one_model_both_see_it():
    model = Square(lambda x, w: (x @ w).sum())
    first, second = Watched(model), Watched(model)
    model(torch.randn(2, 4)).backward()
    assert first.graphs == second.graphs
    assert linked(first.graphs[0])[0] == ("aten.mm", ["aten.t", "aten.mm"])
    assert _get_current_dispatch_mode_stack() == []
