"""A learning rate a thousand times too low: the weights hardly move, and the loss stays where it is."""

import torch

from demo.small_runs import perceptron, train

EXPECTED = "update_too_small"
ALSO = {"loss_plateau"}


def run(log_dir: str) -> None:
    """As with a schedule that never warms up, or a rate meant for another optimizer."""
    model = perceptron(64, 64, 48, 10)
    train(log_dir, model, torch.optim.SGD(model.parameters(), lr=1e-5))
