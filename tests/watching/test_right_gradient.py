"""The gradient that is recorded is the one that the optimizer consumes, however the loop is written."""

import copy

import numpy as np
import pytest
import torch
import training
from torch import nn

import torchviz_tb


@pytest.fixture
def writer(tmp_path):
    with torchviz_tb.SummaryWriter(tmp_path / "run") as writer:
        yield writer


@pytest.fixture
def run(writer, tmp_path):
    """Closes the writer and reads what it wrote."""

    def read():
        writer.close()
        return torchviz_tb.load(tmp_path)["run"]

    return read


def norms(model):
    return [float(p.grad.double().square().sum().sqrt()) for p in model.parameters()]


def recorded(run, stage="gradient"):
    steps, _, values = run.statistics("l2", stage)
    return dict(zip(steps.tolist(), values, strict=True))


def agree(found, expected):
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-5)


@pytest.mark.parametrize("zeroed", ["before backward", "after the step", "to zero"])
def test_accumulated_over_micro_batches_wherever_it_is_zeroed(writer, run, zeroed):
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log_freq=1)
    expected = {}
    for step in range(3):
        if zeroed == "before backward":
            optimizer.zero_grad(set_to_none=True)
        for _ in range(4):
            (model(torch.randn(8, 4)).square().sum() / 4).backward()
        expected[step] = norms(model)
        optimizer.step()
        if zeroed != "before backward":
            optimizer.zero_grad(set_to_none=zeroed == "after the step")
    agree(recorded(run()), expected)


@pytest.mark.parametrize(
    "clip",
    [
        lambda parameters: torch.nn.utils.clip_grad_norm_(parameters, 0.1),
        lambda parameters: torch.nn.utils.clip_grad_value_(parameters, 0.01),
    ],
)
def test_before_and_after_clipping_side_by_side(writer, run, clip):
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log=["gradients", "raw_gradients"], log_freq=2)
    raw, clipped = {}, {}
    for step in range(5):
        optimizer.zero_grad()
        for _ in range(2):
            model(torch.randn(8, 4)).square().sum().backward()
        before = norms(model)
        clip(model.parameters())
        if step % 2 == 0:
            raw[step], clipped[step] = before, norms(model)
        optimizer.step()
    found = run()
    agree(recorded(found, "raw_gradient"), raw)
    agree(recorded(found), clipped)
    assert max(clipped[0]) < 0.5 * max(raw[0])


