"""Activations: what modules return at sampled steps, against the tensors themselves and float64 arithmetic by numpy."""

import copy
import gc
import re
import threading
import weakref

import numpy as np
import pytest
import torch
import training
import written
from observed import Seen, check, numbers, small, train_step
from torch import nn
from torch.utils.checkpoint import checkpoint

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import activations as activations_module


@pytest.fixture
def writer(tmp_path):
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        yield writer


def test_numbers_are_those_of_what_modules_returned(writer, tmp_path):
    model = small()
    optimizer = training.sgd(model)
    seen = Seen(model, ["0", "1", "2", "3", "4"])
    writer.watch(model, optimizer, log="activations")
    train_step(model, optimizer, torch.randn(8, 4))
    found = numbers(writer, tmp_path)
    assert list(found) == ["0", "1", "2", "3", "4", ":output"]
    for path in seen.tensors:
        check(found[path], seen.values(path))
    assert found[":output"] == found["4"]
    run = torchviz_tb.load(tmp_path)["."]
    distribution = run.distribution("1", 0, "activation")
    values = seen.values("1")
    assert (int(distribution.counts.sum()), distribution.zeros) == ((values != 0).sum(), (values == 0).sum())
    assert distribution.quantile(0.9) == pytest.approx(np.quantile(values, 0.9), abs=0.05)
    site = {site.name: site for site in run.sites}["1"]
    assert (site.module, site.module_type, site.shape, site.dtype, site.output) == (
        "1",
        "ReLU",
        (8, 6),
        "float32",
        True,
    )


def test_all_calls_of_a_step_count_together(writer, tmp_path):
    """Accumulated micro-batches of several sizes, and a module that is called twice."""
    torch.manual_seed(0)
    shared = nn.Linear(4, 4)
    model = nn.Sequential(shared, nn.Tanh(), shared)
    optimizer = training.sgd(model)
    seen = Seen(model, ["0", "1"])
    writer.watch(model, optimizer, log="activations")
    train_step(model, optimizer, torch.randn(8, 4), torch.randn(3000, 4), torch.randn(1, 4))
    found = numbers(writer, tmp_path)
    assert len(seen.tensors["0"]) == 6
    assert list(found) == ["0", "1", ":output"]
    check(found["0"], seen.values("0"))
    check(found["1"], seen.values("1"))
    (distribution,) = [
        entry.histogram
        for entry in written.records(tmp_path, Kind.DISTRIBUTIONS)[0].entries
        if written.records(tmp_path, Kind.SITES)[0].sites[entry.site].name == "0"
    ]
    assert sum(distribution.counts) == seen.values("0").size
    assert 64 <= len(distribution.counts) <= 512


def on(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


@pytest.mark.parametrize("told", [False, True])
def test_hooks_are_on_at_sampled_steps_only(writer, tmp_path, told):
    model = small()
    optimizer = training.sgd(model)
    now, hooks = [0], []
    count = (lambda: now[0]) if told else None
    watch = writer.watch(model, optimizer, log="activations", log_freq=3, global_step=count, nan="off")
    for _ in range(8):
        hooks.append(on(model))
        train_step(model, optimizer, torch.randn(8, 4))
        now[0] += 1
    assert [count > 0 for count in hooks] == [True, False, False] * 2 + [True, False]
    writer.flush()
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0, 3, 6]
    train_step(model, optimizer, torch.randn(8, 4))
    now[0] += 1
    assert on(model) > 0
    watch.unwatch()
    assert on(model) == 0


def test_a_watch_without_an_optimizer_is_told_its_steps(writer, tmp_path):
    model = small()
    watch = writer.watch(model, log="activations", log_freq=100, nan="off")
    hooks = []
    for step in range(0, 300, 50):
        hooks.append(on(model) > 0)
        model(torch.randn(8, 4)).sum().backward()
        watch.step(step)
    assert hooks == [True, False] * 3
    writer.flush()
    assert [s for s, r in written.records(tmp_path, Kind.STATISTICS).items() if r.stages] == [0, 100, 200]


