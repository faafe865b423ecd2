"""Trains a tiny transformer that reads a digit row by row, and keeps what it attends to for the Tensors view.

python demo/attention.py --log-dir runs/attention && tensorboard --logdir runs
"""

import argparse

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from torchviz_tb import SummaryWriter

HEADS = 4


class Attention(nn.Module):
    """Self-attention that leaves its probabilities where they can be looked at."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.probs = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, rows, width) → the same shape."""
        query, key, value = self.project(x).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        self.probs = (query @ key.mT / key.shape[-1] ** 0.5).softmax(-1)
        return self.output((self.probs @ value).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Attention and a two-layer network, each added to what it reads."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width)
        self.norm2, self.mlp = (
            nn.LayerNorm(width),
            nn.Sequential(nn.Linear(width, 128), nn.GELU(), nn.Linear(128, width)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, rows, width) → the same shape."""
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class RowReader(nn.Module):
    """A digit's eight rows of eight pixels are eight words; the mean of what is read of them is classified."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.embedding = nn.Linear(8, width)
        self.position = nn.Parameter(0.02 * torch.randn(8, width))
        self.layers = nn.ModuleList(Layer(width) for _ in range(3))
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 8, 8) → logits (batch, 10)."""
        x = self.embedding(x) + self.position
        for layer in self.layers:
            x = layer(x)
        return self.head(x.mean(1))


parser = argparse.ArgumentParser(description="Trains a tiny transformer on the rows of handwritten digits.")
parser.add_argument("--log-dir", default="runs/attention")
parser.add_argument("--steps", type=int, default=800)
arguments = parser.parse_args()
torch.manual_seed(0)
torch.set_num_threads(1)  # with pictures this small, more threads mostly wait for each other

pixels, digits = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
pictures = (pixels / 16).float().view(-1, 8, 8)
fit, test = train_test_split(range(len(digits)), test_size=0.2, random_state=0, stratify=digits)

model = RowReader()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
writer = SummaryWriter(arguments.log_dir)
writer.watch(model, optimizer, log_freq=20)
for step in tqdm(range(arguments.steps), desc="attention", unit="step"):
    batch = torch.tensor(fit)[torch.randint(len(fit), (64,))]
    loss = functional.cross_entropy(model(pictures[batch]), digits[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    writer.add_scalar("loss/train", loss.item(), step)
    if step % 100 == 0:
        with torch.no_grad():
            model(pictures[:8])
        first = next(module for module in model.modules() if isinstance(module, Attention))
        writer.add_tensor_view("attention.probs", first.probs, step, axes=("batch", "head", "query", "key"))
writer.close()
with torch.no_grad():
    print(f"test accuracy: {(model(pictures[test]).argmax(1) == digits[test]).float().mean().item():.1%}")
