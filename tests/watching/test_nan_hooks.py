"""How modules are looked at for NaN at every step: few hooks, what nobody kept, and code that is not to notice."""

import pickle
import warnings

import pytest
import torch
import training
from faulty import AT, Net, hooked, train
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx

import torchviz_tb
from torchviz_tb.watching import nan_origin


def armed(model):
    """Hooks on each module: before and after it is called."""
    return {name: (len(m._forward_pre_hooks), len(m._forward_hooks)) for name, m in model.named_modules()}


def test_after_the_first_step_one_hook_is_on_each_module_that_could_be_first(tmp_path):
    torch.manual_seed(0)
    block = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1), nn.ReLU())
    model = nn.Sequential(block, nn.Linear(4, 2))
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", nan="origin")
        assert set(armed(model).values()) == {(1, 1)}
        for _ in range(2):
            model(torch.rand(8, 4)).sum().backward()
            optimizer.step()
            lean = {"": (1, 1), "0": (0, 0), "0.0": (0, 1), "0.1": (0, 0), "0.2": (0, 0), "1": (0, 1)}
            assert armed(model) == lean
        block(torch.rand(8, 4))  # from outside, which has not happened before
        optimizer.step()
        block(torch.rand(8, 4)).sum().backward()
        optimizer.step()
        assert armed(model)["0.0"] == (1, 1)


@pytest.mark.parametrize("nan", ["origin", None])
@pytest.mark.parametrize("step", [0, 1, 3])  # with all hooks on, and with few
@pytest.mark.parametrize("place", ["0", "1.0", "1.2", "2"])
def test_each_module_is_told_though_nobody_keeps_what_it_returned(tmp_path, place, step, nan):
    """Linear before ReLU, before dropout and a sum, before an activation in place; a module of the user's own."""

    class Mine(nn.Module):
        def forward(self, x):
            return x * 1.5 + 0.5

    torch.manual_seed(0)
    inner = nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 4), nn.Dropout(0.0))
    model = nn.Sequential(nn.Linear(4, 4), inner, Mine(), nn.Linear(4, 2))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_()
    optimizer = training.sgd(model, lr=0.0)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", nan=nan)
        for now in range(4):
            module = model.get_submodule(place)
            if now == step and place == "2":
                module.forward = lambda x: (x * 1.5).index_fill(1, torch.tensor([2]), torch.inf)
            elif now == step:
                with torch.no_grad():
                    module.bias.fill_(torch.finfo(torch.float32).max)
                    module.weight.fill_(1e38)  # finite parameters, infinite output
            model(torch.rand(8, 4) + 1).square().sum().backward()
            optimizer.step()
    first = torchviz_tb.load(tmp_path)["."].incidents()[0]
    is_input_gone = place == "2" and nan is None  # nothing in its backward needs it
    assert (first.step, first.site, first.role) == (step, place, None if is_input_gone else "origin")
    assert first.first_bad_index == ((0, 2) if place == "2" else (0, 0))
    assert is_input_gone == ("of what it was given nobody kept all" in first.reason)


def test_what_nobody_kept_is_told_as_not_known(tmp_path):
    class Mine(nn.Module):
        def forward(self, x):
            return x + torch.inf

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.mine, self.last = Mine(), nn.Linear(4, 2)

        def forward(self, x):
            return self.last((self.mine(x) + 1).relu())

    model = Outer()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients")
        model(torch.rand(8, 4, requires_grad=True)).sum().backward()
        optimizer.step()
    first, *_ = torchviz_tb.load(tmp_path)["."].incidents()
    assert (first.site, first.role, first.first_bad_index) == ("last", "propagation", (0, 0))
    assert "it comes from the code between this module and those that ran before it, or from mine, of which" in (
        first.reason
    )


def masked(x):
    return x.masked_fill(torch.tensor([False, True]), -torch.inf)


@pytest.mark.parametrize("nan", ["origin", None])
def test_infinity_that_a_model_returns_on_purpose_is_no_accident(tmp_path, monkeypatch, nan):
    """As logits of actions that are not allowed; what follows from it costs nothing more. NaN is one at once."""
    looks = []
    real = nan_origin.first_origin
    monkeypatch.setattr(nan_origin, "first_origin", lambda calls: looks.append(1) or real(calls))
    torch.manual_seed(0)
    model = Net()
    forward = model.forward
    model.forward = lambda x: masked(forward(x))
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", nan=nan)
        for step in range(8):
            optimizer.zero_grad()
            x = torch.rand(8, 4) if step != 6 else torch.full((8, 4), torch.nan)
            model(x).log_softmax(-1)[:, 0].sum().backward()
            assert torch.isfinite(model.a.weight.grad).all() == (step != 6)
            if step != 6:
                optimizer.step()
    incidents = torchviz_tb.load(tmp_path)["."].incidents()
    assert [(each.step, each.site, each.role) for each in incidents] == [(6, "a", "propagation")]
    assert len(looks) == 2


