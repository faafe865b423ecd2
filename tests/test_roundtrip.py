"""Model → writer → event file → the accumulator of TensorBoard's Python backend, and torchviz_tb.load: one truth."""

import numpy as np
import pytest
import torch
import training
from tensorboard.backend.event_processing.plugin_event_accumulator import TENSORS, EventAccumulator
from tensorboard.util import tensor_util

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import unseal
from torchviz_tb.records.metadata import PLUGIN_NAME, SCHEMA_VERSION


@pytest.fixture
def history():
    """Gradients of each step, by name, in float64."""
    return {}


@pytest.fixture
def log_dir(tmp_path, history):
    model = training.net()
    optimizer = training.sgd(model)

    def remember(step):
        history[step] = {name: p.grad.double().numpy().copy() for name, p in model.named_parameters()}
        writer.add_scalar("loss", step / 4, step)

    with torchviz_tb.SummaryWriter(tmp_path / "first") as writer:
        writer.watch(model, optimizer, log_freq=2, heatmap_freq=2)
        training.train(model, optimizer, steps=5, before_step=remember)
        writer.add_distribution("noise", torch.tensor([1.0, -2.0, 0.0, torch.nan, torch.inf]), 3)
        writer.add_tensor_view("view", torch.arange(6).view(2, 3), 3, axes=("row", "column"))
        writer.add_progress(4, epoch=2, epochs=3)
    return tmp_path


def test_load_gives_back_what_the_training_had(log_dir, history):
    (run,) = torchviz_tb.load(log_dir).values()
    assert run.problems == []
    assert set(run.groups) == {"model", "noise", "view", "progress"}
    assert [(site.name, site.parameter_group) for site in run.sites] == [(name, 1) for name in training.NAMES]
    steps, names, l2 = run.statistics("l2")
    assert (steps.tolist(), names) == ([0, 2, 4], training.NAMES)
    expected = [[np.linalg.norm(history[step][name]) for name in names] for step in (0, 2, 4)]
    np.testing.assert_allclose(l2, expected, rtol=1e-6)
    for step in (0, 2, 4):
        for name, gradient in history[step].items():
            distribution = run.distribution(name, step)
            assert distribution.counts.sum() + distribution.zeros == gradient.size
            occupied = gradient[gradient != 0]
            if occupied.size:
                assert distribution.edges.min() <= occupied.min()
                assert distribution.edges.max() >= occupied.max()
            heatmap = run.heatmap(name, step)
            matrix = np.abs(gradient).reshape(heatmap.rows, heatmap.columns)
            np.testing.assert_allclose(heatmap.abs_max, matrix, rtol=heatmap.max_error * 1.01)


def test_load_gives_back_single_calls_and_the_graph(log_dir):
    (run,) = torchviz_tb.load(log_dir).values()
    assert [scope.path for scope in run.graph().scopes] == ["", "hidden", "norm", "drop", "out"]
    noise = run.distribution("noise", 3, stage="tensor", group="noise")
    assert (noise.counts.tolist(), noise.zeros, noise.nan, noise.pos_inf) == ([1, 1], 1, 1, 1)
    view = run.tensor_view("view", 3)
    assert (view.values.tolist(), view.axes) == ([[0, 1, 2], [3, 4, 5]], ("row", "column"))
    assert (run.progress().epoch, run.progress().epochs) == (2, 3)


def accumulated(log_dir):
    accumulator = EventAccumulator(str(log_dir), size_guidance={TENSORS: 0})
    accumulator.Reload()
    return accumulator


def test_tensorboard_knows_the_tags_as_ours_and_the_scalars_as_its_own(log_dir):
    accumulator = accumulated(log_dir / "first")
    tags = accumulator.PluginTagToContent(PLUGIN_NAME)
    kinds = ["sites", "statistics", "distributions", "heatmaps", "graph"]
    assert {tag for tag in tags if "/model/" in tag} == {
        f"torchviz_tb/model/{kind}{first}" for kind in kinds for first in ("", "/first")
    }
    content = pb.PluginData.FromString(tags["torchviz_tb/model/graph"])
    assert content == pb.PluginData(schema_version=SCHEMA_VERSION, group="model")
    losses = accumulator.Tensors("loss")
    assert [(e.step, tensor_util.make_ndarray(e.tensor_proto).item()) for e in losses] == [(i, i / 4) for i in range(5)]


def test_a_resumed_run_shows_its_new_steps_and_keeps_the_older_ones(tmp_path):
    """With purge_step, as torch has it: the first session reached step 6, the second goes on from 3."""
    for seed, (start, end) in enumerate([(0, 7), (3, 9)]):
        model = training.net(seed)
        with torchviz_tb.SummaryWriter(tmp_path, purge_step=start or None) as writer:
            for step in range(start, end):
                writer.add_parameters(model, step)
    events = accumulated(tmp_path).Tensors("torchviz_tb/model/statistics")
    assert [event.step for event in events] == list(range(9))
    blobs = [tensor_util.make_ndarray(event.tensor_proto)[0] for event in events]
    norms = [training.net(seed).hidden.weight.norm().item() for seed in (0, 1)]
    np.testing.assert_allclose(
        [unseal(blob, pb.Statistics).stages[0].l2[0] for blob in blobs], [norms[0]] * 3 + [norms[1]] * 6, rtol=1e-6
    )
