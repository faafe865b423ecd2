"""A penalty on the weights with the wrong sign: every step makes them longer, and normalisation hides it."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from demo.small_runs import train

EXPECTED = "norm_drift"


def run(log_dir: str) -> None:
    """The loss falls all the same: after a normalisation the length of a weight does not matter."""
    hidden = nn.Sequential(
        nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 48, bias=False), nn.BatchNorm1d(48), nn.ReLU(),
    )  # fmt: skip

    def loss(logits: Tensor, targets: Tensor) -> Tensor:
        penalty = torch.stack([weight.square().sum() for weight in hidden.parameters() if weight.ndim == 2]).sum()
        return functional.cross_entropy(logits, targets) - 0.1 * (penalty - penalty.detach())

    model = nn.Sequential(hidden, nn.Linear(48, 10))
    train(log_dir, model, torch.optim.SGD(model.parameters(), lr=0.1), loss_function=loss)
