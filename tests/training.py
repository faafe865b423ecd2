"""A small training to watch: fixed data, fixed seeds, one step at a time."""

import copy
from collections.abc import Callable

import torch
from torch import nn


class Net(nn.Module):
    """Dropout makes the random state matter, batch norm the buffers."""

    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.hidden = nn.Linear(4, width)
        self.norm = nn.BatchNorm1d(width)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(width, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.drop(torch.relu(self.norm(self.hidden(x)))))


NAMES = ["hidden.weight", "hidden.bias", "norm.weight", "norm.bias", "out.weight", "out.bias"]


def net(seed: int = 0) -> Net:
    torch.manual_seed(seed)
    return Net()


def sgd(model: nn.Module, lr: float = 0.1) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=lr)


def backward(model: nn.Module) -> None:
    model.zero_grad()
    model(torch.randn(8, 4)).square().sum().backward()


def train(
    model: nn.Module,
    *optimizers: torch.optim.Optimizer,
    steps: int,
    before_step: Callable[[int], object] = lambda step: None,
) -> None:
    for step in range(steps):
        backward(model)
        before_step(step)
        for optimizer in optimizers:
            optimizer.step()


def tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """Copies of parameters, buffers and gradients."""
    gradients = {f"{name}.grad": p.grad for name, p in model.named_parameters() if p.grad is not None}
    return copy.deepcopy({**model.state_dict(), **gradients})
