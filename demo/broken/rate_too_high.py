"""A learning rate a hundred times too high: each step replaces a good part of the weights."""

import torch
from torch import nn

from demo.small_runs import perceptron, train

EXPECTED = "update_too_large"
ALSO = {"loss_plateau", "loss_spike"}


def run(log_dir: str) -> None:
    """Adam moves every weight by about the rate, whatever the gradient; decay keeps the weights from outgrowing it."""
    model = perceptron(64, 64, 48, 10, activation=nn.GELU)
    train(log_dir, model, torch.optim.AdamW(model.parameters(), lr=0.5, weight_decay=1.0))
