"""An autoencoder: the loss is a squared error that ends far below 1, and the targets are the inputs."""

import torch
from torch import Tensor, nn

from demo.small_runs import perceptron, train


class Autoencoder(nn.Module):
    """64 pixels through 12 numbers; returns the squared error of each pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = perceptron(64, 48, 12, activation=nn.GELU)
        self.decoder = perceptron(12, 48, 64, activation=nn.GELU)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, 64] → [batch, 64]."""
        return (self.decoder(self.encoder(x)) - x) ** 2


def mean_error(errors: Tensor, _: Tensor) -> Tensor:
    """Which digit it is does not matter here."""
    return errors.mean()


def run(log_dir: str) -> None:
    """Adam at its default rate."""
    model = Autoencoder()
    train(log_dir, model, torch.optim.Adam(model.parameters(), lr=1e-3), loss_function=mean_error)