@pytest.mark.parametrize("kind", [{"foreach": True}, {"fused": True}, {"foreach": False}])
def test_every_implementation_of_an_optimizer(writer, run, kind):
    model = training.net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, **kind)
    writer.watch(model, optimizer, log_freq=1)
    expected, updates = {}, {}
    for step in range(3):
        training.backward(model)
        expected[step] = norms(model)
        before = copy.deepcopy(model.state_dict())
        optimizer.step()
        updates[step] = [float((p.detach() - before[n]).double().norm()) for n, p in model.named_parameters()]
    found = run()
    agree(recorded(found), expected)
    np.testing.assert_allclose([*recorded(found, "update").values()], [*updates.values()], rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("sparse_optimizer", [torch.optim.SparseAdam, torch.optim.SGD])
def test_sparse_gradients_count_with_the_zeros_that_they_imply(writer, run, sparse_optimizer):
    model = nn.Sequential(nn.Embedding(10, 3, sparse=True))
    optimizer = sparse_optimizer(model.parameters(), lr=0.1)
    writer.watch(model, optimizer, log_freq=1, log=["gradients", "raw_gradients", "updates", "heatmaps"])
    model(torch.tensor([1, 1, 4])).square().sum().backward()  # row 1 twice: not coalesced
    dense = model[0].weight.grad.to_dense().double()
    before = model[0].weight.detach().clone()
    optimizer.step()
    found = run()
    for stage, tensor in (("gradient", dense), ("raw_gradient", dense), ("update", model[0].weight.detach() - before)):
        assert found.statistics("count", stage)[2] == 30
        assert found.statistics("zeros", stage)[2] == int((tensor == 0).sum())
        np.testing.assert_allclose(found.statistics("l2", stage)[2], float(tensor.double().norm()), rtol=1e-5)
    assert found.distribution("0.weight", 0).zeros == int((dense == 0).sum())
    assert found.heatmap("0.weight", 0).abs_max.shape == (10, 3)


def test_an_optimizer_for_each_parameter_that_steps_within_backward(writer, run):
    model = training.net()
    optimizers = {p: torch.optim.SGD([p], lr=0.1) for p in model.parameters()}
    expected = {}

    def step_at_once(parameter):
        expected.setdefault(step, {})[parameter] = float(parameter.grad.double().norm())
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    writer.watch(model, list(optimizers.values()), log_freq=2)
    for p in model.parameters():
        p.register_post_accumulate_grad_hook(step_at_once)
    for step in range(5):  # noqa: B007 (step_at_once reads it)
        model(torch.randn(8, 4)).square().sum().backward()
    sampled = {step: [seen[p] for p in model.parameters()] for step, seen in expected.items() if step % 2 == 0}
    found = run()
    agree(recorded(found), sampled)
    np.testing.assert_allclose(recorded(found, "update")[4], [0.1 * norm for norm in sampled[4]], rtol=1e-4)


class Sam(torch.optim.Optimizer):
    """Sharpness-aware minimisation the way it is commonly written: climbs, then lets another optimizer step."""

    def __init__(self, params, rho=0.05, **options):
        super().__init__(params, {"rho": rho})
        self.base_optimizer = torch.optim.SGD(self.param_groups, **options)

    @torch.no_grad()
    def first_step(self):
        for p in (p for group in self.param_groups for p in group["params"] if p.grad is not None):
            self.state[p]["old"] = p.clone()
            p.add_(p.grad, alpha=self.param_groups[0]["rho"])
        self.zero_grad()

    @torch.no_grad()
    def second_step(self):
        for p in (p for group in self.param_groups for p in group["params"] if p.grad is not None):
            p.copy_(self.state[p]["old"])
        self.base_optimizer.step()
        self.zero_grad()


def test_sam_is_sampled_where_it_updates_with_the_gradient_of_its_second_backward(writer, run):
    model = training.net().eval()
    optimizer = Sam(model.parameters(), lr=0.1)
    writer.watch(model, optimizer, log_freq=1)
    expected, before = {}, {}
    for step in range(3):
        x = torch.randn(8, 4)
        before[step] = [float(p.detach().double().norm()) for p in model.parameters()]
        model(x).square().sum().backward()
        optimizer.first_step()
        model(x).square().sum().backward()
        expected[step] = norms(model)
        optimizer.second_step()
    found = run()
    agree(recorded(found), expected)
    agree(recorded(found, "parameter"), before)


CLOSURES = {
    "positional": lambda optimizer, closure: optimizer.step(closure),
    "by name": lambda optimizer, closure: optimizer.step(closure=closure),
}


@pytest.mark.parametrize("call", CLOSURES)
@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.SGD, torch.optim.LBFGS])
def test_gradients_that_a_closure_makes_are_those_of_its_first_call_at_the_same_step(writer, run, kind, call):
    """As Lightning calls every optimizer."""
    model = training.net().eval()
    optimizer = kind(model.parameters(), lr=0.1)
    raw, consumed, before, updates, results = {}, {}, {}, {}, []

    def closure():
        optimizer.zero_grad()
        loss = model(x).square().sum()
        loss.backward()
        raw.setdefault(step, norms(model))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        consumed.setdefault(step, norms(model))
        results.append(loss.detach())
        return loss

    watch = writer.watch(model, optimizer, log=["all", "raw_gradients"], log_freq=1)
    for step in range(3):
        x, calls = torch.randn(8, 4), len(results)
        start = [p.detach().clone() for p in model.parameters()]
        before[step] = [float(p.double().norm()) for p in start]
        assert CLOSURES[call](optimizer, closure) == results[calls]
        ends = zip(model.parameters(), start, strict=True)
        updates[step] = [float((p.detach() - old).double().norm()) for p, old in ends]
    assert watch.report().samples == 3
    assert not watch.report().without_gradient
    found = run()
    agree(recorded(found), consumed)
    agree(recorded(found, "raw_gradient"), raw)
    agree(recorded(found, "parameter"), before)
    agree(recorded(found, "update"), updates)
    assert found.heatmap("out.weight", 0).abs_max.max() > 0


def test_an_accident_within_a_closure_is_told_of_its_own_step(writer, run):
    model = training.net().eval()
    optimizer = torch.optim.Adam(model.parameters())

    def closure():
        optimizer.zero_grad()
        loss = model(x).square().sum()
        loss.backward()
        seen.append(float(np.linalg.norm(norms(model))))
        return loss

    writer.watch(model, optimizer, log_freq=100)
    seen = []
    for step in range(4):
        x = torch.randn(8, 4)
        if step == 3:
            x[2, 1] = float("nan")
        optimizer.step(closure)
    found = run()
    [incident] = [each for each in found.incidents() if each.kind == "non_finite"]
    assert (incident.step, incident.site, incident.role) == (3, "hidden", "propagation")
    [flight] = found.flight_recorder()
    np.testing.assert_allclose(np.linalg.norm(flight.gradient_norms[:3].astype(float), axis=1), seen[:3], rtol=1e-5)
    assert flight.steps.tolist() == [0, 1, 2, 3]


def test_a_closure_that_raises_raises_as_before_and_the_next_step_is_whole(writer, run):
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log=["gradients", "updates"], log_freq=1)
    with pytest.raises(ZeroDivisionError):
        optimizer.step(lambda: 1 / 0)
    expected = {}
    for step in range(2):
        training.backward(model)
        expected[step] = norms(model)
        optimizer.step(lambda: None)
    agree({1: recorded(run())[1]}, {1: expected[1]})


