"""Where NaN and infinity began: faults of every kind put into a training, and what the record says of them."""

import contextlib
import warnings

import pytest
import torch
import training
import written
from faulty import AT, Net, hooked, train
from torch import nn

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import nan_origin

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
    "loss": ("c.weight", "gradient", "propagation", (0, 0), "What the model returned was finite"),
}


@pytest.mark.parametrize("nan", ["origin", None])
@pytest.mark.parametrize("log_freq", [100, AT])  # the step is not sampled, or is
@pytest.mark.parametrize("fault", EXPECTED)
def test_the_origin_is_told_of_the_step_at_which_it_began(tmp_path, fault, log_freq, nan):
    first, *later = train(tmp_path, fault, nan=nan, log_freq=log_freq)
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
    first, second = train(tmp_path, fault, nan="after")
    assert (first.step, first.site, first.stage, first.role) == (AT, "c.weight", "gradient", None)
    assert "nan='origin'" in first.reason
    assert (second.step, second.site, second.stage, second.role) == (AT + 1, "a.weight", "parameter", "propagation")


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


@pytest.mark.parametrize("nan", ["origin", "after", "off"])
def test_a_parameter_that_the_last_update_breaks_is_told_at_the_end(tmp_path, nan):
    model = Net()
    model.mask = torch.nn.Parameter(torch.full((2,), -torch.inf), requires_grad=False)  # on purpose
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", nan=nan)
        for lr in (0.1, 0.1, 1e38):
            optimizer.zero_grad()
            model(torch.rand(8, 4)).square().sum().backward()
            optimizer.param_groups[0]["lr"] = lr
            optimizer.step()
    broken = next(name for name, p in model.named_parameters() if p.requires_grad and not p.isfinite().all())
    found = [(each.step, each.site, each.stage, each.role) for each in torchviz_tb.load(tmp_path)["."].incidents()]
    assert found == ([] if nan == "off" else [(2, broken, "parameter", "origin")])


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
    monkeypatch.setattr(nan_origin, "is_of_the_cpu", lambda _output: False)
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

    monkeypatch.setattr(nan_origin, "total", fail)
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
