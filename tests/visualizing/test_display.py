"""display and visualize_model: what is shown, what is kept, and how little they disturb."""

import copy
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

import torchviz_tb
from torchviz_tb import ArgumentError, SummaryWriter, Visualizer, visualize_model


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten(), nn.Linear(32, 3))


def batch() -> torch.Tensor:
    return torch.randn(5, 1, 6, 6, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def writer(tmp_path):
    with SummaryWriter(tmp_path / "run") as made:
        yield made


def rows(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The lines that were shown, by their first word."""
    return {line.partition(" ")[0]: line for line in capsys.readouterr().out.splitlines()}


def test_the_output_is_the_evaluated_models_without_gradient(writer):
    model = network()
    output = Visualizer(model, writer=writer).display(batch())
    assert not output.requires_grad
    torch.testing.assert_close(output, copy.deepcopy(model).eval()(batch()).detach())


def test_the_model_is_left_as_it_was(writer):
    model = network()
    model[2].eval()
    model(batch()).sum().backward()
    state, gradients = copy.deepcopy(model.state_dict()), [parameter.grad.clone() for parameter in model.parameters()]
    wrapped = Visualizer(model, writer=writer)
    random = torch.get_rng_state()
    hooks = [len(module._forward_hooks) for module in model.modules()]
    wrapped.display(batch())
    assert torch.equal(torch.get_rng_state(), random)
    assert [module.training for module in model] == [True, True, False, True, True]
    assert [len(module._forward_hooks) for module in model.modules()] == hooks
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name])
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        assert torch.equal(parameter.grad, gradient)


def test_the_summary_in_the_terminal(writer, capsys: pytest.CaptureFixture[str]):
    model = nn.Linear(2, 2)
    model.weight.data = torch.tensor([[1.0, -3.0], [0.0, 2.0]])
    model.bias.data = torch.tensor([0.5, float("nan")])
    model.weight.grad = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    model.bias.requires_grad = False
    Visualizer(model, title="net", writer=writer).display(torch.tensor([1.0, 2.0]))
    assert capsys.readouterr().out.splitlines() == [
        "net: 2 parameters, 6 values",
        "        shape  type      min  mean ± std   max   zeros  gradient",
        "input   2      float32     1   1.5 ± 0.5     2     0 %            █                      █",
        "weight  2 × 2  float32    -3    0 ± 1.87     2  25.0 %         5  █             █    █   █",
        "bias    2      float32   0.5     0.5 ± 0   0.5     0 %            █                         1 NaN, frozen",
        "output  2      float32  -4.5    -4.5 ± 0  -4.5     0 %            █                         1 NaN",
    ]


def test_what_is_shown_is_kept_as_tensor_views(tmp_path):
    wrapped = Visualizer(network(), title="net", log_dir=tmp_path / "run")
    output = wrapped.display(batch())
    wrapped.display(batch(), global_step=7)
    wrapped.close()
    run = torchviz_tb.load(tmp_path)["run"]
    for step in (0, 7):
        np.testing.assert_array_equal(run.tensor_view("net/input", step).values, batch())
        np.testing.assert_array_equal(run.tensor_view("net/output", step).values, output)
        np.testing.assert_array_equal(run.tensor_view("net/4.weight", step).values, wrapped.model[4].weight.detach())


def test_the_graph_is_still_taken_from_training(tmp_path):
    wrapped = Visualizer(network(), log_dir=tmp_path / "run")
    wrapped.display(batch())
    wrapped(batch()).sum().backward()
    wrapped.close()
    assert torchviz_tb.load(tmp_path)["run"].graph().scopes[0].training


@dataclass
class Pair:
    first: torch.Tensor
    rest: dict[str, object]


class ManyThings(nn.Module):
    def forward(self, x: torch.Tensor, *more: object) -> Pair:
        return Pair(x, {"list": [x, "word"], "none": None, "more": more})


def test_inputs_and_outputs_of_any_structure(writer, capsys: pytest.CaptureFixture[str]):
    output = Visualizer(ManyThings(), writer=writer).display(torch.ones(2), torch.zeros(3), {"mask": torch.ones(4)})
    assert isinstance(output, Pair)
    assert [name for name in rows(capsys) if name.startswith(("input", "output"))] == [
        "input.0", "input.1", "input.2.mask",
        "output.first", "output.rest.list.0", "output.rest.more.0", "output.rest.more.1.mask",
    ]  # fmt: skip


ODD = {
    "sparse": (torch.eye(3).to_sparse(), "sparse tensor"),
    "csr": (torch.eye(3).to_sparse_csr(), "sparse tensor"),
    "complex": (torch.complex(torch.tensor([3.0]), torch.tensor([4.0])), "magnitudes"),
    "quantized": (torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8), "quantized tensor"),
    "meta": (torch.zeros(3, device="meta"), "meta tensor: it has no values"),
    "empty": (torch.zeros(0, 3), "empty"),
    "million": (torch.ones(3000, 1000), "250,000 of 3,000,000 values looked at"),
    "expanded": (torch.ones(1).expand(10**12), "values looked at"),
    "nested": (torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), "nested tensor"),
    "float8": (torch.ones(3).to(torch.float8_e4m3fn), "█"),
    "bools": (torch.tensor([True, False]), "50.0 %"),
    "integers": (torch.tensor([2**62, -(2**62)]), "4.61e+18"),
    "uint64": (torch.tensor([3], dtype=torch.uint64), "3"),
    "infinite": (torch.tensor([float("inf"), float("nan")]), "1 NaN, 1 infinite"),
    "largest": (torch.tensor([-1.7e308, 1.7e308], dtype=torch.float64), "1.7e+308"),
    "smallest": (torch.tensor([0.0, 5e-324], dtype=torch.float64), "4.94e-324"),
    "scalar": (torch.tensor(2.5), "scalar"),
}


@pytest.mark.filterwarnings("ignore::UserWarning:torch")
@pytest.mark.parametrize("kind", ODD)
def test_any_kind_of_tensor_is_summarized(kind: str, writer, capsys: pytest.CaptureFixture[str]):
    tensor, expected = ODD[kind]
    output = Visualizer(nn.Identity(), writer=writer).display(tensor)
    assert output is tensor
    shown = rows(capsys)
    assert expected in shown["input"]
    assert expected in shown["output"]
    assert len(shown["input"]) < 200


@pytest.mark.filterwarnings("ignore::UserWarning:torch")
def test_what_has_no_single_shape_is_not_called_a_scalar(writer, capsys: pytest.CaptureFixture[str]):
    Visualizer(nn.Identity(), writer=writer).display(torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]))
    assert rows(capsys)["input"].split()[:3] == ["input", "–", "float32"]


def test_a_model_of_many_parameters_is_cut_short(writer, capsys: pytest.CaptureFixture[str]):
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(60)))
    Visualizer(model, writer=writer).display(torch.ones(1, 2))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "model: 120 parameters, 360 values"
    assert len(lines) == 1 + 1 + 1 + 64 + 1 + 1
    assert lines[-2] == "... and 56 more parameters"


def test_parameters_that_are_not_there_yet(writer, capsys: pytest.CaptureFixture[str]):
    with pytest.warns(UserWarning, match="left .* out of the pictures"):
        visualize_model(nn.LazyLinear(3), Visualizer(nn.ReLU(), writer=writer), title="lazy")
    assert "uninitialized" in rows(capsys)["weight"]


def test_one_call_in_a_running_loop(tmp_path, capsys: pytest.CaptureFixture[str]):
    model = nn.Linear(4, 2)
    opt = torch.optim.SGD(model.parameters(), 0.1)
    visualizer = Visualizer(nn.ReLU(), log_dir=tmp_path / "run")
    for epoch in range(3):
        opt.zero_grad()
        model(torch.ones(3, 4)).square().sum().backward()
        opt.step()
        before = visualizer
        visualizer = visualize_model(model, visualizer, opt, "classifier")
        assert visualizer.model is model
        assert (visualizer is before) == (epoch > 0)
    assert visualize_model(visualizer) is visualizer
    visualizer.close()
    visualizer.writer.close()
    assert capsys.readouterr().out.count("classifier: 2 parameters, 10 values") == 4
    run = torchviz_tb.load(tmp_path)["run"]
    assert run.steps("statistics") == [0]
    events = EventAccumulator(str(tmp_path / "run"), size_guidance={"images": 0}).Reload()
    assert events.Tags()["images"] == ["classifier/weight", "classifier/bias"]
    assert [image.step for image in events.Images("classifier/weight")] == [0, 1, 2, 2]


def test_a_visualizer_that_is_none_is_refused():
    with pytest.raises(ArgumentError) as caught:
        visualize_model(nn.ReLU(), "visualizer")
    assert str(caught.value) == "visualizer is a str: pass what visualize_model returned before, or None"