def test_validation_and_the_second_run_of_a_checkpoint_do_not_count(writer, tmp_path):
    model = small()
    optimizer = training.sgd(model)
    seen = Seen(model, ["1"])
    writer.watch(model, optimizer, log="activations")
    with torch.no_grad():
        model(torch.randn(100, 4))
    model.eval()
    model(torch.randn(50, 4))
    model.train()
    seen.tensors["1"].clear()
    checkpoint(model, torch.randn(8, 4, requires_grad=True), use_reentrant=False).sum().backward()
    optimizer.step()
    assert len(seen.tensors["1"]) == 2
    assert numbers(writer, tmp_path)["1"]["count"] == 8 * 6


def test_a_training_in_eval_mode_counts(writer, tmp_path):
    model = small().eval()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log="activations")
    train_step(model, optimizer, torch.randn(8, 4))
    assert numbers(writer, tmp_path)["0"]["count"] == 8 * 6


def test_a_forward_that_raises_does_not_count_and_raises_as_before(writer, tmp_path):
    model = small()
    optimizer = training.sgd(model)
    seen = Seen(model, ["0"])
    writer.watch(model, optimizer, log="activations")
    fault = model[4].register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model(torch.randn(50, 4))
    fault.remove()
    seen.tensors["0"].clear()
    train_step(model, optimizer, torch.randn(8, 4))
    check(numbers(writer, tmp_path)["0"], seen.values("0"))


def test_of_two_optimizers_each_step_has_its_own_forwards(writer, tmp_path):
    """A forward for the second optimizer at the step before is not one of the sampled step."""
    model = nn.ModuleDict({"d": nn.Linear(4, 4), "g": nn.Linear(4, 4)})
    optimizers = [training.sgd(part) for part in model.values()]
    writer.watch(model, optimizers, log="activations", log_freq=2)
    for step in range(3):
        for part, optimizer in zip(model.values(), optimizers, strict=True):
            train_step(part, optimizer, torch.randn(step + 1, 4))
    for step in (0, 2):
        assert [each["count"] for each in numbers(writer, tmp_path, step).values()] == [4 * (step + 1)] * 2


def test_forwards_in_a_closure_are_seen(writer, tmp_path):
    model = small()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=2)
    writer.watch(model, optimizer, log="activations")
    x = torch.randn(8, 4)

    def closure():
        optimizer.zero_grad()
        loss = model(x).square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert numbers(writer, tmp_path)["0"]["count"] % 48 == 0


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"include": "2.*"}, ["2"]),
        ({"include": nn.Linear, "exclude": "0*"}, ["2", "4"]),
        ({"exclude": ["*.bias", nn.ReLU]}, ["0", "2", "4", ":output"]),
        ({"include": lambda name, parameter: parameter.dim() == 2 and name != "4.weight"}, ["0", "2"]),
        ({"include": re.compile(r"^[02]\b")}, ["0", "2"]),
        ({"include": ["0.*", re.compile("^3$")]}, ["0", "3"]),
        ({"include": [nn.ReLU, "4.weight"]}, ["1", "3", "4"]),
        ({"exclude": re.compile("^[1-4]$")}, ["0", ":output"]),
        ({"exclude": lambda name, parameter: name.startswith("2.")}, ["0", "1", "3", "4", ":output"]),
    ],
)
def test_selection(writer, tmp_path, options, names):
    model = small()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log="activations", **options)
    train_step(model, optimizer, torch.randn(8, 4))
    assert list(numbers(writer, tmp_path)) == names


def test_all_means_everything_but_activations(writer, tmp_path):
    model = small()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, nan="off")
    assert on(model) <= 2  # those that wait for the graph
    train_step(model, optimizer, torch.randn(8, 4))
    writer.flush()
    assert pb.STAGE_ACTIVATION not in [s.stage for s in written.records(tmp_path, Kind.STATISTICS)[0].stages]


