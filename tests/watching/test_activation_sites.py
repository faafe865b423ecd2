"""Outputs of every kind: their names, their units, and what can't be measured."""

import copy
import dataclasses
import warnings
from collections import OrderedDict
from typing import NamedTuple

import pytest
import torch
import training
import written
from observed import Seen, numbers, train_step
from torch import nn

import torchviz_tb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import activations as activations_module


@pytest.fixture
def writer(tmp_path):
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        yield writer


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


def test_names_without_end_switch_it_off(writer, tmp_path, monkeypatch):
    monkeypatch.setattr(activations_module, "SITES_BOUND", 10)

    class Named(nn.Linear):
        def forward(self, x):
            self.calls = getattr(self, "calls", 0) + 1
            return {f"call{self.calls}": super().forward(x)}

    model = Named(4, 4)
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log="activations", log_freq=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(12):
            next(iter(model(torch.randn(2, 4)).values())).sum().backward()
            optimizer.step()
    assert len(caught) == 1
    assert "switched off 'activations'" in str(caught[0].message)
    assert "there are more than 10 by now" in str(caught[0].message)
    writer.flush()
    assert len(list(written.records(tmp_path, Kind.SITES).values())[-1].sites) == 12
