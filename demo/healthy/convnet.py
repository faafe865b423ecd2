"""Convolutions with batch normalisation and a residual connection."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from demo.small_runs import train


class ConvNet(nn.Module):
    """8 × 8 pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, 64] → [batch, 10]."""
        hidden = functional.relu(self.norm(self.stem(x.view(-1, 1, 8, 8))))
        return self.head(functional.relu(hidden + self.conv(hidden)).mean((2, 3)))


def run(log_dir: str) -> None:
    """AdamW with decay."""
    model = ConvNet()
    train(log_dir, model, torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05))
