"""All weights start at 0: no signal passes, so no weight has a gradient; only the last bias learns."""

import torch
from torch import nn

from demo.small_runs import perceptron, train

EXPECTED = "never_learned"
ALSO = {"loss_plateau"}


def run(log_dir: str) -> None:
    """Symmetric starting points stay symmetric; this one does not even move."""
    model = perceptron(64, 64, 48, 10)
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    train(log_dir, model, torch.optim.SGD(model.parameters(), lr=0.1))
