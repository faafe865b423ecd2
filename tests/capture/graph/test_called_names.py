"""Names of calls, read from running frames, against what stands in the source."""

import dis
import functools
import sys
from types import FrameType

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch.nn.functional import linear
from torch.utils._python_dispatch import TorchDispatchMode

from torchviz_tb.capture.graph.called_names import called_name


class Names(TorchDispatchMode):
    """What each operation's innermost frame of this file calls."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str | None] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename != __file__:
            frame = frame.f_back
        assert frame is not None
        self.names.append(called_name(list(dis.get_instructions(frame.f_code)), frame.f_lasti))
        return func(*args, **(kwargs or {}))


X, W = torch.randn(2, 4, 8), torch.randn(8, 8)


def names(function) -> list[str | None]:
    """Distinct names in the order in which they come up."""
    with Names() as mode:
        function()
    return list(dict.fromkeys(mode.names))


def over_several_lines():
    return (
        X
        .view(2, 32)
        .add(
            2,
        )
    )  # fmt: skip


def in_place():
    y = X + 1
    y *= 2
    y[0] = 3
    return y


def unpacked():
    first, second = X
    return first, second


def looped():
    return [torch.relu(each) for each in X]


def asked():
    if X.sum() > 0:
        pass


def with_arguments_that_call():
    return F.scaled_dot_product_attention(torch.relu(X), X, value=X.neg())


def by_another_name():
    activation = F.gelu
    return activation(X)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda: F.linear(X, W), ["linear"]),
        (lambda: linear(X, W), ["linear"]),
        (lambda: F.linear(X, weight=W), ["linear"]),
        (lambda: F.linear(*[X, W]), ["linear"]),
        (lambda: torch.nn.functional.relu(X), ["relu"]),
        (lambda: F.relu(F.gelu(X)), ["gelu", "relu"]),
        (lambda: F.linear(X, W) if X.ndim else F.relu(X), ["linear"]),
        (lambda: F.linear(X, W if X.ndim else X, None if X.ndim else X), ["linear"]),
        (lambda: X.add(1 if X.ndim else 2, alpha=X.ndim or 1), ["add"]),
        (lambda: functools.partial(F.linear, X)(W), ["partial"]),
        (lambda: F.linear(input=X, weight=W), ["linear"]),
        (with_arguments_that_call, ["relu", "neg", "scaled_dot_product_attention"]),
        (over_several_lines, ["view", "add"]),
        (by_another_name, ["activation"]),
        (lambda: X @ W + 1, ["matmul", "add"]),
        (lambda: X - X * X / X**X, ["mul", "pow", "div", "sub"]),
        (lambda: X // 2 % 3, ["floor_divide", "remainder"]),
        (lambda: -X, ["neg"]),
        (lambda: X[0], ["getitem"]),
        (lambda: X[:1], ["getitem"]),
        (lambda: W.T, ["T"]),
        (lambda: X < 2, ["lt"]),
        (lambda: ~(X >= 2), ["ge", "bitwise_not"]),
        (in_place, ["add", "mul_", "setitem"]),
        (unpacked, ["iter"]),
        (looped, ["iter", "relu"]),
        (asked, ["sum", "gt", "bool"]),
    ],
)
def test_the_name_is_the_one_in_the_source(function, expected):
    assert [name for name in names(function) if name != "detach"] == expected


def test_an_instruction_that_calls_nothing_has_no_name():
    assert called_name(list(dis.get_instructions(lambda: None)), 0) is None
