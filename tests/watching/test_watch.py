"""What a watch writes, against what the training itself says."""

import numpy as np
import pytest
import torch
import training
import written

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.records.sites import sites_checksum

MEASURED = [pb.STATUS_MEASURED] * len(training.NAMES)
STAGES = {"parameters": pb.STAGE_PARAMETER, "gradients": pb.STAGE_GRADIENT, "updates": pb.STAGE_UPDATE}


@pytest.fixture
def writer(tmp_path):
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        yield writer


def parameters(model):
    return {name: p.detach().double().clone() for name, p in model.named_parameters()}


def gradients(model):
    return {name: p.grad.double().clone() for name, p in model.named_parameters()}


def l2(tensors):
    return [float(tensor.square().sum().sqrt()) for tensor in tensors.values()]


def test_numbers_are_of_parameters_before_the_update_gradients_consumed_and_updates_made(writer, tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    expected = {}
    writer.watch(model, optimizer, log_freq=2)
    for step in range(5):
        training.backward(model)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        before, gradient = parameters(model), gradients(model)
        optimizer.step()
        update = {name: after - before[name] for name, after in parameters(model).items()}
        expected[step] = [l2(before), l2(gradient), l2(update)]
    writer.flush()
    records = written.records(tmp_path, Kind.STATISTICS)
    assert list(records) == [0, 2, 4]
    for step, record in records.items():
        assert [stage.stage for stage in record.stages] == list(STAGES.values())
        assert [list(stage.status) for stage in record.stages] == [MEASURED] * 3
        np.testing.assert_allclose([stage.l2 for stage in record.stages], expected[step], rtol=1e-5)
        assert record.sample_seconds > 0


def test_all_sites_are_in_one_record_of_each_kind(writer, tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log_freq=2, heatmap_freq=4)
    training.train(model, optimizer, steps=7)
    writer.flush()
    steps = {kind: list(written.records(tmp_path, kind)) for kind in Kind}
    assert steps == {
        Kind.SITES: [0],
        Kind.STATISTICS: [0, 2, 4, 6],
        Kind.DISTRIBUTIONS: [0, 2, 4, 6],
        Kind.HEATMAPS: [0, 4],
        Kind.GRAPH: [0],
        Kind.PROGRESS: [],
        Kind.TENSOR_VIEW: [],
        Kind.INCIDENTS: [],
        Kind.FLIGHT_RECORDER: [],
    }
    first = {kind: list(written.records(tmp_path, kind, first=True)) for kind in Kind}
    assert all(first[kind] == steps[kind][:1] for kind in Kind)
    assert len(written.event_files(tmp_path)) == 1


def test_records_join_with_the_table_of_sites(writer, tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer)
    training.train(model, optimizer, steps=1)
    writer.flush()
    table = written.records(tmp_path, Kind.SITES)[0]
    assert [site.name for site in table.sites] == training.NAMES
    assert [site.parameter_group for site in table.sites] == [1] * 6
    for kind in (Kind.STATISTICS, Kind.DISTRIBUTIONS, Kind.HEATMAPS):
        record = written.records(tmp_path, kind)[0]
        assert (record.site_count, record.sites_checksum) == (6, sites_checksum(training.NAMES))
    entries = written.records(tmp_path, Kind.DISTRIBUTIONS)[0].entries
    assert [(e.site, e.stage) for e in entries] == [(i, stage) for i in range(6) for stage in STAGES.values()]
    heatmaps = written.records(tmp_path, Kind.HEATMAPS)[0].heatmaps
    assert [(h.site, h.stage) for h in heatmaps] == [(i, pb.STAGE_GRADIENT) for i in range(6)]


def test_an_update_too_small_for_the_parameter_counts_as_lost(writer, tmp_path):
    model = training.net()
    optimizer = training.sgd(model, lr=1e-12)
    writer.watch(model, optimizer, include="norm.weight")  # ones
    training.train(model, optimizer, steps=1)
    writer.flush()
    update = written.stage(written.records(tmp_path, Kind.STATISTICS)[0], pb.STAGE_UPDATE)
    alive = int((model.norm.weight.grad != 0).sum())
    assert alive > 0
    assert list(update.lost) == [alive]
    assert list(update.zeros) == [6]


def test_frozen_and_unused_parameters_are_named_as_such_and_picked_up_later(writer, tmp_path):
    model = training.net()
    model.hidden.weight.requires_grad_(False)
    model.unused = torch.nn.Parameter(torch.ones(3))
    optimizer = training.sgd(model)
    watch = writer.watch(model, optimizer, log_freq=1)
    training.train(model, optimizer, steps=1)
    names = ["unused", *training.NAMES]
    first = pb.STATUS_NO_GRADIENT, pb.STATUS_FROZEN, *MEASURED[1:]
    assert watch.report().without_gradient == ("unused",)
    model.hidden.weight.requires_grad_(True)
    model.extra = torch.nn.Linear(4, 2)
    optimizer.add_param_group({"params": model.extra.parameters()})
    training.backward(model)
    model.extra(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    writer.flush()
    tables = written.records(tmp_path, Kind.SITES)
    assert [[site.name for site in table.sites] for table in tables.values()] == [
        names,
        [*names, "extra.weight", "extra.bias"],
    ]
    assert [site.frozen for site in tables[0].sites] == [False, True, *[False] * 5]
    assert not any(site.frozen for site in tables[1].sites)
    assert [site.parameter_group for site in tables[1].sites] == [1] * 7 + [2, 2]
    records = written.records(tmp_path, Kind.STATISTICS)
    for stage in (pb.STAGE_GRADIENT, pb.STAGE_UPDATE):
        assert list(written.stage(records[0], stage).status) == list(first)
        assert list(written.stage(records[1], stage).status) == [pb.STATUS_NO_GRADIENT, *[pb.STATUS_MEASURED] * 8]


@pytest.mark.parametrize(
    ("log", "stages", "kinds"),
    [
        ("parameters", ["parameters"], {Kind.SITES, Kind.STATISTICS, Kind.DISTRIBUTIONS}),
        (["gradients", "updates"], ["gradients", "updates"], {Kind.SITES, Kind.STATISTICS, Kind.DISTRIBUTIONS}),
        ("heatmaps", [], {Kind.SITES, Kind.HEATMAPS}),
        ("graph", [], {Kind.GRAPH}),
        (("all",), list(STAGES), {Kind.GRAPH, Kind.SITES, Kind.STATISTICS, Kind.DISTRIBUTIONS, Kind.HEATMAPS}),
    ],
)
def test_only_what_log_names_is_recorded(writer, tmp_path, log, stages, kinds):
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log=log)
    training.train(model, optimizer, steps=1)
    writer.flush()
    assert {one.tag.kind for one in written.everything(tmp_path)} == kinds
    for record in written.records(tmp_path, Kind.STATISTICS).values():
        assert [stage.stage for stage in record.stages] == [STAGES[name] for name in stages]


def test_include_and_exclude_choose_the_sites(writer, tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, include=[torch.nn.Linear], exclude="*.bias")
    training.train(model, optimizer, steps=1)
    writer.flush()
    (table,) = written.records(tmp_path, Kind.SITES).values()
    assert [site.name for site in table.sites] == ["hidden.weight", "out.weight"]


def test_without_an_optimizer_the_loop_says_when(writer, tmp_path):
    model = training.net()
    watch = writer.watch(model, log_freq=10)
    for step in range(0, 31, 5):
        training.backward(model)
        watch.step(step)
    writer.flush()
    records = written.records(tmp_path, Kind.STATISTICS)
    assert list(records) == [0, 10, 20, 30]
    assert [stage.stage for stage in records[0].stages] == [pb.STAGE_PARAMETER, pb.STAGE_GRADIENT]
    assert watch.report().not_recorded == {"updates": "there is no optimizer to watch"}


def test_without_an_optimizer_calls_are_counted(writer, tmp_path):
    model = training.net()
    watch = writer.watch(model, log_freq=2)
    training.train(model, steps=5, before_step=lambda _: watch.step())
    writer.flush()
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0, 2, 4]


