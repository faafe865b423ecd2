"""Where NaN and infinity began: faults of every kind put into a training, and what the record says of them."""

import contextlib
import warnings

import numpy as np
import pytest
import torch
import training
import written
from torch import nn

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import nan_origin

AT = 3  # the step at which something goes wrong


class Net(nn.Module):
    """A chain a, b, c with a place for a fault between a and b."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)
        self.between = lambda x: x

    def forward(self, x):
        return self.c(self.b(self.between(torch.relu(self.a(x)))))


def zero_gradient_of_sqrt(x):
    return x + torch.sqrt(x.abs() * 0)  # forward 0, backward 0 * inf


class Fault:
    """What happens to a step, by name."""

    @staticmethod
    def batch(_model, x):
        x[3, 1] = float("inf")

    @staticmethod
    def operation(model, _x):
        model.between = lambda x: x * torch.log(x * 0 - 1)

    @staticmethod
    def module(model, _x):
        forward = model.b.forward
        model.b.forward = lambda x: forward(x) + torch.tensor([0, 0, torch.inf, 0])

    @staticmethod
    def backward(model, _x):
        model.between = zero_gradient_of_sqrt

    @staticmethod
    def parameter(model, _x):
        with torch.no_grad():
            model.b.weight[1, 2] = torch.nan

    @staticmethod
    def loss(_model, _x):
        pass


def train(tmp_path, fault, steps=6, **options):
    """The incidents of a training with a fault at one step."""
    torch.manual_seed(0)
    model = Net()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log="gradients", **options)
        for step in range(steps):
            x = torch.rand(8, 4) + 0.1
            if step == AT:
                getattr(Fault, fault)(model, x)
            loss = model(x).square().mean()
            loss = loss * torch.log(torch.tensor(-1.0)) if step == AT and fault == "loss" else loss
            watch.loss(loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return torchviz_tb.load(tmp_path)["."].incidents()


EXPECTED = {
    "batch": ("a", "activation", "propagation", (3, 0), "it comes from the batch"),
    "operation": ("b", "activation", "propagation", (0, 0), "The last operation on it: Mul."),
    "module": ("b", "activation", "origin", (0, 2), "what it was given is finite, and so are its parameters"),
    "backward": (
        "a.bias",
        "gradient",
        "origin",
        (0,),
        "of what runs after it are finite (b.weight, b.bias, c.weight ...)",
    ),
    "parameter": ("b.weight", "parameter", "origin", (1, 2), "not finite before the forward"),
    "loss": ("c.weight", "gradient", "propagation", (0, 0), "All that modules returned was finite"),
}


@pytest.mark.parametrize("log_freq", [100, AT])  # the step is not sampled, or is
@pytest.mark.parametrize("fault", EXPECTED)
def test_the_origin_is_told_of_the_step_at_which_it_began(tmp_path, fault, log_freq):
    first, *later = train(tmp_path, fault, nan="origin", log_freq=log_freq)
    site, stage, role, index, words = EXPECTED[fault]
    if fault == "backward":  # both parameters of the module: which is named does not matter
        site, index = first.site, first.first_bad_index
        assert site in ("a.weight", "a.bias")
    assert (first.step, first.kind) == (AT, "non_finite")
    assert (first.site, first.stage, first.role, first.first_bad_index) == (site, stage, role, index)
    assert first.module_type == "Linear"
    assert words in first.reason
    assert all(each.role == "propagation" and each.step > AT for each in later)
    assert len(later) <= 1  # further steps of a broken model are no news


@pytest.mark.parametrize("fault", ["batch", "operation", "module", "loss"])
def test_without_looking_the_gradients_tell_what_they_can_and_the_next_step_is_looked_at(tmp_path, fault):
    first, second = train(tmp_path, fault)
    assert (first.step, first.site, first.stage, first.role) == (AT, "c.weight", "gradient", None)
    assert "nan='origin'" in first.reason
    assert (second.step, second.site, second.stage, second.role) == (AT + 1, "a.weight", "parameter", "propagation")


def hooked(model):
    return any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize(
    ("nan", "expected"), [("after", [0, 0, 0, 1, 1, 1, 0, 0]), ("origin", [1] * 8), ("off", [0] * 8)]
)
def test_hooks_are_on_when_somebody_looks(tmp_path, nan, expected):
    model = Net()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log="gradients", nan=nan)
        found = []
        for step in range(8):
            found.append(hooked(model))
            loss = model(torch.rand(8, 4)).sum()
            watch.loss(torch.tensor(torch.nan) if step == 2 else loss)
            loss.backward()
            optimizer.step()
        assert found == [bool(each) for each in expected]
        watch.unwatch()
        assert not hooked(model)


def test_a_step_that_recovers_is_reported_again_when_it_breaks_again(tmp_path):
    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)  # as a skipped update: the weights stay
    bad = [2, 3, 6]
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", nan="origin")
        for step in range(8):
            model.between = (lambda x: x / 0) if step in bad else (lambda x: x)
            model(torch.rand(8, 4)).sum().backward()
            optimizer.zero_grad()
            optimizer.step()
    incidents = torchviz_tb.load(tmp_path)["."].incidents()
    assert [each.step for each in incidents] == [2, 6]


def test_what_was_found_is_told_though_the_loop_ends_before_its_step(tmp_path):
    model = Net()
    optimizer = training.sgd(model)
    writer = torchviz_tb.SummaryWriter(tmp_path)
    writer.watch(model, optimizer, log="gradients", nan="origin")
    training_step = [torch.rand(8, 4), torch.full((8, 4), torch.nan)]
    for x in training_step:
        loss = model(x).sum()
        if not torch.isfinite(loss):
            break
        loss.backward()
        optimizer.step()
    writer.close()
    (incident,) = torchviz_tb.load(tmp_path)["."].incidents()
    assert (incident.step, incident.site, incident.role) == (1, "a", "propagation")


def test_large_values_whose_sum_overflows_are_no_accident(tmp_path):
    model = nn.Sequential(nn.Identity(), nn.Linear(2, 2))
    optimizer = training.sgd(model, lr=0.0)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", nan="origin", flight_recorder=0)
        for dtype in (torch.float32, torch.float16, torch.bfloat16):
            model[0](torch.full((9,), torch.finfo(dtype).max, dtype=dtype, requires_grad=True))
            optimizer.step()
        model[0](torch.tensor([torch.inf], dtype=torch.float16))
        optimizer.step()
    (incident,) = torchviz_tb.load(tmp_path)["."].incidents()
    assert (incident.step, incident.site, incident.first_bad_index) == (3, "0", (0,))


def test_on_a_device_sums_are_read_later(tmp_path, monkeypatch):
    """As on a device, on the CPU: nothing is read within the forward."""
    monkeypatch.setattr(nan_origin, "_is_at_hand", lambda _total: False)
    for fault, role in (("module", "origin"), ("batch", "propagation")):
        first = train(tmp_path / fault, fault, nan="origin")[0]
        site = EXPECTED[fault][0]
        assert (first.step, first.site, first.role, first.first_bad_index) == (AT, site, role, None)


@pytest.mark.parametrize("nan", ["origin", "after"])
def test_training_is_bit_identical(tmp_path, nan):
    def outcome(writer):
        model = training.net()
        optimizer = training.sgd(model)
        torch.manual_seed(1)
        watch = None if writer is None else writer.watch(model, optimizer, log="gradients", nan=nan)
        for step in range(4):
            training.backward(model)
            if watch is not None and step == 1:
                watch.loss(float("nan"))
            optimizer.step()
        return training.tensors(model)

    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watched = outcome(writer)
    plain = outcome(None)
    assert all(torch.equal(watched[name], plain[name]) for name in plain)


def test_a_fault_of_ours_switches_it_off(tmp_path, monkeypatch):
    def fail(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(nan_origin, "_sum", fail)
    with pytest.warns(UserWarning, match="switched off 'nan' for 'model', all else goes on: MemoryError: no room"):
        train(tmp_path, "loss", nan="origin")
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0]


def test_a_compiled_model_is_refused_with_one_warning(tmp_path):
    model = Net()
    model.compile(backend="eager")
    with torchviz_tb.SummaryWriter(tmp_path) as writer, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        watch = writer.watch(model, training.sgd(model), log="gradients", nan="origin")
    assert ["compiled" in str(each.message) for each in caught if "torchviz_tb" in str(each.message)] == [True]
    assert "compiled" in watch.report().not_recorded["nan"]


def test_the_finding_names_the_origin(tmp_path):
    train(tmp_path, "module", nan="origin")
    (finding,) = [each for each in torchviz_tb.diagnose(tmp_path)["."] if each.kind == "non_finite"]
    assert finding.title == f"First NaN or Inf in b, step {AT}"
    assert finding.evidence == (
        "Its output holds infinity; what it was given is finite, and so are its parameters. The last operation on it: "
        "Add. The first bad element is at [0, 2]."
    )
    assert finding.sites == ("b.weight", "b.bias")


def test_wrong_words_are_refused(tmp_path):
    model = Net()
    with torchviz_tb.SummaryWriter(tmp_path) as writer, pytest.raises(torchviz_tb.ArgumentError, match="nan is 'on'"):
        writer.watch(model, training.sgd(model), nan="on")


def test_roles_are_those_of_the_schema(tmp_path):
    train(tmp_path, "module", nan="origin")
    (incident, *_) = written.records(tmp_path, Kind.INCIDENTS)[AT].incidents
    assert (incident.kind, incident.role, incident.stage) == (
        pb.INCIDENT_NON_FINITE,
        pb.ROLE_ORIGIN,
        pb.STAGE_ACTIVATION,
    )


def test_an_interrupted_forward_does_not_blind_it(tmp_path):
    def interrupt(_x):
        raise KeyboardInterrupt

    model = Net()
    optimizer = training.sgd(model, lr=0.0)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", nan="origin")
        for step in range(4):
            model.between = interrupt if step == 1 else (lambda x: x)
            with contextlib.suppress(KeyboardInterrupt), torch.set_grad_enabled(step != 1):
                model(torch.rand(2, 4) / (step != 3)).sum()
            optimizer.step()
    (incident,) = torchviz_tb.load(tmp_path)["."].incidents()
    assert (incident.step, incident.site) == (3, "a")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.complex64, torch.float8_e5m2, torch.float64])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3, 4), (0, 3)])
def test_the_first_bad_element(monkeypatch, dtype, shape):
    monkeypatch.setattr(nan_origin, "_PIECE", 5)
    values = np.zeros(shape)
    assert nan_origin.first_bad_index(torch.from_numpy(values).to(dtype)) is None
    for bad in range(values.size):
        values = np.zeros(values.size)
        values[bad:] = np.nan if bad % 2 else np.inf
        tensor = torch.from_numpy(values.reshape(shape)).to(dtype)
        assert nan_origin.first_bad_index(tensor) == np.unravel_index(bad, shape)
        if len(shape) == 3:
            turned = np.argwhere(~np.isfinite(values.reshape(shape).T))[0]
            assert nan_origin.first_bad_index(tensor.permute(2, 1, 0)) == tuple(turned)


def test_what_has_no_values_has_no_bad_element():
    assert nan_origin.first_bad_index(torch.empty(3, device="meta")) is None
    assert nan_origin.first_bad_index(torch.full((3,), torch.nan).to_sparse()) is None
    assert nan_origin.first_bad_index(torch.arange(3)) is None