def test_with_all_else_each_stage_keeps_its_sites(writer, tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log=["all", "activations"], log_freq=1)
    training.train(model, optimizer, steps=2)
    writer.close()
    run = torchviz_tb.load(tmp_path)["."]
    assert run.problems == []
    names = [site.name for site in run.sites]
    assert names == [*training.NAMES, "hidden", "norm", "drop", "out", ":output"]
    for stage, has in (("parameter", 6), ("gradient", 6), ("update", 6), ("activation", 5)):
        _, _, values = run.statistics("l2", stage)
        assert (~np.isnan(values)).sum(axis=1).tolist() == [has, has]
    assert len(run.graph().nodes) > 0


def test_a_fault_in_measuring_switches_activations_off_and_training_goes_on(writer, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise MemoryError("no room")

    monkeypatch.setattr(activations_module, "measure_stage", fail)
    model = training.net()
    optimizer = training.sgd(model)
    watch = writer.watch(model, optimizer, log=["gradients", "activations"], log_freq=1, nan="off")
    with pytest.warns(UserWarning, match="switched off 'activations' for 'model', all else goes on: MemoryError"):
        training.train(model, optimizer, steps=3)
    assert watch.report().not_recorded == {"activations": "MemoryError: no room"}
    assert on(model) == 0
    writer.flush()
    assert len(written.records(tmp_path, Kind.STATISTICS)) == 3


def test_nothing_is_kept_of_model_and_tensors(writer):
    model = small()
    optimizer = training.sgd(model)
    outputs = []
    model[1].register_forward_hook(lambda _m, _a, output: outputs.append(weakref.ref(output)))
    writer.watch(model, optimizer, log="activations", log_freq=1)
    train_step(model, optimizer, torch.randn(8, 4))
    assert [output() for output in outputs] == [None]
    copied = copy.deepcopy(model)
    copied(torch.randn(2, 4)).sum().backward()
    reference = weakref.ref(model)
    del model, optimizer, copied
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_fused_paths_stay_fused_in_a_validation(writer, mode):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = nn.Sequential(nn.Linear(8, 8), nn.TransformerEncoder(layer, 2))
    model.train(mode == "train")
    writer.watch(model, training.sgd(model), log="activations")
    layers = [m for m in model.modules() if isinstance(m, nn.TransformerEncoderLayer)]
    assert [on(each) for each in layers] == [0, 0]
    model(torch.randn(2, 3, 8)).sum().backward()
    assert [on(each) for each in layers] == [0, 0]


def test_replicas_in_threads_count_together(writer, tmp_path):
    """As DataParallel runs them, each in a thread of its own."""
    model = small()
    optimizer = training.sgd(model)
    seen = Seen(model, ["0"])
    writer.watch(model, optimizer, log="activations")
    threads = [threading.Thread(target=model, args=(torch.randn(rows, 4),)) for rows in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    optimizer.step()
    check(numbers(writer, tmp_path)["0"], seen.values("0"))


@pytest.mark.parametrize("log", ["all", ["all", "activations"]])
def test_findings_are_about_parameters_as_without(tmp_path, log):
    torch.manual_seed(0)
    layers = [layer for _ in range(8) for layer in (nn.Linear(8, 8), nn.Sigmoid())]
    model = nn.Sequential(*layers, nn.Linear(8, 2))
    optimizer = training.sgd(model, lr=1e-4)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log=log, log_freq=1)
        for _ in range(30):
            train_step(model, optimizer, torch.randn(8, 8))
    names = {name for name, _ in model.named_parameters()}
    findings = torchviz_tb.diagnose(tmp_path)["."]
    assert [finding.kind for finding in findings] == ["vanishing_gradient", "update_too_small"]
    assert all(set(finding.sites) <= names for finding in findings)
