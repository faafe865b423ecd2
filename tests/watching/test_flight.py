"""The flight recorder: the steps before an accident, against norms by numpy; what counts as an accident."""

import contextlib

import numpy as np
import pytest
import torch
import training
import written
from torch import nn

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

AT = 12


class Loop:
    """A training whose gradients and loss are given, so that all is known of them."""

    def __init__(self, log_dir, **options):
        torch.manual_seed(0)
        self.model = nn.Linear(3, 2)
        self.model.register_parameter("frozen", nn.Parameter(torch.ones(2), requires_grad=False))
        self.optimizer = training.sgd(self.model, lr=1e-3)
        self.writer = torchviz_tb.SummaryWriter(log_dir)
        self.log_dir = log_dir
        self.watch = self.writer.watch(self.model, self.optimizer, log="gradients", **options)
        self.norms, self.losses = [], []

    def step(self, factor=1.0, loss=1.0):
        for parameter in (self.model.weight, self.model.bias):
            parameter.grad = torch.randn_like(parameter) * factor
        self.losses.append(loss)
        self.norms.append(
            [np.linalg.norm(p.grad.double().numpy()) for p in (self.model.weight, self.model.bias)] + [np.nan]
        )
        self.watch.loss(loss)
        self.optimizer.step()

    def run(self, steps, **changes):
        for step in range(steps):
            self.step(**(changes if step == AT else {}))

    def read(self):
        self.writer.close()
        run = torchviz_tb.load(self.log_dir)["."]
        return run.incidents(), run.flight_recorder()


ACCIDENTS = {
    "non_finite": {"factor": float("nan")},
    "norm_spike": {"factor": 1000.0},
    "loss_spike": {"loss": 50.0},
}


@pytest.mark.parametrize("kind", ACCIDENTS)
def test_the_steps_before_an_accident_are_written(tmp_path, kind):
    loop = Loop(tmp_path, flight_recorder=5)
    loop.run(AT + 1, **ACCIDENTS[kind])
    incidents, (flight,) = loop.read()
    assert (incidents[0].step, incidents[0].kind) == (AT, kind)
    assert flight.trigger == kind
    assert list(flight.steps) == list(range(AT - 4, AT + 1))
    np.testing.assert_allclose(flight.gradient_norms, loop.norms[-5:], rtol=1e-6)
    np.testing.assert_allclose(flight.losses, loop.losses[-5:])


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), torch.tensor(float("nan"))])
def test_a_loss_that_is_not_finite_is_an_accident(tmp_path, loss):
    loop = Loop(tmp_path)
    loop.run(AT + 2, loss=loss)
    (incident,), (flight,) = loop.read()
    assert (incident.step, incident.kind, flight.trigger) == (AT, "non_finite", "non_finite")
    assert list(flight.steps) == list(range(AT + 1))


def test_a_healthy_run_writes_nothing(tmp_path):
    loop = Loop(tmp_path)
    for _ in range(200):
        loop.step(loss=float(np.random.default_rng(len(loop.losses)).normal(1, 0.1)))
    assert loop.read() == ([], [])
    assert written.records(tmp_path, Kind.INCIDENTS) == {}


@pytest.mark.parametrize("change", [{"factor": 5.0}, {"loss": 1.9}])
def test_what_is_just_large_is_no_accident(tmp_path, change):
    loop = Loop(tmp_path)
    loop.run(30, **change)
    assert loop.read() == ([], [])


def test_medians_of_few_steps_prove_nothing(tmp_path):
    loop = Loop(tmp_path)
    for factor in (1, 1, 1, 1, 1000):
        loop.step(factor=factor)
    assert loop.read()[0] == []


def test_an_exception_that_leaves_the_block_is_told_with_the_steps_before(tmp_path):
    loop = Loop(tmp_path)
    with contextlib.suppress(ZeroDivisionError), loop.watch:
        loop.run(6)
        raise ZeroDivisionError("of the loop")
    incidents, (flight,) = loop.read()
    assert [(each.step, each.kind, each.reason) for each in incidents] == [
        (5, "exception", "ZeroDivisionError: of the loop")
    ]
    assert list(flight.steps) == list(range(6))


def test_after_an_accident_it_starts_anew(tmp_path):
    loop = Loop(tmp_path)
    loop.run(AT + 3, factor=float("inf"))
    for _ in range(10):
        loop.step()
    loop.step(factor=float("nan"))
    _, flights = loop.read()
    assert [list(flight.steps) for flight in flights] == [list(range(AT + 1)), list(range(AT + 1, AT + 14))]


def test_a_run_that_stays_broken_is_one_accident(tmp_path):
    loop = Loop(tmp_path)
    for _ in range(30):
        loop.step(factor=float("nan"))
    incidents, flights = loop.read()
    assert [each.kind for each in incidents if each.stage == "gradient"] == ["non_finite"]
    assert len(flights) == 1


def test_switched_off_it_keeps_and_writes_nothing(tmp_path):
    loop = Loop(tmp_path, flight_recorder=0)
    loop.run(AT + 2, factor=float("nan"))
    assert loop.read() == ([], [])


def test_sites_without_a_norm_say_why(tmp_path):
    loop = Loop(tmp_path)
    loop.model.bias.requires_grad_(True)
    loop.model.weight.grad = torch.full((2, 3), torch.nan)
    loop.optimizer.step()
    loop.writer.close()
    (record,) = written.records(tmp_path, Kind.FLIGHT_RECORDER).values()
    assert list(record.steps[0].status) == [pb.STATUS_MEASURED, pb.STATUS_NO_GRADIENT, pb.STATUS_FROZEN]


def test_steps_that_its_share_of_the_time_does_not_allow_are_left_out(tmp_path, monkeypatch):
    loop = Loop(tmp_path)
    flight = loop.watch._lookout._flight
    loop.run(3)
    monkeypatch.setattr(flight, "_affords", lambda: False)
    loop.run(3)
    monkeypatch.setattr(flight, "_affords", lambda: True)
    loop.run(3)
    loop.step(factor=float("nan"))
    _, (recorded,) = loop.read()
    assert list(recorded.steps) == [0, 1, 2, 6, 7, 8, 9]


def test_what_is_a_share_of_the_time(tmp_path):
    flight = Loop(tmp_path).watch._lookout._flight
    flight.cost.seconds = 0.25 + 0.004 * flight._watch_cost.elapsed
    assert flight._affords()
    flight.cost.seconds = 0.26 + flight._watch_cost.elapsed
    assert not flight._affords()
