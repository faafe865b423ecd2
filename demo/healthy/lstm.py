"""A recurrent network that reads a picture row by row."""

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from demo.small_runs import train


class Reader(nn.Module):
    """Two layers of LSTM; the last state decides."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 48, num_layers=2, batch_first=True)
        self.head = nn.Linear(48, 10)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, 64] → [batch, 10]."""
        return self.head(self.lstm(x.view(-1, 8, 8))[0][:, -1])


def run(log_dir: str) -> None:
    """Clipped by norm, as recurrent networks usually are."""
    model = Reader()

    def clip(_: int) -> None:
        clip_grad_norm_(model.parameters(), 1.0)

    train(log_dir, model, torch.optim.Adam(model.parameters(), lr=5e-3), before_step=clip)
