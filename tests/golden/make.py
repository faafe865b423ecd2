"""Writes the golden log of the present schema version with the real writer, and what must be read from it.

python tests/golden/make.py

A golden log is made once for each schema version and kept for ever: later versions of torchviz_tb must go on
reading it. While a version is not yet released, delete its folder and JSON and run this again to renew it.
The log holds tied weights, a frozen parameter, a step with NaN, and every kind of record. The expected values
are the tensors themselves, taken by the training loop, not by torchviz_tb.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from torchviz_tb import SummaryWriter
from torchviz_tb.records.metadata import SCHEMA_VERSION

FOLDER = Path(__file__).parent
STEPS = 6
NAN_STEP = 4


class Tied(nn.Module):
    """Token in, token out: the decoder's weight is the embedding's; the norm is frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.norm = nn.LayerNorm(4)
        self.hidden = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 7)
        self.decoder.weight = self.embedding.weight
        self.norm.requires_grad_(False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.decoder(torch.relu(self.hidden(self.norm(self.embedding(tokens)))))


def main() -> int:
    """Writes tests/golden/v<schema version> and its JSON."""
    log_dir, expected = FOLDER / f"v{SCHEMA_VERSION}", FOLDER / f"v{SCHEMA_VERSION}.json"
    if log_dir.exists():
        print(f"{log_dir.name} exists. A golden log is never rewritten once its version is released.")
        return 1
    expected.write_text(json.dumps(train(log_dir / "run"), indent=1) + "\n", encoding="utf-8")
    (file,) = (log_dir / "run").iterdir()
    # torch puts the machine's name into the file's name.
    file.rename(file.with_name("events.out.tfevents.1700000000.golden.1.0"))
    return 0


def train(run_dir: Path) -> dict[str, Any]:
    """Trains for some steps and returns what must be read back."""
    torch.manual_seed(0)
    model = Tied()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    tensors = []
    with SummaryWriter(str(run_dir)) as writer:
        writer.watch(model, optimizer, log_freq=1, heatmap_freq=2)
        for step in range(STEPS):
            tensors.append(train_step(model, optimizer, step))
            writer.add_scalar("loss/train", tensors[-1].pop("loss"), step)
            writer.add_progress(step, total_steps=STEPS, epoch=1, epochs=1)
        view = torch.arange(6.0).reshape(2, 3)
        writer.add_tensor_view("view", view, 3, axes=("row", "column"))
    return {
        "sites": [name for name, _ in model.named_parameters()],
        "aliases": {"embedding.weight": ["decoder.weight"]},
        "frozen": ["norm.weight", "norm.bias"],
        "nan_step": NAN_STEP,
        "heatmap_steps": [0, 2, 4],
        "modules": [name for name, _ in model.named_modules()],
        "tensor_view": view.tolist(),
        "tensors": tensors,
    }


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> dict[str, Any]:
    """One step; its parameters, gradients and updates as lists."""
    optimizer.zero_grad()
    tokens = torch.arange(step, step + 3) % 7
    loss = nn.functional.cross_entropy(model(tokens), (tokens + 1) % 7)
    (loss * float("nan") if step == NAN_STEP else loss).backward()
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    optimizer.step()
    updates = {name: p.detach() - before[name] for name, p in model.named_parameters() if name in gradients}
    stages = {"parameter": before, "gradient": gradients, "update": updates}
    return {
        "loss": float(loss.detach()),
        **{stage: {name: tensor.tolist() for name, tensor in each.items()} for stage, each in stages.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
