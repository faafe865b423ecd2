"""What a watch costs, and how it keeps to a budget: with a clock of the test's own."""

import contextlib

import pytest
import torch
import training
import written

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import cost as cost_module
from torchviz_tb.watching.cost import Cadence, Cost


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def spend(cost, clock, seconds):
    with cost.timed():
        clock.now += seconds


def test_the_share_is_of_the_wall_time_since_the_watch_began(clock):
    cost = Cost(clock)
    assert cost.share == 0.0
    clock.now += 3.0
    spend(cost, clock, 1.0)
    assert (cost.seconds, cost.elapsed, cost.share) == (1.0, 4.0, 0.25)


def test_time_is_counted_though_the_block_raises(clock):
    cost = Cost(clock)
    with contextlib.suppress(ZeroDivisionError), cost.timed():
        clock.now += 2.0
        _ = 1 / 0
    assert cost.seconds == 2.0


def test_a_period_is_from_one_sample_to_the_next(clock):
    cost = Cost(clock)
    assert cost.begin_sample(0) is None
    spend(cost, clock, 1.0)
    clock.now += 19.0
    period = cost.begin_sample(10)
    assert (period.step_seconds, period.watch_share) == (2.0, 0.05)


@pytest.mark.parametrize("budget", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("sample_seconds", [0.01, 1.0, 10.0])
def test_the_share_of_samples_stays_within_the_budget(clock, budget, sample_seconds):
    """Steps of a second; the first sample, which warms up and is always taken, is three times as dear."""
    cost = Cost(clock)
    cadence = Cadence(cost, 1, 5, budget)
    taken = []
    for step in range(20_000):
        if cadence.stretched(step) is None and cadence.samples.take(step):
            spent = sample_seconds * (1 if taken else 3)
            spend(cost, clock, spent)
            cadence.took(spent)
            taken.append(step)
            if len(taken) > 1:
                assert cost.share <= budget * 1.001
        clock.now += 1.0
    assert taken[0] == 0
    assert len(taken) > 2
    assert cadence.heatmaps.freq == 5 * cadence.samples.freq


def test_without_a_budget_the_cadence_stays(clock):
    cost = Cost(clock)
    cadence = Cadence(cost, 2, 10, None)
    for step in range(100):
        assert cadence.stretched(step) is None
        if cadence.samples.take(step):
            spend(cost, clock, 1000.0)
            cadence.took(1000.0)
    assert (cadence.samples.freq, cadence.heatmaps.freq) == (2, 10)


def test_the_log_and_the_report_say_that_samples_became_rarer(tmp_path, monkeypatch, clock):
    monkeypatch.setattr(cost_module.time, "perf_counter", clock)
    monkeypatch.setattr(cost_module.Cost.__init__, "__defaults__", (clock,))
    model = training.net()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log="gradients", log_freq=1, budget=0.1, flight_recorder=0)
        real = watch._cost.timed
        monkeypatch.setattr(watch._cadence, "took", lambda _s, took=watch._cadence.took: took(1.0))
        for _ in range(40):
            samples = watch.report().samples
            training.train(model, optimizer, steps=1)
            if watch.report().samples > samples:
                with real():
                    clock.now += 1.0
            clock.now += 1.0
        assert watch.report().log_freq > 1
        assert watch.report().share <= 0.1
        watch.unwatch()
    found = [each for record in written.records(tmp_path, Kind.INCIDENTS).values() for each in record.incidents]
    assert {each.kind for each in found} == {pb.INCIDENT_CADENCE}
    assert [(each.before, each.after) for each in found] == [(2.0**i, 2.0 ** (i + 1)) for i in range(len(found))]
    assert found[0].reason == "Samples every 1 steps cost more than the budget: from now on every 2 steps."
    assert len(written.records(tmp_path, Kind.STATISTICS)) < 10


def test_each_sample_says_what_it_cost(tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log_freq=2)
        training.train(model, optimizer, steps=5)
        assert watch.report().seconds > 0
        assert 0 < watch.report().share < 1
    first, *others = written.records(tmp_path, Kind.STATISTICS).values()
    assert (first.step_seconds, first.watch_share) == (0, 0)
    for record in others:
        assert record.sample_seconds > 0
        assert record.step_seconds > 0
        assert 0 < record.watch_share < 1


def test_the_closing_line_tells_sites_samples_cost_and_what_never_had_a_gradient(tmp_path, capsys):
    model = training.net()
    model.unused = torch.nn.Linear(2, 2)
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log_freq=2)
        training.train(model, optimizer, steps=3)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("torchviz_tb: watch 'model': 8 parameters, 2 samples of graph, parameters, ")
    assert lines[0].endswith(" % of the time")
    assert lines[1:] == ["  never had a gradient: unused.weight, unused.bias"]
    watch.unwatch()
    assert capsys.readouterr().err == ""  # once


def test_what_is_not_selected_is_not_even_read(tmp_path, monkeypatch):
    """Excluded parameters cost nothing: no engine, no copy and no norm sees them."""
    model = torch.nn.ModuleDict({"small": torch.nn.Linear(2, 2), "large": torch.nn.Linear(100, 100)})
    optimizer = training.sgd(model)
    seen = []
    for name in ("_foreach_norm", "aminmax", "count_nonzero", "clone"):
        owner = torch.Tensor if name == "clone" else torch
        real = getattr(owner, name)

        def spy(first, *rest, real=real, **options):
            seen.extend(first if isinstance(first, (list, tuple)) else [first])
            return real(first, *rest, **options)

        monkeypatch.setattr(owner, name, spy)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log_freq=1, include="small.*", log=["parameters", "gradients", "updates"])
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        seen.clear()
        optimizer.step()
    assert seen
    assert max(tensor.numel() for tensor in seen) <= 4
    table = written.records(tmp_path, Kind.SITES)[0]
    assert [site.name for site in table.sites] == ["small.weight", "small.bias"]
