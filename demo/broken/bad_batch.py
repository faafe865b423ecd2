"""One batch in another unit, 0 to 4,080 instead of 0 to 1: the loss jumps, and later steps repair the damage."""

import torch
from torch import Tensor

from demo.small_runs import STEPS, perceptron, train

EXPECTED = "loss_spike"
ALSO = {"exploding_gradient"}


def spoil(step: int, inputs: Tensor) -> Tensor:
    """The batch at two thirds of the run was not normalised."""
    return inputs * 4080 if step == 2 * STEPS // 3 else inputs


def run(log_dir: str) -> None:
    """Adam's step stays short; its second moment remembers the accident for a thousand steps."""
    model = perceptron(64, 64, 48, 10)
    train(log_dir, model, torch.optim.Adam(model.parameters(), lr=2e-3), before_batch=spoil)