@pytest.mark.parametrize("given", ["positional", "named", "in a dictionary"])
def test_inputs_of_every_kind_are_looked_at(tmp_path, given):
    class Inner(nn.Module):
        def forward(self, batch=None, x=None):
            return {"out": (batch["x"] if x is None else x) * 2.0}

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.inner = nn.Linear(4, 4), Inner()

        def forward(self, x):
            x = self.first(x) / 0
            if given == "positional":
                return self.inner({}, x)["out"]
            return self.inner(x=x)["out"] if given == "named" else self.inner({"x": x})["out"]

    model = Outer()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", nan="origin")
        model(torch.rand(8, 4)).sum().backward()
        optimizer.step()
    first = torchviz_tb.load(tmp_path)["."].incidents()[0]
    assert (first.site, first.role) == ("inner", "propagation")
    assert "The last operation on it: Div." in first.reason


class TestDefault:
    def test_on_the_cpu_every_step_is_looked_at(self, tmp_path):
        first, *_ = train(tmp_path, "module")
        assert (first.step, first.site, first.role) == (AT, "b", "origin")

    def test_where_it_takes_more_than_its_share_only_those_after_an_accident(self, tmp_path):
        torch.manual_seed(0)
        model = Net()
        optimizer = training.sgd(model)
        with torchviz_tb.SummaryWriter(tmp_path) as writer:
            watch = writer.watch(model, optimizer, log="gradients")
            origin = watch._lookout._origin
            training_step = [0.2, 0.26 + 0.01 * 3600]
            for seconds, expected in zip(training_step, (True, False), strict=True):
                origin._seconds = seconds
                model(torch.rand(8, 4)).sum().backward()
                optimizer.step()
                assert hooked(model) == expected
            watch.loss(float("nan"))
            optimizer.step()
            assert hooked(model)

    def test_asked_for_it_has_no_bound(self, tmp_path):
        model = Net()
        with torchviz_tb.SummaryWriter(tmp_path) as writer:
            watch = writer.watch(model, training.sgd(model), log="gradients", nan="origin")
            assert watch._lookout._origin._share is None

    def test_on_a_device_and_of_a_compiled_model_it_waits_for_an_accident(self, tmp_path):
        compiled = Net()
        compiled.compile(backend="eager")
        for model in (compiled, Net().to("meta")):
            with torchviz_tb.SummaryWriter(tmp_path) as writer, warnings.catch_warnings():
                warnings.simplefilter("error")
                writer.watch(model, training.sgd(model), log="gradients")
                assert not hooked(model)


def test_copies_and_pickles_need_nothing_of_us(tmp_path):
    model = Net()
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, training.sgd(model), log="gradients", nan="origin")
        written_model = pickle.dumps(nn.Sequential(model.a))
    assert b"torchviz_tb" not in written_model
    loaded = pickle.loads(written_model)
    torch.testing.assert_close(loaded(torch.ones(2, 4)), model.a(torch.ones(2, 4)))


@pytest.mark.parametrize("nan", ["origin", None])
@pytest.mark.parametrize("transform", ["grad", "vmap", "fx", "make_fx", "functional_call"])
def test_transforms_of_a_watched_model_work_as_without_us(tmp_path, transform, nan):
    def transformed(model):
        parameters, x = dict(model.named_parameters()), torch.linspace(0, 1, 8).reshape(2, 4)
        call = lambda p, x: torch.func.functional_call(model, p, (x,))  # noqa: E731
        if transform == "grad":
            return torch.func.grad(lambda p: call(p, x).square().sum())(parameters)["a.weight"]
        if transform == "vmap":
            return torch.func.vmap(call, (None, 0))(parameters, x.reshape(2, 1, 4))
        if transform == "fx":
            model.between = torch.nn.functional.relu
            graph = torch.fx.symbolic_trace(model)
            return torch.tensor([len(graph.graph.nodes)])
        if transform == "make_fx":
            return torch.tensor([len(make_fx(lambda x: call(parameters, x))(x).graph.nodes)])
        return call(parameters, x)

    torch.manual_seed(0)
    model = Net()
    expected = transformed(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer, warnings.catch_warnings():
        warnings.simplefilter("error")
        watch = writer.watch(model, training.sgd(model), log="gradients", nan=nan)
        for _ in range(2):
            torch.testing.assert_close(transformed(model), expected, rtol=0, atol=0)
        assert "nan" not in watch.report().not_recorded


def test_a_module_that_is_added_later_is_looked_at_from_the_next_sample_on(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", log_freq=2, nan="origin")
        seen = []
        for step in range(6):
            if step == 2:
                model.append(nn.Linear(4, 4))
                optimizer.add_param_group({"params": model[2].parameters()})
            seen.append(len(model) > 2 and hooked(model[2]))
            model(torch.rand(8, 4)).sum().backward()
            optimizer.step()
    assert seen == [False, False, False, True, True, True]
