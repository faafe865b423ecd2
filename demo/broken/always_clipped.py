"""A clipping threshold far below the usual norm: every step has the same length, whatever the gradient says."""

import torch
from torch.nn.utils import clip_grad_norm_

from demo.small_runs import perceptron, train

EXPECTED = "always_clipped"


def run(log_dir: str) -> None:
    """It still learns, but the size of its gradients no longer matters."""
    model = perceptron(64, 64, 48, 10)

    def clip(_: int) -> None:
        clip_grad_norm_(model.parameters(), 0.01)

    train(log_dir, model, torch.optim.Adam(model.parameters(), lr=2e-3), before_step=clip)
