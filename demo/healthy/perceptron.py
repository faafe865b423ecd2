"""A perceptron with ReLU, trained with plain momentum."""

import torch

from demo.small_runs import perceptron, train


def run(log_dir: str) -> None:
    """Three layers, 97 % of the digits within a few epochs."""
    model = perceptron(64, 64, 48, 10)
    train(log_dir, model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
