"""A forgotten ``detach``: the layers before it never get a gradient."""

import torch
from torch import Tensor, nn

from demo.small_runs import perceptron, train

EXPECTED = "no_gradient"


class Detached(nn.Module):
    """An encoder whose output is cut from the graph, and a head that goes on learning."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = perceptron(64, 64, 48)
        self.head = perceptron(48, 32, 10)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, 64] → [batch, 10]."""
        return self.head(self.encoder(x).relu().detach())


def run(log_dir: str) -> None:
    """It trains, and its loss falls: only the head learns."""
    model = Detached()
    train(log_dir, model, torch.optim.Adam(model.parameters(), lr=3e-3))
