"""colorize_parameters: a model's parameters as pictures."""

import math

import pytest
import torch
from torch import nn

from torchviz_tb import ArgumentError, colorize, colorize_parameters

WHITE, NAN = (255, 255, 255), (255, 0, 255)


def linear(weight: list[list[float]], gradient: list[list[float]] | None = None) -> nn.Module:
    layer = nn.Linear(len(weight[0]), len(weight), bias=False)
    layer.weight.data = torch.tensor(weight)
    if gradient is not None:
        layer.weight.grad = torch.tensor(gradient)
    return layer


def pixel(picture: torch.Tensor, row: int, column: int) -> tuple[int, ...]:
    return tuple(picture[:, row, column].tolist())


def test_by_value_the_middle_of_the_colormap_is_zero():
    picture = colorize_parameters(linear([[-2.0, 0.0, 1.0]]), by="value")["weight"]
    expected = colorize(torch.tensor([[-2.0, 0.0, 1.0]]), "coolwarm", -2, 2)
    assert torch.equal(picture, expected)


def test_by_gradient_the_weights_do_not_matter():
    gradient = [[3.0, -1.0], [0.0, 2.0]]
    pictures = [
        colorize_parameters(linear(weight, gradient), "gradient", "RdBu")["weight"]
        for weight in ([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 9.0]])
    ]
    assert torch.equal(pictures[0], pictures[1])
    assert torch.equal(pictures[0], colorize(torch.tensor(gradient), "RdBu", -3, 3))


def test_by_both_the_gradients_colour_fades_where_the_weight_is_small():
    picture = colorize_parameters(linear([[0.0, 1.0, -2.0]], [[5.0, 5.0, 5.0]]))["weight"]
    full = colorize_parameters(linear([[1.0, 1.0, 1.0]], [[5.0, 5.0, 5.0]]))["weight"]
    assert pixel(picture, 0, 0) == WHITE
    assert pixel(picture, 0, 2) == pixel(full, 0, 2) == (179, 3, 38)
    assert pixel(picture, 0, 1) == pytest.approx([(255 + part) / 2 for part in (179, 3, 38)], abs=1)


def test_no_gradient_has_the_colour_of_nan():
    assert pixel(colorize_parameters(linear([[1.0, 2.0]]), "gradient")["weight"], 0, 0) == NAN
    assert pixel(colorize_parameters(linear([[1.0, 2.0]]), "gradient", nan_color=(0, 9, 0))["weight"], 0, 0) == (
        0,
        9,
        0,
    )
    assert pixel(colorize_parameters(linear([[1.0, 2.0]]), "both")["weight"], 0, 1) == NAN


def test_values_that_are_not_finite():
    picture = colorize_parameters(linear([[math.nan, math.inf, 1.0]], [[1.0, math.nan, -math.inf]]))["weight"]
    assert pixel(picture, 0, 0) == (179, 3, 38)
    assert pixel(picture, 0, 1) == NAN
    assert pixel(picture, 0, 2) == (58, 76, 192)


def test_shapes_names_and_selection():
    model = nn.Sequential(nn.Conv2d(3, 8, 5), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(700, 3))
    pictures = colorize_parameters(model)
    assert {name: tuple(picture.shape) for name, picture in pictures.items()} == {
        "0.weight": (3, 8, 75),
        "0.bias": (3, 1, 8),
        "1.weight": (3, 1, 8),
        "1.bias": (3, 1, 8),
        "3.weight": (3, 3, 512),
        "3.bias": (3, 1, 3),
    }
    assert set(colorize_parameters(model, include="*.weight", exclude=nn.BatchNorm2d)) == {"0.weight", "3.weight"}


def test_a_large_parameter_is_reduced_by_means():
    weight = torch.arange(1024.0).repeat(4, 1)
    picture = colorize_parameters(linear(weight.tolist()), "value", "gray")["weight"]
    means = weight.view(4, 512, 2).mean(-1)
    assert torch.equal(picture, colorize(means, "gray", -1022.5, 1022.5))


def test_every_kind_of_parameter():
    model = nn.Module()
    model.bf16 = nn.Parameter(torch.randn(3, 3, dtype=torch.bfloat16))
    model.complex = nn.Parameter(torch.randn(3, 3, dtype=torch.complex64))
    model.empty = nn.Parameter(torch.randn(0, 3))
    model.scalar = nn.Parameter(torch.tensor(3.0))
    assert {name: tuple(picture.shape) for name, picture in colorize_parameters(model, "value").items()} == {
        "bf16": (3, 3, 3),
        "complex": (3, 3, 3),
        "empty": (3, 0, 3),
        "scalar": (3, 1, 1),
    }


def test_what_can_not_be_read_is_left_out_and_named():
    with pytest.warns(UserWarning, match="left 'weight' out of the pictures: meta parameter: it has no values"):
        assert colorize_parameters(nn.Linear(2, 2, bias=False, device="meta")) == {}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("model",), "model is a str, not a torch.nn.Module: pass the module that is trained"),
        ((nn.Linear(2, 2), "norm"), "by is 'norm': choose 'value', 'gradient' or 'both'"),
        (
            (nn.Linear(2, 2), "value", "hot"),
            (
                "colormap is 'hot', which is not known: choose from viridis, magma, inferno, "
                "plasma, cividis, coolwarm, RdBu, gray, each also with '_r'"
            ),
        ),
    ],
)
def test_wrong_arguments(arguments: tuple[object, ...], sentence: str):
    with pytest.raises(ArgumentError) as caught:
        colorize_parameters(*arguments)
    assert str(caught.value) == sentence
