"""A step too long for the curvature: each overshoots the last, and gradients grow until they overflow."""

import torch
from torch import Tensor
from torch.nn import functional

from demo.small_runs import perceptron, train

EXPECTED = "exploding_gradient"
ALSO = {"non_finite", "loss_spike", "update_too_large", "norm_drift"}


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Against one-hot targets."""
    return functional.mse_loss(outputs, functional.one_hot(targets, 10).float(), reduction="sum")


def run(log_dir: str) -> None:
    """A linear model on a quadratic loss: the textbook case."""
    model = perceptron(64, 10)
    train(log_dir, model, torch.optim.SGD(model.parameters(), lr=1.62e-3), loss_function=squared_error)
