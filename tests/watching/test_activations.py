"""Activations: what modules return at sampled steps, against the tensors themselves and float64 arithmetic by numpy."""

import copy
import dataclasses
import gc
import warnings
import weakref
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import pytest
import torch
import training
import written
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


class Seen:
    """What modules return, kept by hooks of its own: the oracle."""

    def __init__(self, model, paths):
        self.tensors = {path: [] for path in paths}
        for path in paths:
            model.get_submodule(path).register_forward_hook(self._hook(path))

    def _hook(self, path):
        return lambda _module, _args, output: self.tensors[path].append(output.detach().double().clone())

    def values(self, path):
        return np.concatenate([tensor.numpy().ravel() for tensor in self.tensors[path]])


def train_step(model, optimizer, *batches):
    model.zero_grad()
    for batch in batches:
        model(batch).square().sum().backward()
    optimizer.step()


def numbers(writer, tmp_path, step=0):
    """What a reader sees of each output at a step: column → number."""
    writer.flush()
    run = torchviz_tb.load(tmp_path)["."]
    found = {}
    for column in ("count", "zeros", "mean", "std", "min", "max", "l2", "units", "dead_units"):
        steps, names, values = run.statistics(column, "activation")
        for name, value in zip(names, values[list(steps).index(step)], strict=True):
            found.setdefault(name, {})[column] = value
    return {name: columns for name, columns in found.items() if not np.isnan(columns["count"])}


def check(found, values):
    expected = {
        "count": values.size,
        "zeros": (values == 0).sum(),
        "mean": values.mean(),
        "std": values.std(),
        "min": values.min(),
        "max": values.max(),
        "l2": np.linalg.norm(values),
    }
    for column, value in expected.items():
        np.testing.assert_allclose(found[column], value, rtol=1e-12, atol=1e-14, err_msg=column)


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(inplace=True), nn.Linear(6, 2))


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


class Record(NamedTuple):
    first: torch.Tensor
    second: torch.Tensor


@dataclasses.dataclass
class Out:
    logits: torch.Tensor
    hidden: tuple


class ModelOutput(OrderedDict):
    """As transformers': a mapping whose fields are attributes."""

    def __getattr__(self, name):
        return self[name]


STRUCTURES = {
    "tuple": (lambda x: (x, x * 2), ["m[0]", "m[1]"]),
    "list in a dict": (lambda x: {"a": [x, x + 1], "b": x * 3}, ["m:a[0]", "m:a[1]", "m:b"]),
    "dataclass": (lambda x: Out(x, (x * 2, x * 3)), ["m:logits", "m:hidden[0]", "m:hidden[1]"]),
    "named tuple": (lambda x: Record(x, x * 2), ["m:first", "m:second"]),
    "model output": (lambda x: ModelOutput(loss=x.sum(), logits=x), ["m:loss", "m:logits"]),
    "nothing": (lambda x: None, []),
    "no tensor": (lambda x: {"a": 3, "b": "text"}, []),
    "many": (lambda x: [x] * 100, [f"m[{i}]" for i in range(64)]),
}


@pytest.mark.parametrize("kind", STRUCTURES)
def test_tensors_within_outputs_are_named_by_where_they_are(writer, tmp_path, kind):
    build, names = STRUCTURES[kind]

    class Inner(nn.Module):
        def forward(self, x):
            return build(x)

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.m = nn.Linear(4, 4), Inner()

        def forward(self, x):
            x = self.layer(x)
            self.m(x)
            return x

    model = Outer()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log="activations")
    train_step(model, optimizer, torch.randn(8, 4))
    found = [name.replace("m:output", "m") for name in numbers(writer, tmp_path)]
    assert [name for name in found if name.startswith("m")] == names
    reasons = [r.text for r in written.records(tmp_path, Kind.STATISTICS)[0].stages[0].reasons]
    assert reasons == (["further tensors of an output that holds more than 64"] if kind == "many" else [])


UNITS = {
    "features": (nn.Linear(4, 6), (8, 4), -1),
    "features of tokens": (nn.Linear(4, 6), (2, 5, 4), -1),
    "features of maps": (nn.Linear(4, 6), (2, 5, 3, 4), -1),
    "channels": (nn.Conv2d(4, 6, 3, padding=1), (2, 4, 5, 5), 1),
    "channels of sequences": (nn.Conv1d(4, 6, 3, padding=1), (2, 4, 7), 1),
    "without a batch": (nn.Conv1d(4, 6, 3, padding=1), (4, 7), 0),
}


@pytest.mark.parametrize("kind", UNITS)
def test_dead_units_are_zero_in_all_that_a_step_returns(writer, tmp_path, kind):
    torch.manual_seed(0)
    layer, shape, axis = UNITS[kind]
    model = nn.Sequential(copy.deepcopy(layer), nn.ReLU(), nn.Flatten(0), nn.Unflatten(0, (1, -1)))
    with torch.no_grad():
        model[0].bias[:3] = torch.tensor([-100.0, -100.0, 100.0])
    optimizer = training.sgd(model)
    seen = Seen(model, ["1"])
    writer.watch(model, optimizer, log="activations")
    train_step(model, optimizer, torch.randn(shape), torch.randn(shape))
    alive = sum((t != 0).transpose(axis, 0).flatten(1).any(1).int() for t in seen.tensors["1"])
    found = numbers(writer, tmp_path)["1"]
    assert (found["units"], found["dead_units"]) == (6, int((alive == 0).sum()))
    assert found["dead_units"] >= 2
    _, names, shares = torchviz_tb.load(tmp_path)["."].statistics("dead_share", "activation")
    assert shares[0][names.index("1")] == found["dead_units"] / 6


def on(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


@pytest.mark.parametrize("told", [False, True])
def test_hooks_are_on_at_sampled_steps_only(writer, tmp_path, told):
    model = small()
    optimizer = training.sgd(model)
    now, hooks = [0], []
    watch = writer.watch(
        model, optimizer, log="activations", log_freq=3, global_step=(lambda: now[0]) if told else None
    )
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
    watch = writer.watch(model, log="activations", log_freq=100)
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
    writer.watch(model, optimizer)
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
    watch = writer.watch(model, optimizer, log=["gradients", "activations"], log_freq=1)
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


def test_unusual_outputs_raise_no_exception(writer, tmp_path):
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            x = self.layer(x)
            return {
                "x": x,
                "sparse": x.detach().to_sparse(),
                "complex": torch.complex(x, x),
                "meta": x.to("meta"),
                "bool": x > 0,
                "empty": x[:0],
                "nan": x.detach() * float("nan"),
                "expanded": x[:1].expand(5, 8, 4),
                "half": x.half(),
                "index": torch.arange(5),
            }

    model = Odd()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log="activations")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model(torch.randn(8, 4))["x"].sum().backward()
        optimizer.step()
    found = numbers(writer, tmp_path)
    assert found[":expanded"]["count"] == 5 * 8 * 4
    assert (found[":nan"]["count"], found[":empty"]["count"]) == (32, 0)
    record = written.records(tmp_path, Kind.STATISTICS)[0]
    names = [site.name for site in written.records(tmp_path, Kind.SITES)[0].sites]
    reasons = {names[reason.site]: reason.text for reason in record.stages[0].reasons}
    assert reasons == {":sparse": "sparse tensor", ":meta": "meta tensor: it has no values"}
