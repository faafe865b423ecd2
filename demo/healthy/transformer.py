"""A transformer that reads a picture row by row, with warm-up, decay to 0, and clipping that cuts only the tail."""

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from demo.small_runs import STEPS, train


class Transformer(nn.Module):
    """Each of the eight rows is a token."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.row = nn.Linear(8, width)
        self.position = nn.Embedding(8, width)
        layer = nn.TransformerEncoderLayer(width, 4, 4 * width, dropout=0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, 64] → [batch, 10]."""
        tokens = self.row(x.view(-1, 8, 8)) + self.position(torch.arange(8))
        return self.head(self.norm(self.blocks(tokens)).mean(1))


def run(log_dir: str) -> None:
    """The usual recipe."""
    model = Transformer()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=STEPS + 1, pct_start=0.1)

    def clip(step: int) -> None:
        clip_grad_norm_(model.parameters(), 2.0)
        if step:  # the schedule begins with the rate of the first step
            schedule.step()

    train(log_dir, model, optimizer, before_step=clip)