def test_the_caller_can_say_the_step(writer, tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    examples = 1000
    writer.watch(model, optimizer, log_freq=100, global_step=lambda: examples)
    for _ in range(6):
        training.train(model, optimizer, steps=1)
        examples += 32
    writer.flush()
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [1000, 1128]
    assert list(written.records(tmp_path, Kind.GRAPH)) == [1000]


def test_two_models_on_one_writer_do_not_mix(writer, tmp_path):
    generator, critic = training.net(0), training.Net(width=3)
    optimizers = training.sgd(generator), training.sgd(critic)
    writer.watch(generator, optimizers[0], name="generator")
    writer.watch(critic, optimizers[1])
    training.train(generator, optimizers[0], steps=1)
    training.train(critic, optimizers[1], steps=1)
    writer.flush()
    for group, width in (("generator", 6), ("model", 3)):
        assert written.records(tmp_path, Kind.SITES, group)[0].sites[1].shape == [width]
        assert list(written.records(tmp_path, Kind.STATISTICS, group)) == [0]
    assert written.groups(tmp_path) == {"generator", "model"}


def test_models_without_a_name_are_numbered(writer):
    names = [writer.watch(model, log="graph").report().name for model in (training.net(0), training.net(1))]
    assert names == ["model", "model_2"]


def test_lbfgs_that_calls_the_model_within_its_step(writer, tmp_path):
    model = training.net().eval()
    x = torch.randn(8, 4)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)

    def closure():
        optimizer.zero_grad()
        loss = model(x).square().sum()
        loss.backward()
        return loss

    writer.watch(model, optimizer, log_freq=1)
    optimizer.step(closure)
    optimizer.step(closure)
    writer.flush()
    records = written.records(tmp_path, Kind.STATISTICS)
    assert list(records) == [0, 1]
    for record in records.values():  # though its first gradients are computed within the step
        assert list(written.stage(record, pb.STAGE_GRADIENT).status) == MEASURED
