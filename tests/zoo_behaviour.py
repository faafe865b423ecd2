"""The zoo, third part: what a forward does besides computing."""

import random
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from zoo_model import ZooModel


class DataDependentLoop(ZooModel):
    """Control flow on values: how often the cell runs depends on the input."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(1 + int(x.abs().sum().item()) % 3):
            x = torch.tanh(self.cell(x))
            if x.norm() > 1e6:
                break
        return x


class InPlaceViews(ZooModel):
    """Writes through views of a tensor that is read later, and an out= argument."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.linear(x).mul(2)
        y.select(0, 0).add_(1)
        y[1:].mul_(3)
        with torch.no_grad():
            total = torch.empty(4)
            torch.sum(y, 0, out=total)
        return y + total


class WrittenInput(ZooModel):
    """Writes into what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x.add_(1)
        return self.linear(x)


class StateKeeper(ZooModel):
    """Changes a buffer in place, replaces another, writes a parameter, and keeps an activation as an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.ones(1), requires_grad=False)
        self.register_buffer("seen", torch.zeros(1))
        self.register_buffer("count", torch.zeros(1, dtype=torch.int64))
        self.history: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.add_(1)
        self.count = self.count + 1
        with torch.no_grad():
            self.scale.mul_(1.5)
        self.last = self.linear(x) * self.scale + self.seen
        self.history.append(self.last)
        self.train(self.training)
        return self.last


class Checkpointed(ZooModel):
    """torch.utils.checkpoint, both kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = checkpoint(self.first, x, use_reentrant=False)
        return checkpoint(self.second, y, use_reentrant=True)


class Vmapped(ZooModel):
    """torch.vmap: the operations run on tensors below the transform."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.vmap(lambda row: torch.tanh(self.linear(row)))(x)


class InnerGradient(ZooModel):
    """Gradients within the forward: torch.func.grad, and autograd.grad for a penalty."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        slope = torch.func.grad(lambda v: self.linear(v).sin().sum())(x.detach())
        leaf = x.detach().requires_grad_()
        (penalty,) = torch.autograd.grad(self.linear(leaf).square().sum(), leaf, create_graph=True)
        return slope + penalty


class ScriptedChild(ZooModel):
    """A submodule compiled by torch.jit.script."""

    def __init__(self) -> None:
        super().__init__()
        self.scripted = torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.scripted(x))


class Recursive(ZooModel):
    """The root calls itself."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor, depth: int = 2) -> Tensor:
        y = torch.relu(self.linear(x))
        return self(y, depth - 1) if depth else y


class CaughtError(ZooModel):
    """A submodule raises, and the model goes on without it."""

    class Failing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(x)

    def __init__(self) -> None:
        super().__init__()
        self.failing = self.Failing()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        try:
            x = self.failing(x)
        except RuntimeError:
            x = x + 1
        return self.linear(x)


class ForeignModule(ZooModel):
    """Calls a module that is not registered, and one that it makes on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = [nn.Linear(4, 4)]
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(nn.Tanh()(self.hidden[0](x)))


class Doubled(torch.autograd.Function):
    """Twice its argument, with a backward of its own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * 2


class CustomFunction(ZooModel):
    """A torch.autograd.Function."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return Doubled.apply(self.linear(x))


class Parametrized(ZooModel):
    """A weight computed from others, with power-iteration buffers: spectral and weight norm."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4))
        self.second = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


class DrawsEverywhere(ZooModel):
    """Draws from Python's and numpy's generators as well."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(F.dropout(x)) * (random.random() + float(np.random.rand()))


class ForeachUpdate(ZooModel):
    """Operations on lists of tensors that return nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            parts = [self.linear(x), self.linear(x + 1)]
            torch._foreach_add_(parts, 1.0)
        return parts[0] * parts[1]
