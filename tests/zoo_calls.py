"""The zoo, second part: what a model takes and returns."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from zoo_model import ZooModel


class KeywordOnly(ZooModel):
    """A forward with keyword-only arguments, one of them not a tensor."""

    @staticmethod
    def inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (), {"x": torch.randn(2, 4), "scale": 2.0, "mask": torch.ones(2, 1)}

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, *, x: Tensor, mask: Tensor | None = None, scale: float = 1.0) -> Tensor:
        y = self.linear(x) * scale
        return y if mask is None else y * mask


class VariableArguments(ZooModel):
    """*args and **kwargs."""

    @staticmethod
    def inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (torch.randn(2, 4), torch.randn(2, 4)), {"bias": torch.randn(4)}

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, *args: Tensor, **kwargs: Tensor) -> Tensor:
        return self.linear(args[0] + args[1]) + kwargs["bias"]


class NestedDicts(ZooModel):
    """A batch of nested dicts and lists in; a dict out that holds a list, a None and a number."""

    @staticmethod
    def inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return ({"x": torch.randn(2, 4), "more": [torch.randn(2, 4), None], "name": "batch"},), {}

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, batch: dict[str, Any]) -> dict[str, Any]:
        y = self.linear(batch["x"]) + batch["more"][0]
        return {"loss": y.sum(), "hidden": [y], "nothing": None, "count": 2}


@dataclass
class Prediction:
    logits: Tensor
    loss: Tensor | None = None


class Fields(OrderedDict[str, Any]):
    """A dict whose items can be read as attributes, too, as transformers' ModelOutput."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


class DataclassOutput(ZooModel):
    """A dataclass returned, with an empty field."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Prediction:
        return Prediction(self.linear(x))


class ObjectOutput(ZooModel):
    """A dict-like object returned that holds a plain object; nothing is registered with pytree."""

    class Cache:
        def __init__(self, key: Tensor) -> None:
            self.key = key
            self.myself = self

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Fields:
        y = self.linear(x)
        return Fields(logits=y, cache=self.Cache(y * 2))


class NoOutput(ZooModel):
    """Returns None."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> None:
        self.linear(x)


class PassThrough(ZooModel):
    """Returns its input, a parameter and a constant as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return x, self.weight, torch.tensor([1.0, 2.0]), x * 2
