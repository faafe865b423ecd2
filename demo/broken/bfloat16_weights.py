"""Weights kept in bfloat16: an update under 1/256 of a weight is rounded away."""

import torch
from torch import Tensor

from demo.small_runs import perceptron, train

EXPECTED = "lost_updates"
ALSO = {"update_too_small"}


def in_bfloat16(_: int, inputs: Tensor) -> Tensor:
    """The model's own precision."""
    return inputs.bfloat16()


def run(log_dir: str) -> None:
    """A good rate for float32 weights; mixed precision keeps a float32 copy for this reason."""
    model = perceptron(64, 128, 64, 10).bfloat16()
    train(log_dir, model, torch.optim.SGD(model.parameters(), lr=0.05), before_batch=in_bfloat16)
