"""`watch` with everybody's writer, and with none."""

import pytest
import torch
import training
import written
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter

import torchviz_tb
from torchviz_tb.records.metadata import Kind


def tensorboardx(log_dir):
    return pytest.importorskip("tensorboardX").SummaryWriter(str(log_dir))


@pytest.mark.parametrize("make", [torchviz_tb.SummaryWriter, TorchSummaryWriter, tensorboardx])
def test_records_go_into_the_writers_own_file(tmp_path, make):
    writer = make(tmp_path)
    model = training.net()
    optimizer = training.sgd(model)
    with torchviz_tb.watch(model, optimizer, writer=writer, log_freq=1) as watch:
        training.train(model, optimizer, steps=3, before_step=lambda step: writer.add_scalar("loss", step, step))
    writer.close()
    assert watch.report().samples == 3
    assert len(written.event_files(tmp_path)) == 1
    assert written.scalars(tmp_path, "loss") == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0, 1, 2]
    assert list(written.records(tmp_path, Kind.GRAPH)) == [0]


def test_two_calls_on_one_writer_share_its_steps_and_names(tmp_path):
    writer = TorchSummaryWriter(tmp_path)
    torchviz_tb.watch(training.net(), writer=writer, name="net")
    with pytest.raises(torchviz_tb.ArgumentError, match="the name 'net' is taken"):
        torchviz_tb.watch(training.net(), writer=writer, name="net")


class StandIn:
    """As the writer of Lightning's logger on ranks other than 0."""

    def __getattr__(self, name):
        return lambda *_, **__: None


@pytest.mark.parametrize("writer", [None, StandIn()])
def test_a_rank_without_a_writer_records_nothing_and_runs_the_same_code(writer):
    model = training.net()
    optimizer = training.sgd(model)
    with torchviz_tb.watch(model, optimizer, writer=writer, name="net") as watch:
        assert not optimizer._optimizer_step_pre_hooks
        assert not model._forward_pre_hooks
        training.train(model, optimizer, steps=2)
    by_hand = torchviz_tb.watch(model, writer=writer)
    by_hand.step(0)
    report = watch.report()
    assert (report.name, report.sites, report.samples) == ("net", 6, 0)
    assert set(report.not_recorded.values()) == {"no writer was given"}
    assert set(report.not_recorded) == {"graph", "parameters", "gradients", "updates", "heatmaps"}


def test_a_rank_without_a_writer_checks_its_arguments_too():
    with pytest.raises(torchviz_tb.ArgumentError, match="log_freq is 0"):
        torchviz_tb.watch(torch.nn.Linear(1, 1), writer=None, log_freq=0)


def test_the_report_counts_what_was_done_and_what_it_cost(tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log_freq=2)
        assert watch.report().not_recorded == {"graph": "the model has not been called yet"}
        training.train(model, optimizer, steps=5)
        report = watch.report()
    assert (report.sites, report.samples, report.not_recorded, report.without_gradient) == (6, 3, {}, ())
    measured = [record.sample_seconds for record in written.records(tmp_path, Kind.STATISTICS).values()]
    assert report.seconds >= sum(measured) > 0
    assert 0 < report.share < 1
