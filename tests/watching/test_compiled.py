"""torch.compile before and after watch(): as without us, no graph break, no recompile, plain names."""

import pytest
import torch
import training
import written
from torch._dynamo.utils import counters

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

STEPS = 4


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


def whole(model):
    return torch.compile(model, backend="aot_eager", fullgraph=True)


def in_place(model):
    model.compile(backend="aot_eager", fullgraph=True)
    return model


def part(model):
    model.hidden = torch.compile(model.hidden, backend="aot_eager", fullgraph=True)
    return model


def compiled_training(compile_model, tmp_path, *, watched):
    """Compiles before ("before") or after ("after") the watch, trains, and tells what dynamo did; None: no watch."""
    model = training.net()
    writer = torchviz_tb.SummaryWriter(tmp_path) if watched else None
    target = compile_model(model) if watched != "after" else model
    optimizer = training.sgd(target)
    if writer is not None:
        writer.watch(target, optimizer, log_freq=2, heatmap_freq=2)
    target = compile_model(model) if watched == "after" else target
    torch.manual_seed(1)
    training.train(target, optimizer, steps=1)
    with torch.compiler.set_stance("fail_on_recompile"):
        training.train(target, optimizer, steps=STEPS - 1)
    if writer is not None:
        writer.close()
    dynamo = {name: dict(counters[name]) for name in ("graph_break", "recompiles", "unimplemented")}
    dynamo["frames"] = dict(counters["frames"])
    return dynamo, [tensor.detach().clone() for tensor in model.state_dict().values()]


@pytest.mark.parametrize("compile_model", [whole, in_place, part])
@pytest.mark.parametrize("watched", ["before", "after"])
def test_compiles_as_without_us_and_is_recorded_under_plain_names(tmp_path, compile_model, watched):
    dynamo, tensors = compiled_training(compile_model, tmp_path, watched=watched)
    torch._dynamo.reset()
    counters.clear()
    plain_dynamo, plain_tensors = compiled_training(compile_model, tmp_path, watched=None)
    assert dynamo == plain_dynamo
    assert dynamo["graph_break"] == {}
    assert all(torch.equal(tensor, other) for tensor, other in zip(tensors, plain_tensors, strict=True))
    table = written.records(tmp_path, Kind.SITES)[0]
    assert [site.name for site in table.sites] == training.NAMES
    statistics = written.records(tmp_path, Kind.STATISTICS)
    assert list(statistics) == [0, 2]
    gradients = written.stage(statistics[2], pb.STAGE_GRADIENT)
    assert list(gradients.status) == [pb.STATUS_MEASURED] * len(training.NAMES)


def compiled_step(tmp_path, *, watched):
    model = training.net()
    optimizer = torch.optim.Adam(model.parameters(), lr=torch.tensor(0.01))
    writer = torchviz_tb.SummaryWriter(tmp_path) if watched else None
    if writer is not None:
        writer.watch(model, optimizer, log_freq=2)

    @torch.compile(backend="aot_eager", fullgraph=False)
    def step():
        optimizer.step()

    torch.manual_seed(1)
    for _ in range(STEPS):
        training.backward(model)
        step()
    if writer is not None:
        writer.close()
    return dict(counters["graph_break"]), [tensor.detach().clone() for tensor in model.state_dict().values()]


def test_a_compiled_optimizer_step_is_recorded_too(tmp_path):
    breaks, tensors = compiled_step(tmp_path, watched=True)
    torch._dynamo.reset()
    counters.clear()
    plain_breaks, plain = compiled_step(tmp_path, watched=False)
    print(breaks, plain_breaks)
    assert all(torch.equal(tensor, other) for tensor, other in zip(tensors, plain, strict=True))
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0, 2]


def train_with_activations(tmp_path, compile_model, *, watched):
    """As above, with activations at every second step; what dynamo did, and the report."""
    model = training.net()
    writer = torchviz_tb.SummaryWriter(tmp_path)
    target = compile_model(model) if watched == "before" else model
    optimizer = training.sgd(target)
    watch = writer.watch(target, optimizer, log=["gradients", "activations"], log_freq=2)
    target = compile_model(model) if watched == "after" else target
    training.train(target, optimizer, steps=1)
    with torch.compiler.set_stance("fail_on_recompile"):
        training.train(target, optimizer, steps=STEPS - 1)
    writer.close()
    return dict(counters["graph_break"]), watch.report()


def activations(tmp_path):
    """Of each output its reason at the last step, None where it was measured."""
    names = [site.name for site in list(written.records(tmp_path, Kind.SITES).values())[-1].sites]
    record = list(written.records(tmp_path, Kind.STATISTICS).values())[-1]
    stages = [stage for stage in record.stages if stage.stage == pb.STAGE_ACTIVATION]
    found = {}
    for stage in stages:
        reasons = {reason.site: reason.text for reason in stage.reasons}
        found |= {names[i]: reasons.get(i) for i, status in enumerate(stage.status) if status != pb.STATUS_EXCLUDED}
    return found


def test_of_a_compiled_model_the_output_alone_is_seen(tmp_path):
    with pytest.warns(
        UserWarning, match="log='activations' shows nothing of what happens within modules that are compiled"
    ):
        breaks, report = train_with_activations(tmp_path, whole, watched="before")
    assert breaks == {}
    assert report.not_recorded == {}
    assert activations(tmp_path) == {":output": None}


def test_of_a_model_that_is_compiled_in_place_nothing_is_seen_and_one_warning_says_so(tmp_path):
    with pytest.warns(UserWarning, match="switched off 'activations' .* the whole model is compiled") as caught:
        breaks, report = train_with_activations(tmp_path, in_place, watched="before")
    assert len(caught) == 1
    assert breaks == {}
    assert "compiled" in report.not_recorded["activations"]


@pytest.mark.parametrize("compile_model", [whole, in_place])
def test_a_model_that_is_compiled_after_the_watch_is_compiled_once(tmp_path, compile_model):
    with pytest.warns(UserWarning, match="compiled") as caught:
        breaks, _ = train_with_activations(tmp_path, compile_model, watched="after")
    assert len(caught) == 1
    assert breaks == {}
    assert None not in activations(tmp_path).values()


@pytest.mark.parametrize("watched", ["before", "after"])
def test_around_a_compiled_part_activations_are_seen(tmp_path, watched):
    with pytest.warns(UserWarning, match="compiled or scripted \\('hidden'\\)"):
        breaks, _ = train_with_activations(tmp_path, part, watched=watched)
    assert breaks == {}
    assert activations(tmp_path) == dict.fromkeys(["hidden", "norm", "drop", "out", ":output"])
