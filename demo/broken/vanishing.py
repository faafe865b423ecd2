"""Twelve sigmoid layers: each passes back at most a quarter of the gradient, so the first ones get none."""

import torch
from torch import nn

from demo.small_runs import perceptron, train

EXPECTED = "vanishing_gradient"
ALSO = {"loss_plateau", "update_too_small"}


def run(log_dir: str) -> None:
    """As networks were built before ReLU, better starting weights and residual connections."""
    model = perceptron(64, *[48] * 12, 10, activation=nn.Sigmoid)
    train(log_dir, model, torch.optim.SGD(model.parameters(), lr=0.1))
