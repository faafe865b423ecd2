"""Each mistake has a sentence that names what was given, what was expected and the next step."""

import re

import numpy as np
import pytest
import torch
import training

import torchviz_tb
from torchviz_tb import ArgumentError
from torchviz_tb.watching.arguments import step_number


@pytest.fixture
def writer(tmp_path):
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        yield writer


MODEL = training.net(0)
OTHER = training.net(1)

MISTAKES = [
    (
        {"model": MODEL.parameters()},
        "model is a generator, not a torch.nn.Module: pass the module that is trained",
    ),
    ({"model": torch.nn.ReLU()}, "model (ReLU) has no parameters: pass the module that is trained"),
    (
        {"optimizer": MODEL},
        (
            "optimizer is a Net, not a torch.optim.Optimizer or a list of them: pass the optimizer whose step() "
            "updates the model, or none and call watch.step() before each update"
        ),
    ),
    ({"optimizer": [training.sgd(MODEL), None]}, "optimizer is a NoneType, not a torch.optim.Optimizer"),
    ({"optimizer": []}, "optimizer is an empty list: pass at least one torch.optim.Optimizer, or none"),
    (
        {"optimizer": [training.sgd(MODEL), training.sgd(OTHER)]},
        (
            "optimizer 1 (SGD) holds none of the model's parameters: pass the optimizer that was made from "
            "model.parameters()"
        ),
    ),
    (
        {"log": "grads"},
        (
            "log has 'grads', which is not a part of the recording: choose from 'all', 'graph', 'parameters', "
            "'gradients', 'updates', 'heatmaps'"
        ),
    ),
    ({"log": ["graph", 3]}, "log has 3, which is not a part of the recording: choose from"),
    ({"log": []}, "log is [], not a word or several: choose from"),
    ({"log": None}, "log is None, not a word or several: choose from"),
    (
        {"optimizer": None, "log": ["updates"]},
        "log='updates' without an optimizer: an update is measured around optimizer.step(), so pass the optimizer",
    ),
    (
        {"log_freq": 0},
        "log_freq is 0, not a whole number of steps from 1 on: pass for example log_freq=100",
    ),
    ({"log_freq": 2.5}, "log_freq is 2.5, not a whole number"),
    ({"log_freq": True}, "log_freq is True, not a whole number"),
    ({"heatmap_freq": -1}, "heatmap_freq is -1, not a whole number of steps from 1 on: pass for example heatmap_freq"),
    (
        {"heatmap_size": 1000},
        "heatmap_size is 1000, not a number of rows and columns from 1 to 512: pass for example heatmap_size=64",
    ),
    ({"heatmap_size": True}, "heatmap_size is True, not a number of rows"),
    (
        {"heatmap_include": "nothing.*"},
        "heatmap_include='nothing.*' and exclude=None leave none of the model's parameters: compare the patterns",
    ),
    (
        {"name": "a/b"},
        "name is 'a/b', not a word without '/': pass for example name='generator', or none for 'model'",
    ),
    ({"name": ""}, "name is '', not a word"),
    (
        {"global_step": 3},
        (
            "global_step is 3, not a function that returns the step: pass for example global_step=lambda: trainer.step"
            ", or none to count optimizer steps"
        ),
    ),
    (
        {"include": "nothing.*"},
        (
            "include='nothing.*' and exclude=None leave none of the model's parameters: compare the patterns with the "
            "names in model.named_parameters()"
        ),
    ),
    ({"include": 3}, "include is given 3 of type int, but takes a glob pattern"),
    ({"writer": {}}, "writer is a dict, which has no event file to add to: pass a SummaryWriter of torchviz_tb, torch"),
]


@pytest.mark.parametrize(
    ("given", "sentence"), MISTAKES, ids=[str(list(given)[-1]) + str(i) for i, (given, _) in enumerate(MISTAKES)]
)
def test_wrong_arguments_raise_at_once(writer, given, sentence):
    arguments = {"model": MODEL, "optimizer": training.sgd(MODEL), "writer": writer, **given}
    with pytest.raises(ArgumentError, match=f"^{re.escape(sentence)}"):
        torchviz_tb.watch(**arguments)
    assert not MODEL._forward_hooks


def test_a_name_that_is_taken(writer):
    writer.watch(MODEL, log="graph", name="net")
    writer.add_distribution("weights", torch.ones(2), 0)
    sentence = "the name 'net' is taken on this writer: names of watches, tensors and tags must differ, so pass another"
    with pytest.raises(ArgumentError, match=f"^{sentence} one, such as 'net_2'"):
        writer.watch(OTHER, log="graph", name="net")
    with pytest.raises(ArgumentError, match=r"^the name 'weights' is taken"):
        writer.watch(OTHER, log="graph", name="weights")
    with pytest.raises(ArgumentError, match=r"^the name 'net' is taken"):
        writer.add_distribution("net", torch.ones(2), 0)


def test_step_of_a_watch_that_has_an_optimizer(writer):
    watch = writer.watch(MODEL, training.sgd(MODEL), log="gradients", name="stepped")
    with pytest.raises(ArgumentError, match=r"^watch 'stepped' has an optimizer and samples at its step\(\)"):
        watch.step(1)


@pytest.mark.parametrize(
    ("given", "step"),
    [
        (3, 3),
        (None, 0),
        (2.9, 2),
        (np.int64(7), 7),
        (torch.tensor(8), 8),
        (np.float32(1.5), 1),
        (-4, -4),
        (2**63 - 1, 2**63 - 1),
    ],
)
def test_steps_are_taken_as_torch_takes_them(given, step):
    assert step_number(given) == step


@pytest.mark.parametrize("given", ["ten", float("nan"), float("inf"), 2**63, [1, 2], torch.ones(2)])
def test_what_is_not_a_step(given):
    with pytest.raises(
        ArgumentError, match=r"^global_step is .*, not a whole number of 64 bits: pass the training step"
    ):
        step_number(given)
