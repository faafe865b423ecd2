"""A part that fails is named once and is off."""

import warnings

import pytest
import torch
import training

import torchviz_tb
from torchviz_tb.watching import activations, step_sample
from torchviz_tb.watching.guard import Guard


def test_a_fault_is_swallowed_named_in_one_warning_and_switches_off_only_its_part():
    guard = Guard("encoder")
    with (
        pytest.warns(UserWarning, match=r"switched off 'updates' for 'encoder', all else goes on: ValueError: too odd"),
        guard.part("updates"),
    ):
        raise ValueError("too odd")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with guard.part("updates"):
            raise ValueError("again")
    assert guard.off == {"updates": "ValueError: too odd"}
    assert not guard.is_on("graph", "updates")
    assert guard.is_on("graph")


def test_what_is_not_a_fault_of_ours_passes():
    guard = Guard("encoder")
    with pytest.raises(KeyboardInterrupt), guard.part("updates"):
        raise KeyboardInterrupt
    with pytest.raises(LookupError), guard.part("updates", lets_through=(LookupError,)):
        raise KeyError("name")
    assert guard.off == {}


def no_memory(*_args, **_options):
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of")


def test_a_part_that_a_device_has_no_memory_for_is_left_out_that_once():
    guard = Guard("encoder")
    expected = r"left out 'updates' of 'encoder' once and goes on; report\(\) counts: CUDA out of memory$"
    with pytest.warns(UserWarning, match=expected), guard.part("updates"):
        no_memory()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with guard.part("updates"):
            no_memory()
    assert guard.is_on("updates")
    assert (guard.off, guard.gaps) == ({}, {"updates": 2})


FAILING = {
    "parameters": (step_sample.StepSample, "_measure_parameters"),
    "gradients": (step_sample, "gradient_values"),
    "updates": (step_sample, "UpdateSnapshot"),
    "heatmaps": (step_sample, "add_gradient_heatmaps"),
    "activations": (activations, "begin_output"),
    "sampling": (step_sample.StepSample, "before"),
}
STAGES = {"parameters": "parameter", "gradients": "gradient", "updates": "update", "activations": "activation"}


@pytest.mark.parametrize("part", FAILING)
def test_a_watch_goes_on_with_the_sample_after_one_that_found_no_memory(tmp_path, monkeypatch, part):
    model = training.net()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log=[*STAGES, "heatmaps"], log_freq=1, heatmap_freq=1)
        training.train(model, optimizer, steps=1)
        with monkeypatch.context() as patched:
            patched.setattr(*FAILING[part], no_memory)
            with pytest.warns(UserWarning, match=f"left out '{part}'.*CUDA out of memory"):
                training.train(model, optimizer, steps=1)
        training.train(model, optimizer, steps=1)
        [(name, reason)] = watch.report().not_recorded.items()
        assert (name, reason.partition(": ")[2]) == (part, "a device had no memory for it")
    [run] = torchviz_tb.load(tmp_path).values()
    assert run.steps("heatmaps") == ([0, 2] if part in ("heatmaps", "sampling") else [0, 1, 2])
    for each, stage in STAGES.items():
        steps, _, values = run.statistics("count", stage)
        measured = [step for step, row in zip(steps, values, strict=True) if (row > 0).any()]
        assert measured == ([0, 2] if part in (each, "sampling") else [0, 1, 2]), stage
