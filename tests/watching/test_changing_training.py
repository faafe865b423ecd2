"""A training that changes while it is watched: new groups, frozen layers, scaled and clipped gradients, closures."""

import numpy as np
import pytest
import torch
import training
import written
from torch import nn

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind


def norm(tensor):
    return float(np.linalg.norm(tensor.detach().double().numpy()))


@pytest.mark.parametrize("later", [2, 3])  # at a step that is sampled, and between two of them
def test_a_parameter_group_that_is_added_later_is_seen_from_the_next_sample_on(tmp_path, later):
    torch.manual_seed(0)
    model = nn.ModuleDict({"body": nn.Linear(4, 4), "head": nn.Linear(4, 2)})
    optimizer = torch.optim.SGD(model["body"].parameters(), lr=0.1)
    expected = {}
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log=["parameters", "gradients", "updates"], log_freq=2)
        for step in range(6):
            if step == later:
                optimizer.add_param_group({"params": model["head"].parameters(), "lr": 0.5})
            optimizer.zero_grad()
            model["head"](model["body"](torch.randn(8, 4))).square().sum().backward()
            before = model["head"].weight.detach().clone()
            optimizer.step()
            expected[step] = norm(model["head"].weight.detach() - before)
    run = torchviz_tb.load(tmp_path)["."]
    steps, names, values = run.statistics("l2", "update")
    found = dict(zip(steps.tolist(), values[:, names.index("head.weight")], strict=True))
    np.testing.assert_allclose([found[step] for step in (0, 2, 4)], [expected[step] for step in (0, 2, 4)], rtol=1e-5)
    assert expected[4] > 0
    assert found[0] == 0
    groups = {
        site.name: site.parameter_group for site in list(written.records(tmp_path, Kind.SITES).values())[-1].sites
    }
    assert groups == {"body.weight": 1, "body.bias": 1, "head.weight": 2, "head.bias": 2}


def test_what_is_frozen_later_and_thawed_again_says_so_at_each_step(tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log=["parameters", "gradients", "updates"], log_freq=1)
        for step in range(6):
            model.hidden.requires_grad_(step not in (2, 3))
            optimizer.zero_grad()
            training.backward(model)
            optimizer.step()
    records = written.records(tmp_path, Kind.STATISTICS)
    for step, record in records.items():
        frozen = step in (2, 3)
        for stage in (pb.STAGE_GRADIENT, pb.STAGE_UPDATE):
            hidden = written.stage(record, stage).status[0]
            assert hidden == (pb.STATUS_FROZEN if frozen else pb.STATUS_MEASURED)
        assert written.stage(record, pb.STAGE_PARAMETER).status[0] == pb.STATUS_MEASURED


def test_what_is_frozen_and_still_updated_is_measured(tmp_path):
    """Optimizers go by the gradient alone: one that is left over moves a frozen parameter, as momentum does."""
    model = training.net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    gradients, updates = [], []
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log=["gradients", "updates"], log_freq=1)
        for step in range(4):
            model.hidden.requires_grad_(step < 2)
            optimizer.zero_grad(set_to_none=False)
            model(torch.randn(8, 4)).square().sum().backward()
            if step == 3:
                model.hidden.weight.grad.fill_(0.5)
            before = model.hidden.weight.detach().clone()
            gradients.append(norm(model.hidden.weight.grad))
            optimizer.step()
            updates.append(norm(model.hidden.weight.detach() - before))
    run = torchviz_tb.load(tmp_path)["."]
    for stage, expected in (("gradient", gradients), ("update", updates)):
        _, names, values = run.statistics("l2", stage)
        np.testing.assert_allclose(values[:, names.index("hidden.weight")], expected, rtol=1e-5)
    assert gradients[2] == 0
    assert updates[2] > 0


def test_raw_gradients_that_could_not_be_seen_say_so(tmp_path):
    """A parameter that is thawed or replaced after the hooks were put on, and one whose gradient nobody accumulated."""
    model = training.net()
    model.hidden.requires_grad_(False)
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log=["gradients", "raw_gradients"], log_freq=1)
        model.hidden.weight.requires_grad_(True)
        training.backward(model)
        model.hidden.bias.requires_grad_(True)
        optimizer.step()
    statistics = written.records(tmp_path, Kind.STATISTICS)[0]
    raw = written.stage(statistics, pb.STAGE_RAW_GRADIENT)
    assert list(raw.status) == [pb.STATUS_UNSUPPORTED, pb.STATUS_NO_GRADIENT, *[pb.STATUS_MEASURED] * 4]
    assert [(each.site, each.text) for each in raw.reasons] == [
        (0, "no backward was seen to accumulate it: it is of another step, or the parameter is new or thawed")
    ]


