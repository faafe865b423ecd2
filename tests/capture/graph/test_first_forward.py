"""Watching the user's own first forward: when it captures, when it waits, and that it never gets in the way."""

import threading

import models
import pytest
import torch
from first_forward import PERCEPTRON_PATHS, Watched, process_is_clean
from graph_witness import names
from torch import nn
from torch.utils import _python_dispatch as dispatch
from torch.utils._python_dispatch import TorchDispatchMode

from torchviz_tb.capture.graph import build_graph, capture_graph, first_forward, record_graph, watch_first_forward
from torchviz_tb.capture.graph.recorder import Recorder
from torchviz_tb.records import records_pb2 as pb


class Unsteady(nn.Module):
    """Raises what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor, error: BaseException | None = None) -> torch.Tensor:
        y = self.linear(x)
        if error is not None:
            raise error
        return y


def test_the_first_call_is_captured_and_no_other():
    watched = Watched(models.build("Perceptron").model)
    watched.model(torch.randn(2, 4))
    watched.model(torch.randn(5, 4))
    assert watched.outcome == (1, 0)
    assert watched.clean
    (graph,) = watched.graphs
    assert graph.mode == pb.CAPTURE_MODE_TRAINING_STEP
    assert graph.types[graph.inputs[0].type].shape == [2, 4]
    assert names(graph) == ["aten.t", "aten.addmm", "aten.relu", "aten.t", "aten.addmm"]


def test_it_is_the_graph_of_add_graph():
    call = models.build("ResidualNet")
    expected = build_graph(record_graph(*call, mode=pb.CAPTURE_MODE_TRAINING_STEP))
    watched = Watched(call.model)
    call.run()
    assert watched.outcome == (1, 0)
    assert watched.graphs == [expected]


@pytest.mark.parametrize(
    ("training", "gradients", "captured"), [(True, False, 1), (False, True, 1), (True, True, 1), (False, False, 0)]
)
def test_evaluation_is_waited_out(training, gradients, captured):
    watched = Watched(models.build("Perceptron").model.train(training))
    with torch.set_grad_enabled(gradients):
        watched.model(torch.randn(2, 4))
    assert watched.outcome == (captured, 0)


def test_a_forward_that_raises_is_forgotten_and_the_next_captured():
    watched = Watched(Unsteady())
    error = ValueError("the model's own")
    with pytest.raises(ValueError, match="the model's own") as raised:
        watched.model(torch.randn(2, 4), error)
    assert raised.value is error
    assert raised.value.__context__ is None
    assert watched.outcome == (0, 0)
    assert process_is_clean()
    watched.model(torch.randn(2, 4))
    assert watched.outcome == (1, 0)
    assert watched.clean


def test_a_call_within_an_except_block_is_captured():
    watched = Watched(Unsteady())
    try:
        raise KeyError
    except KeyError:
        watched.model(torch.randn(2, 4))
    assert watched.outcome == (1, 0)


def test_an_interrupt_passes_hooks_by_and_the_next_call_cleans_up():
    watched = Watched(Unsteady())
    with pytest.raises(KeyboardInterrupt):
        watched.model(torch.randn(2, 4), KeyboardInterrupt())
    watched.model(torch.randn(2, 4))
    assert watched.outcome == (1, 0)
    assert watched.clean
    assert names(watched.graphs[0]) == ["aten.t", "aten.addmm"]


def test_taking_it_back_after_an_interrupt_cleans_up():
    watched = Watched(Unsteady())
    with pytest.raises(KeyboardInterrupt):
        watched.model(torch.randn(2, 4), KeyboardInterrupt())
    watched.handle.remove()
    assert watched.clean


def test_taking_it_back_during_the_forward_drops_it_at_the_end():
    class Removing(nn.Module):
        def forward(self, x):
            watched.handle.remove()
            return x + 1

    watched = Watched(Removing())
    watched.model(torch.randn(2))
    assert watched.outcome == (0, 0)
    assert watched.clean


def test_recursion_into_the_root_is_part_of_the_capture():
    call = models.build("Recursive")
    watched = Watched(call.model)
    call.run()
    assert watched.outcome == (1, 0)
    scopes = watched.graphs[0].scopes
    assert [(scope.path, scope.call, scope.parent) for scope in scopes] == [
        ("", 0, 0),
        ("linear", 0, 0),
        ("", 1, 0),
        ("linear", 1, 2),
        ("", 2, 2),
        ("linear", 2, 4),
    ]


def test_calls_in_another_thread_do_not_mix_in():
    model = models.build("Perceptron").model
    other_result = []

    class Threaded(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, x):
            thread = threading.Thread(target=lambda: other_result.append(self.inner(x.detach())))
            thread.start()
            thread.join()
            return self.inner(x)

    watched = Watched(Threaded())
    watched.model(torch.randn(2, 4))
    assert watched.outcome == (1, 0)
    (graph,) = watched.graphs
    assert [scope.path for scope in graph.scopes] == ["", "inner", *(f"inner.{p}" for p in PERCEPTRON_PATHS)]
    assert graph.notes == ["Calls of modules in other threads were not recorded."]
    assert len(other_result) == 1


def test_another_thread_calling_the_root_meanwhile_is_left_alone():
    class Calling(nn.Module):
        def forward(self, x, again=True):
            if again:
                thread = threading.Thread(target=self, args=(x, False))
                thread.start()
                thread.join()
            return x * 2

    watched = Watched(Calling())
    watched.model(torch.randn(2))
    assert watched.outcome == (1, 0)
    assert names(watched.graphs[0]) == ["aten.mul"]
    assert watched.clean


def test_a_training_loop_in_its_own_thread_is_captured():
    watched = Watched(models.build("Perceptron").model)
    thread = threading.Thread(target=watched.model, args=(torch.randn(2, 4),))
    thread.start()
    thread.join()
    assert watched.outcome == (1, 0)
    assert len(watched.graphs[0].operations) == 5


def test_two_watches_of_one_model_both_get_the_graph():
    model = models.build("Perceptron").model
    first, second = Watched(model), Watched(model)
    model(torch.randn(2, 4))
    assert first.outcome == second.outcome == (1, 0)
    assert first.graphs == second.graphs
    assert first.clean
    assert second.clean


def test_add_graph_on_a_watched_model_is_not_taken_for_the_users_step():
    call = models.build("Perceptron")
    watched = Watched(call.model)
    capture_graph(*call)
    assert watched.outcome == (0, 0)
    call.run()
    assert watched.outcome == (1, 0)


class Passing(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def test_a_mode_that_a_users_hook_leaves_on_stays_on():
    """The user's mode is entered after ours and left after ours has gone."""
    call = models.build("Perceptron")
    watched = Watched(call.model)
    mode = Passing()
    call.model.register_forward_pre_hook(lambda *_: mode.__enter__() and None)
    call.run()
    assert dispatch._get_current_dispatch_mode_stack() == [mode]
    mode.__exit__(None, None, None)
    assert watched.outcome == (1, 0)
    assert process_is_clean()


