"""A fault in capture or writing warns once, switches off what failed, and the training goes on undisturbed."""

import warnings

import pytest
import torch
import training
import written

import torchviz_tb
from torchviz_tb.capture.graph import Handle
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.graph_folding import unfold
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import first_graph, groups, sample, start, step_sample

STAGES = {"parameters": pb.STAGE_PARAMETER, "gradients": pb.STAGE_GRADIENT, "updates": pb.STAGE_UPDATE}
REAL_BEGIN = step_sample.begin_stage


def fail(*_, **__):
    raise MemoryError("no room")


def train_watched(log_dir, steps=4, **options):
    """The state after a watched training, its report, and the warnings."""
    model = training.net()
    optimizer = training.sgd(model)
    with warnings.catch_warnings(record=True) as caught, torchviz_tb.SummaryWriter(log_dir) as writer:
        warnings.simplefilter("always")
        watch = writer.watch(model, optimizer, log_freq=1, heatmap_freq=1, **options)
        training.train(model, optimizer, steps=steps)
        watch.unwatch()
    state = {**training.tensors(model), "random": torch.get_rng_state()}
    return state, watch.report(), [str(warning.message) for warning in caught]


@pytest.fixture
def undisturbed():
    model = training.net()
    training.train(model, training.sgd(model), steps=4)
    return {**training.tensors(model), "random": torch.get_rng_state()}


def same(state, other):
    return state.keys() == other.keys() and all(torch.equal(state[name], other[name]) for name in state)


@pytest.mark.parametrize("part", ["parameters", "gradients", "updates", "heatmaps"])
def test_a_part_that_fails_is_off_and_the_others_go_on(tmp_path, monkeypatch, undisturbed, part):
    def begin(stage, *rest, **options):
        return fail() if stage == STAGES[part] else REAL_BEGIN(stage, *rest, **options)

    if part == "heatmaps":
        monkeypatch.setattr(sample, "begin_heatmaps", fail)
    elif part == "updates":
        monkeypatch.setattr(step_sample.UpdateSnapshot, "begin_stage", fail)
    else:
        monkeypatch.setattr(step_sample, "begin_stage", begin)
    state, report, messages = train_watched(tmp_path)
    assert same(state, undisturbed)
    assert messages == [f"torchviz_tb switched off '{part}' for 'model', all else goes on: MemoryError: no room"]
    assert report.not_recorded == {part: "MemoryError: no room"}
    assert report.samples == 4
    left = [stage for name, stage in STAGES.items() if name != part]
    statistics = written.records(tmp_path, Kind.STATISTICS)
    assert [[stage.stage for stage in record.stages] for record in statistics.values()] == [left] * 4
    assert len(written.records(tmp_path, Kind.HEATMAPS)) == (0 if part == "heatmaps" else 4)


def test_a_copy_for_the_updates_that_does_not_fit_leaves_the_rest(tmp_path, monkeypatch, undisturbed):
    monkeypatch.setattr(step_sample, "UpdateSnapshot", fail)
    state, report, messages = train_watched(tmp_path)
    assert same(state, undisturbed)
    assert len(messages) == 1
    assert report.not_recorded == {"updates": "MemoryError: no room"}
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0, 1, 2, 3]


def test_parameters_that_cannot_be_found_end_the_sampling_only(tmp_path, monkeypatch, undisturbed):
    real, calls = start.find_sites, []

    def find_sites(*arguments):
        calls.append(arguments)
        return real(*arguments) if len(calls) < 4 else fail()  # two calls are made by watch() itself

    monkeypatch.setattr(start, "find_sites", find_sites)
    state, report, messages = train_watched(tmp_path, nan="off")
    assert same(state, undisturbed)
    assert messages == ["torchviz_tb switched off 'sampling' for 'model', all else goes on: MemoryError: no room"]
    assert report.samples == 1
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0]


@pytest.mark.parametrize("answer", ["soon", None])
def test_a_step_function_that_fails_does_not_stop_the_training(tmp_path, undisturbed, answer):
    state, report, messages = train_watched(tmp_path, log="gradients", global_step=lambda: answer or fail())
    assert same(state, undisturbed)
    assert len(messages) == 1
    assert list(report.not_recorded) == ["sampling"]


def test_a_graph_that_cannot_be_captured_becomes_the_tree_of_modules(tmp_path, monkeypatch, undisturbed):
    def watch_first_forward(model, on_graph, on_error):
        on_error(RuntimeError("too strange"))
        return Handle(None)

    monkeypatch.setattr(first_graph, "watch_first_forward", watch_first_forward)
    state, report, messages = train_watched(tmp_path)
    assert same(state, undisturbed)
    assert messages == ["torchviz_tb switched off 'graph' for 'model', all else goes on: RuntimeError: too strange"]
    assert report.not_recorded == {"graph": "RuntimeError: too strange"}
    (graph,) = written.records(tmp_path, Kind.GRAPH).values()
    assert graph.mode == pb.CAPTURE_MODE_MODULES
    assert [scope.path for scope in unfold(graph).scopes] == ["", "hidden", "norm", "drop", "out"]


def test_a_full_disk_ends_the_writing_with_one_warning(tmp_path, monkeypatch, undisturbed):
    real = groups.Recorder.write

    def write(self, group, kind, record, step, **options):
        if step >= 2:
            raise OSError(28, "No space left on device")
        return real(self, group, kind, record, step, **options)

    monkeypatch.setattr(groups.Recorder, "write", write)
    state, report, messages = train_watched(tmp_path)
    assert same(state, undisturbed)
    assert len(messages) == 1
    assert messages[0].startswith("torchviz_tb switched off 'writing' for 'model'")
    assert "No space left on device" in report.not_recorded["writing"]
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0, 1]


def test_unreadable_parameters_are_recorded_as_such(tmp_path):
    model = torch.nn.Linear(3, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch's own, on the layout
        model.mixing = torch.nn.Parameter(torch.eye(3).to_sparse_csr(), requires_grad=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with warnings.catch_warnings(), torchviz_tb.SummaryWriter(tmp_path) as writer:
        warnings.simplefilter("error", UserWarning)
        writer.watch(model, optimizer, log=["parameters", "gradients", "heatmaps"])
        model(torch.ones(1, 3)).sum().backward()
        optimizer.step()
    record = written.records(tmp_path, Kind.STATISTICS)[0]
    parameter, gradient = (written.stage(record, stage) for stage in (pb.STAGE_PARAMETER, pb.STAGE_GRADIENT))
    assert list(parameter.status) == [pb.STATUS_MEASURED, pb.STATUS_MEASURED, pb.STATUS_UNSUPPORTED]
    assert [(reason.site, reason.text) for reason in parameter.reasons] == [(2, "sparse tensor")]
    assert list(gradient.status) == [pb.STATUS_MEASURED, pb.STATUS_MEASURED, pb.STATUS_FROZEN]
