"""Targets that were shuffled apart from their inputs: everything looks right, and nothing can be learned."""

import torch
from torch import Tensor
from torch.nn import functional

from demo.small_runs import perceptron, train

EXPECTED = "loss_plateau"


def against_others(logits: Tensor, targets: Tensor) -> Tensor:
    """Each picture is held against another one's digit."""
    return functional.cross_entropy(logits, targets[torch.randperm(len(targets))])


def run(log_dir: str) -> None:
    """Gradients, updates and weights are healthy; only the loss tells."""
    model = perceptron(64, 64, 48, 10)
    train(log_dir, model, torch.optim.Adam(model.parameters(), lr=1e-3), loss_function=against_others)
