"""Several optimizers: one record a step, each parameter as its own optimizer saw it."""

import numpy as np
import pytest
import torch
import training
import written

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

EXCLUDED, MEASURED = pb.STATUS_EXCLUDED, pb.STATUS_MEASURED


@pytest.fixture
def writer(tmp_path):
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        yield writer


@pytest.fixture
def model():
    return training.net()


@pytest.fixture
def optimizers(model):
    """One for the first four parameters, one for the last two."""
    body = [*model.hidden.parameters(), *model.norm.parameters()]
    return torch.optim.SGD(body, lr=0.1), torch.optim.SGD(model.out.parameters(), lr=0.2)


def statistics(writer, tmp_path):
    writer.flush()
    return written.records(tmp_path, Kind.STATISTICS)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_one_record_holds_all_in_whatever_order_they_step(writer, tmp_path, model, optimizers, order):
    writer.watch(model, optimizers, log_freq=2)
    expected = []
    for step in range(4):
        training.backward(model)
        norms = [float(p.grad.norm()) for p in model.parameters()]
        before = [p.detach().clone() for p in model.parameters()]
        for i in order:
            optimizers[i].step()
        updates = [float((p.detach() - old).norm()) for p, old in zip(model.parameters(), before, strict=True)]
        expected += [(norms, updates)] if step % 2 == 0 else []
    records = statistics(writer, tmp_path)
    assert list(records) == [0, 2]
    for record, (norms, updates) in zip(records.values(), expected, strict=True):
        for stage, numbers in ((pb.STAGE_GRADIENT, norms), (pb.STAGE_UPDATE, updates)):
            assert list(written.stage(record, stage).status) == [MEASURED] * 6
            np.testing.assert_allclose(written.stage(record, stage).l2, numbers, rtol=1e-5)
    entries = written.records(tmp_path, Kind.DISTRIBUTIONS)[0].entries
    assert [(e.site, e.stage) for e in entries] == [(site, stage) for site in range(6) for stage in (1, 2, 4)]
    assert [h.site for h in written.records(tmp_path, Kind.HEATMAPS)[0].heatmaps] == list(range(6))


def test_each_is_seen_with_the_gradients_it_consumes(writer, tmp_path, model, optimizers):
    """As in adversarial training: between the two steps, the gradients change."""
    writer.watch(model, optimizers, log="gradients")
    training.backward(model)
    body = [float(p.grad.norm()) for p in list(model.parameters())[:4]]
    optimizers[0].step()
    training.backward(model)
    head = [float(p.grad.norm()) for p in model.out.parameters()]
    optimizers[1].step()
    gradient = written.stage(statistics(writer, tmp_path)[0], pb.STAGE_GRADIENT)
    np.testing.assert_allclose(gradient.l2, [*body, *head], rtol=1e-5)


def test_one_that_steps_more_often_is_sampled_once(writer, tmp_path, model, optimizers):
    writer.watch(model, optimizers, log_freq=1, log="gradients")
    for _ in range(2):
        training.train(model, optimizers[1], steps=3)
        training.train(model, optimizers[0], steps=1)
    records = statistics(writer, tmp_path)
    assert list(records) == [0, 1]
    assert list(written.stage(records[1], pb.STAGE_GRADIENT).status) == [MEASURED] * 6


def test_one_that_does_not_step_leaves_its_sites_excluded(writer, tmp_path, model, optimizers):
    watch = writer.watch(model, optimizers, log_freq=1)
    training.train(model, optimizers[0], steps=2)
    watch.unwatch()
    records = statistics(writer, tmp_path)
    assert list(records) == [0, 1]
    for record in records.values():
        for stage in record.stages:
            assert list(stage.status) == [MEASURED] * 4 + [EXCLUDED] * 2


def test_parameters_that_no_optimizer_holds_go_with_the_first(writer, tmp_path, model, optimizers):
    writer.watch(model, optimizers[1])
    training.train(model, optimizers[1], steps=1)
    record = statistics(writer, tmp_path)[0]
    update = written.stage(record, pb.STAGE_UPDATE)
    assert list(update.status) == [MEASURED] * 6
    assert list(update.l2)[:4] == [0.0] * 4
    groups = [site.parameter_group for site in written.records(tmp_path, Kind.SITES)[0].sites]
    assert groups == [0, 0, 0, 0, 1, 1]


def test_a_step_that_raises_is_kept_without_its_updates(writer, tmp_path, model):
    class Broken(torch.optim.SGD):
        def step(self, closure=None):
            raise RuntimeError("out of memory")

    optimizer = Broken(model.parameters(), lr=0.1)
    writer.watch(model, optimizer)
    training.backward(model)
    with pytest.raises(RuntimeError, match="out of memory"):
        optimizer.step()
    writer.close()
    (record,) = written.records(tmp_path, Kind.STATISTICS).values()
    assert [stage.stage for stage in record.stages] == [pb.STAGE_PARAMETER, pb.STAGE_GRADIENT]