def test_an_optimizer_that_does_not_call_its_closure_consumes_what_there_is(writer, run):
    class Deaf(torch.optim.SGD):
        def step(self, closure=None):
            torch._foreach_add_(self.param_groups[0]["params"], [p.grad for p in model.parameters()], alpha=-0.1)

    model = training.net()
    optimizer = Deaf(model.parameters(), lr=0.1)
    writer.watch(model, optimizer, log=["gradients", "updates"], log_freq=1)
    training.backward(model)
    expected = norms(model)
    with torch.no_grad():
        optimizer.step(lambda: None)
    found = run()
    agree(recorded(found), {0: expected})
    np.testing.assert_allclose(recorded(found, "update")[0], 0.1 * np.array(expected), rtol=1e-4, atol=1e-7)


def test_a_step_that_calls_the_step_of_its_base_class_is_one(writer, run):
    """torch calls the hooks for both."""

    class Halved(torch.optim.SGD):
        def step(self, closure=None, *, fails=False):
            assert 1 / (not fails)
            for group in self.param_groups:
                for p in group["params"]:
                    p.grad.mul_(0.5)
            super().step()

    model = training.net()
    training.sgd(model)  # from now on torch hooks the base class' step, too
    optimizer = Halved(model.parameters(), lr=0.1)
    watch = writer.watch(model, optimizer, log=["gradients", "updates"], log_freq=1)
    expected = {}
    for step in range(3):
        training.backward(model)
        expected[step] = norms(model)
        if step == 2:
            with pytest.raises(ZeroDivisionError):  # tried again, which is no step within another one
                optimizer.step(fails=True)
        optimizer.step()
    assert watch.report().samples == 3
    found = run()
    agree(recorded(found), expected)
    np.testing.assert_allclose(recorded(found, "update")[1], 0.05 * np.array(expected[1]), rtol=1e-4, atol=1e-7)


def test_a_gan_has_two_watches_and_an_ema_copy_is_left_alone(writer, run):
    generator, critic = training.net(0), training.Net(width=3)
    ema = torch.optim.swa_utils.AveragedModel(generator)
    first, second = training.sgd(generator), training.sgd(critic)
    writer.watch(generator, first, name="generator", log_freq=1)
    writer.watch(critic, second, name="critic", log_freq=1)
    expected = {"generator": {}, "critic": {}}
    for step in range(3):
        training.backward(critic)
        expected["critic"][step] = norms(critic)
        second.step()
        training.backward(generator)
        expected["generator"][step] = norms(generator)
        first.step()
        ema.update_parameters(generator)
    found = run()
    assert found.groups == ["critic", "generator"]
    for group, norm in expected.items():
        steps, names, values = found.statistics("l2", group=group)
        assert names == training.NAMES
        agree(dict(zip(steps.tolist(), values, strict=True)), norm)
    assert not any(p._post_accumulate_grad_hooks or p._backward_hooks for p in ema.parameters())


def test_a_model_that_holds_its_ema_copy(writer, run):
    model = nn.ModuleDict({"net": nn.Linear(3, 2), "ema": nn.Linear(3, 2).requires_grad_(False)})
    optimizer = torch.optim.SGD(model["net"].parameters(), lr=0.1)
    watch = writer.watch(model, optimizer, exclude="ema.*")
    model["net"](torch.ones(1, 3)).sum().backward()
    optimizer.step()
    assert watch.report().without_gradient == ()
    assert [site.name for site in run().sites] == ["net.weight", "net.bias"]


def test_tied_weights_are_one_site_with_all_names_and_the_sum_of_their_gradients(writer, run):
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.ReLU(), nn.Linear(3, 3, bias=False))
    model[2].weight = model[0].weight
    optimizer = training.sgd(model)
    writer.watch(model, optimizer)
    training_input = torch.randn(4, 3)
    model(training_input).square().sum().backward()
    expected = norms(model)
    optimizer.step()
    found = run()
    assert [(site.name, site.aliases) for site in found.sites] == [("0.weight", ("2.weight",))]
    agree(recorded(found), {0: expected})


@pytest.mark.parametrize("wrap", [nn.DataParallel, lambda model: torch.compile(model, backend="eager")])
@pytest.mark.parametrize(
    ("selection", "names"),
    [
        ({"include": "hidden.*"}, ["hidden.weight", "hidden.bias"]),
        ({"include": nn.BatchNorm1d}, ["norm.weight", "norm.bias"]),
        ({"exclude": __import__("re").compile("bias$")}, ["hidden.weight", "norm.weight", "out.weight"]),
        ({"include": lambda name, parameter: parameter.dim() == 2}, ["hidden.weight", "out.weight"]),
    ],
)
def test_selection_by_names_that_are_free_of_wrappers(writer, run, wrap, selection, names):
    model = wrap(training.net())
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log=["gradients", "updates"], **selection)
    training.backward(model)
    optimizer.step()
    found = run()
    assert [site.name for site in found.sites] == names
    assert recorded(found)[0].shape == (len(names),)