@pytest.mark.parametrize("method", ["_read", "_record"])
def test_our_fault_while_recording_is_reported_once_and_the_forward_goes_on(monkeypatch, method):
    def fail(*_):
        raise AssertionError("ours")

    monkeypatch.setattr(Recorder, method, fail)
    call, plain = models.build("Perceptron"), models.build("Perceptron")
    watched = Watched(call.model)
    assert torch.equal(call.run(), plain.run())
    call.run()
    assert watched.outcome == (0, 1)
    assert str(watched.errors[0]) == "ours"
    assert watched.clean


def test_our_fault_at_the_start_is_reported_once_and_the_forward_goes_on(monkeypatch):
    monkeypatch.setattr(first_forward, "Recording", lambda *_: 1 / 0)
    call = models.build("Perceptron")
    watched = Watched(call.model)
    call.run()
    call.run()
    assert watched.outcome == (0, 1)
    assert watched.clean


def test_a_receiver_that_raises_gets_its_error_and_training_goes_on():
    call = models.build("Perceptron")
    errors = []
    watch_first_forward(call.model, lambda graph: 1 / 0, errors.append)
    call.run().sum().backward()
    assert [type(error) for error in errors] == [ZeroDivisionError]
    watch_first_forward(call.model, lambda graph: 1 / 0, lambda error: 1 / 0)
    call.run().sum().backward()
    assert process_is_clean()


def test_a_module_replaced_after_the_watch_is_seen_as_it_is():
    call = models.build("Perceptron")
    watched = Watched(call.model)
    call.model.layers[1] = nn.Sigmoid()
    call.run()
    assert watched.outcome == (1, 0)
    assert "aten.sigmoid" in names(watched.graphs[0])
    assert [scope.type for scope in watched.graphs[0].scopes] == [
        "Perceptron",
        "Sequential",
        "Linear",
        "Sigmoid",
        "Linear",
    ]
