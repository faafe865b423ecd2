"""Trains a small residual network on scikit-learn's handwritten digits; two of its lines are torchviz_tb's.

python demo/digits.py --log-dir runs/digits && tensorboard --logdir runs
"""

import argparse
from collections import OrderedDict

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

from torchviz_tb import SummaryWriter


class Block(nn.Module):
    """Two convolutions around which the input is carried; the first may halve the picture."""

    def __init__(self, channels_in: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.skip = nn.Identity() if channels_in == channels else nn.Conv2d(channels_in, channels, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels_in, height, width) → (batch, channels, height / stride, width / stride)."""
        hidden = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(hidden)) + self.skip(x))


@torch.no_grad()
def evaluate(model: nn.Module, data: TensorDataset) -> tuple[float, float]:
    """Mean loss and accuracy over a data set."""
    inputs, targets = data.tensors
    model.eval()
    logits = model(inputs)
    model.train()
    return functional.cross_entropy(logits, targets).item(), (logits.argmax(1) == targets).float().mean().item()


parser = argparse.ArgumentParser(description="Trains a small residual network on handwritten digits.")
parser.add_argument("--log-dir", default="runs/digits")
parser.add_argument("--epochs", type=int, default=40)
arguments = parser.parse_args()
torch.manual_seed(0)
torch.set_num_threads(1)  # with pictures this small, more threads mostly wait for each other

pixels, digits = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
pictures = (pixels / 16).float().view(-1, 1, 8, 8)
fit, rest = train_test_split(range(len(digits)), test_size=0.3, random_state=0, stratify=digits)
train, val, test = (TensorDataset(pictures[i], digits[i]) for i in (fit, rest[::2], rest[1::2]))

stage1 = nn.Sequential(Block(16, 16), Block(16, 16))
stage2 = nn.Sequential(Block(16, 32, stride=2), Block(32, 32))
head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(32, 10))
model = nn.Sequential(OrderedDict(stem=nn.Conv2d(1, 16, 3, padding=1), stage1=stage1, stage2=stage2, head=head))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)

writer = SummaryWriter(arguments.log_dir)
writer.watch(model, optimizer, log_freq=10)
step = 0
for _ in tqdm(range(arguments.epochs), desc="digits", unit="epoch"):
    for inputs, targets in DataLoader(train, batch_size=64, shuffle=True, drop_last=True):
        loss = functional.cross_entropy(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        writer.add_scalar("loss/train", loss.item(), step)
        step += 1
    for name, value in zip(("loss/val", "accuracy/val"), evaluate(model, val), strict=True):
        writer.add_scalar(name, value, step)
writer.close()
print(f"test accuracy: {evaluate(model, test)[1]:.1%}")
