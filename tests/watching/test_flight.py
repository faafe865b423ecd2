"""The flight recorder: the steps before an accident, against norms by numpy; what counts as an accident."""

import contextlib
import sys

import numpy as np
import programs
import pytest
import torch
import training
import written
from torch import nn

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import flight as flight_module
from torchviz_tb.watching import flight_looks

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


def leave_the_writer(loop):
    with loop.writer:
        loop.run(6)
        raise ZeroDivisionError("of the loop")


def leave_by_finally(loop):
    try:
        loop.run(6)
        raise ZeroDivisionError("of the loop")
    finally:
        loop.watch.unwatch()


def close_while_handling(loop):
    try:
        loop.run(6)
        raise ZeroDivisionError("of the loop")
    except ZeroDivisionError:
        loop.writer.close()


@pytest.mark.parametrize("leave", [leave_the_writer, leave_by_finally, close_while_handling])
def test_an_exception_between_two_steps_is_told_once_by_whoever_closes(tmp_path, leave):
    loop = Loop(tmp_path)
    with contextlib.suppress(ZeroDivisionError):
        leave(loop)
    incidents, (flight,) = loop.read()
    assert [(each.kind, each.reason) for each in incidents] == [("exception", "ZeroDivisionError: of the loop")]
    assert (flight.trigger, list(flight.steps)) == ("exception", list(range(6)))


def test_an_exception_that_ends_the_program_is_told(tmp_path):
    script = f"""
import torch, torchviz_tb
model = torch.nn.Linear(2, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
torchviz_tb.SummaryWriter({str(tmp_path)!r}).watch(model, optimizer)
for step in range(4):
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
raise LookupError("no more data")
"""
    ended = programs.run(script)
    assert ended.stderr.count("LookupError: no more data") == 1
    run = torchviz_tb.load(tmp_path)["."]
    assert [(each.step, each.reason) for each in run.incidents()] == [(3, "LookupError: no more data")]
    assert list(run.flight_recorder()[0].steps) == [0, 1, 2, 3]


def end_normally(loop):
    try:
        loop.run(6)
        next(iter(()))
    except StopIteration:
        loop.writer.close()


def exit_well(loop):
    with loop.writer:
        loop.run(6)
        sys.exit(0)


def recover(loop):
    with contextlib.suppress(ValueError):
        loop.run(6)
        raise ValueError("a bad batch")


@pytest.mark.parametrize("end", [end_normally, exit_well, recover])
def test_what_ends_well_is_no_accident(tmp_path, end):
    loop = Loop(tmp_path)
    with contextlib.suppress(SystemExit):
        end(loop)
    assert loop.read() == ([], [])


def test_within_the_handling_of_an_older_exception_a_training_is_not_to_blame_for_it(tmp_path):
    try:
        raise ImportError("no fast version")
    except ImportError:
        loop = Loop(tmp_path)
        loop.run(6)
        assert loop.read() == ([], [])


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


def test_a_spike_that_lasts_is_one_accident_and_the_next_one_is_another(tmp_path):
    loop = Loop(tmp_path)
    for step in range(AT + 12):
        lasts, again = AT <= step < AT + 6, step == AT + 9
        loop.step(factor=1000.0 if lasts or again else 1.0, loss=50.0 if lasts else 1.0)
    incidents, flights = loop.read()
    found = [(each.step, each.kind) for each in incidents]
    assert found == [(AT, "norm_spike"), (AT, "loss_spike"), (AT + 9, "norm_spike")]
    assert [flight.steps[-1] for flight in flights] == [AT, AT + 9]


def test_switched_off_it_keeps_and_writes_nothing(tmp_path):
    loop = Loop(tmp_path, flight_recorder=0)
    loop.run(AT + 2, factor=float("nan"))
    incidents, flights = loop.read()
    assert not flights
    assert [each.stage for each in incidents] == ["parameter"]  # which is looked at when the writer is closed


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
    monkeypatch.setattr(flight, "_affords", lambda *_: False)
    loop.run(3)
    monkeypatch.setattr(flight, "_affords", lambda *_: True)
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


def test_where_time_allows_there_is_more_of_each_gradient_parameter_and_update(tmp_path, monkeypatch):
    loop = Loop(tmp_path)
    expected = {"gradient_abs_max": [], "gradient_means": [], "gradient_zero_shares": [], "parameter_norms": []}
    before, updates = [], []
    flight = loop.watch._lookout._flight
    for step in range(4):
        monkeypatch.setattr(flight, "_affords", lambda share=1.0, step=step: share == 1.0 or step != 2)
        parameters = [loop.model.weight, loop.model.bias, loop.model.frozen]
        before = [p.detach().double().numpy().copy() for p in parameters]
        with torch.no_grad():
            loop.step(factor=float("nan") if step == 3 else 1.0)
        gradients = [p.grad.double().numpy() for p in parameters[:2]]
        rows = [
            [*(np.abs(g).max() for g in gradients), np.nan],
            [*(g.mean() for g in gradients), np.nan],
            [*((g == 0).mean() for g in gradients), np.nan],
            [np.linalg.norm(b) for b in before],
        ]
        for column, row in zip(expected.values(), rows, strict=True):
            column.append(row if step != 2 else [np.nan] * 3)
        changes = [np.linalg.norm(p.detach().double().numpy() - b) for p, b in zip(parameters, before, strict=True)]
        updates.append(changes if step != 2 else [np.nan] * 3)
    _, (recorded,) = loop.read()
    for name, column in {**expected, "update_norms": updates}.items():
        np.testing.assert_allclose(recorded.details[name], column, rtol=1e-4, err_msg=name)
    assert np.isfinite(recorded.gradient_norms[2, :2]).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_details_of_other_types_and_of_what_is_empty(dtype):
    tensors = {0: torch.tensor([[-3.0, 0.0], [1.0, 0.0]], dtype=dtype), 5: torch.empty(0, 3, dtype=dtype)}

    def found(columns):
        return {i: float(x) for indices, numbers in columns for i, x in zip(indices, numbers, strict=True)}

    assert found(flight_looks.norms(tensors)) == {0: pytest.approx(10**0.5), 5: 0.0}
    assert found(flight_looks.largest(tensors)) == {0: 3.0}
    assert found(flight_looks.means(tensors)) == {0: -0.5}
    assert found(flight_looks.zero_shares(tensors)) == {0: 0.5}
    assert found(flight_looks.differences(tensors, {0: torch.zeros(2, 2, dtype=dtype), 5: torch.ones(2)})) == {
        0: pytest.approx(10**0.5)
    }


def test_updates_of_large_models_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(flight_module, "_MOST_BYTES", 39)  # of 40
    loop = Loop(tmp_path)
    loop.run(AT + 1, factor=float("nan"))
    _, (recorded,) = loop.read()
    assert np.isnan(recorded.details["update_norms"]).all()
    assert np.isfinite(recorded.details["parameter_norms"]).all()
