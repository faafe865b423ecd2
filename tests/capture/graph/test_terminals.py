"""Names and order of a model's inputs and outputs."""

from collections import OrderedDict, UserDict, namedtuple
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn

from torchviz_tb.capture.graph import capture_graph
from torchviz_tb.capture.graph.terminals import ITEM_BOUND, input_tensors, output_tensors

A, B, C = (torch.full((1,), float(index)) for index in range(3))


@dataclass
class Pair:
    left: Any
    right: Any = None


@dataclass(slots=True)
class SlottedPair:
    left: Any


class Plain:
    def __init__(self, **fields):
        self.__dict__.update(fields)


Named = namedtuple("Named", ["first", "second"])  # noqa: PYI024 - what a user may write


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (A, ["output"]),
        (None, []),
        (3.0, []),
        ((A, B), ["output[0]", "output[1]"]),
        ([A, (B, None, C)], ["output[0]", "output[1][0]", "output[1][2]"]),
        ({"loss": A, "more": {"x": B}, 3: C}, ["loss", "more['x']", "output[3]"]),
        (OrderedDict(logits=A), ["logits"]),
        (UserDict(logits=A), ["logits"]),
        (Pair(A, [B]), ["left", "right[0]"]),
        (SlottedPair({"x": A}), ["left['x']"]),
        (Plain(logits=A, cache=Plain(key=B)), ["logits", "cache.key"]),
        (Named(A, B), ["first", "second"]),
        ({"pair": Named(A, B)}, ["pair.first", "pair.second"]),
        (torch.distributions.Normal(A, C + 1), ["loc", "scale"]),
        ((A, A), ["output[0]", "output[1]"]),
    ],
)
def test_outputs_are_named_as_a_user_would_reach_them(result, expected):
    assert [name for name, _ in output_tensors(result)] == expected


def forward_positional(x, y=None, *args, flag=False, **kwargs):
    """A signature with one of each kind."""


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        ((A,), {}, ["x"]),
        ((A, B, C), {}, ["x", "y", "args[0]"]),
        ((A,), {"mask": B, "flag": True}, ["x", "mask"]),
        (({"x": A, "y": [B]},), {}, ["x['x']", "x['y'][0]"]),
        ((Pair(A, B),), {"extra": Pair(C)}, ["x.left", "x.right", "extra.left"]),
    ],
)
def test_inputs_are_named_from_the_signature(args, kwargs, expected):
    assert [name for name, _ in input_tensors(forward_positional, args, kwargs)] == expected


def test_inputs_without_a_signature_are_named_by_position():
    assert [name for name, _ in input_tensors(dict.update, (A, B), {"mask": C})] == ["args[0]", "args[1]", "mask"]


def test_a_call_that_does_not_fit_still_names_its_tensors():
    assert [name for name, _ in input_tensors(lambda x: x, (A, B), {})] == ["args[0]", "args[1]"]


def test_an_object_that_holds_itself_ends():
    ring = Plain(value=A)
    ring.myself = ring
    assert [name for name, _ in output_tensors(ring)] == ["value"]


def test_modules_are_not_searched():
    assert not list(output_tensors(Plain(model=nn.Linear(1, 1), kind=torch.Tensor, call=A.add)))


def test_a_huge_output_is_searched_up_to_a_bound():
    found = list(output_tensors([*range(ITEM_BOUND + 10), A]))
    assert found == []


def test_deep_nesting_ends():
    nested: Any = A
    for _ in range(5000):
        nested = [nested]
    assert list(output_tensors(nested)) == []


def test_outputs_that_are_inputs_say_which():
    class Swap(nn.Module):
        def forward(self, a, b):
            return b, a, a + b, None

    graph = capture_graph(Swap(), (A, B), {})
    assert [(output.name, output.source.input, output.source.operation) for output in graph.outputs] == [
        ("output[0]", 2, 0),
        ("output[1]", 1, 0),
        ("output[2]", 0, 1),
    ]
