"""What the zoo is made of: a model with its example call, collected by name."""

from typing import Any, NamedTuple

import torch
from torch import nn


class Call(NamedTuple):
    """A model and the arguments to call it with."""

    model: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def run(self) -> Any:
        return self.model(*self.args, **self.kwargs)


ZOO: dict[str, type["ZooModel"]] = {}


class ZooModel(nn.Module):
    """Base: collects its subclasses; `inputs` gives the positional and keyword arguments of the example call."""

    def __init_subclass__(cls) -> None:
        ZOO[cls.__name__] = cls

    @staticmethod
    def inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (torch.randn(2, 4),), {}


def build(name: str, seed: int = 0) -> Call:
    """A fresh model of the zoo and its example call; the same each time."""
    torch.manual_seed(seed)
    model = ZOO[name]()
    return Call(model, *model.inputs())


def image() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(2, 3, 8, 8),), {}


def sequence() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(2, 5, 8),), {}


def tokens() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randint(0, 11, (2, 5)),), {}