def test_scaled_unscaled_and_clipped_gradients_side_by_side(tmp_path):
    """What backward leaves is multiplied by the scale; what the optimizer consumes is divided by it, and clipped."""
    model = training.net()
    optimizer = training.sgd(model)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=2)
    scaled, consumed, scales = {}, {}, {}
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log=["gradients", "raw_gradients"], log_freq=1, scaler=scaler)
        for step in range(4):
            optimizer.zero_grad()
            scaler.scale(model(torch.randn(8, 4)).square().sum()).backward()
            scaled[step], scales[step] = norm(model.out.weight.grad), scaler.get_scale()
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            consumed[step] = norm(model.out.weight.grad)
            scaler.step(optimizer)
            scaler.update()
    run = torchviz_tb.load(tmp_path)["."]
    for stage, expected in (("raw_gradient", scaled), ("gradient", consumed)):
        steps, names, values = run.statistics("l2", stage)
        assert steps.tolist() == list(expected)
        np.testing.assert_allclose(values[:, names.index("out.weight")], list(expected.values()), rtol=1e-5)
    assert scales == {0: 1024.0, 1: 1024.0, 2: 2048.0, 3: 2048.0}
    records = written.records(tmp_path, Kind.STATISTICS)
    assert {step: record.gradient_scale for step, record in records.items()} == scales


class Climber(torch.optim.Optimizer):
    """Sharpness-aware minimisation in one step() that calls a closure, as a class of its own."""

    def __init__(self, params, **options):
        super().__init__(params, {})
        self.base_optimizer = torch.optim.SGD(self.param_groups, **options)

    @torch.no_grad()
    def step(self, closure):
        parameters = [p for group in self.param_groups for p in group["params"]]
        before = [p.clone() for p in parameters]
        for p in parameters:
            p.add_(p.grad, alpha=0.05)
        self.zero_grad()
        with torch.enable_grad():
            closure()
        for p, old in zip(parameters, before, strict=True):
            p.copy_(old)
        self.base_optimizer.step()


def test_sam_with_a_closure_is_sampled_once_with_the_second_gradient(tmp_path):
    model = training.net().eval()
    optimizer = Climber(model.parameters(), lr=0.1)
    expected, forwards = {}, []

    def closure():
        forwards.append(1)
        loss = model(x).square().sum()
        loss.backward()
        expected[step] = norm(model.out.weight.grad)
        return loss

    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", log_freq=1)
        for step in range(3):  # noqa: B007 (closure reads it)
            x = torch.randn(8, 4)
            optimizer.zero_grad()
            closure()
            optimizer.step(closure)
    assert len(forwards) == 6
    steps, names, values = torchviz_tb.load(tmp_path)["."].statistics("l2", "gradient")
    assert steps.tolist() == [0, 1, 2]
    np.testing.assert_allclose(values[:, names.index("out.weight")], list(expected.values()), rtol=1e-5)


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop, torch.optim.Adagrad])
def test_the_ratio_of_update_to_parameter_is_exact(tmp_path, kind):
    model = training.net()
    optimizer = kind(model.parameters(), lr=0.01)
    expected = []
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log=["parameters", "updates"], log_freq=1)
        for _ in range(3):
            optimizer.zero_grad()
            training.backward(model)
            before = [p.detach().clone() for p in model.parameters()]
            optimizer.step()
            with np.errstate(divide="ignore"):
                pairs = zip(model.parameters(), before, strict=True)
                expected.append([np.float64(norm(p.detach() - old)) / norm(old) for p, old in pairs])
    _, names, values = torchviz_tb.load(tmp_path)["."].statistics("update_ratio", "update")
    assert names == training.NAMES
    finite = np.isfinite(expected)  # a bias of 0 has no ratio at first
    assert finite.sum() >= 16
    np.testing.assert_allclose(values[finite], np.array(expected)[finite], rtol=1e-4)
