"""The training loop that broken and healthy runs share; what is broken comes from outside."""

import argparse
from collections.abc import Callable, Iterable
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

from torchviz_tb import SummaryWriter

STEPS = 200
LOG_FREQ = 5

Loss = Callable[[Tensor, Tensor], Tensor]


def perceptron(*widths: int, activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers with an activation between each two."""
    layers: list[nn.Module] = []
    for width_in, width_out in pairwise(widths):
        layers += [nn.Linear(width_in, width_out), activation()]
    return nn.Sequential(*layers[:-1])


def batches(steps: int, size: int = 64) -> Iterable[tuple[Tensor, Tensor]]:
    """Random batches: pixels [size, 64] from 0 to 1, and which digit each picture is [size]."""
    pixels, digits = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
    for _ in range(steps):
        chosen = torch.randint(len(digits), (size,))
        yield (pixels[chosen] / 16).float(), digits[chosen]


def train(
    log_dir: str,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    loss_function: Loss = functional.cross_entropy,
    before_batch: Callable[[int, Tensor], Tensor] = lambda _, inputs: inputs,
    before_step: Callable[[int], object] = lambda _: None,
    steps: int = STEPS,
) -> None:
    """Trains and logs; the hooks get the step, and ``before_batch`` the inputs, which it may change."""
    with SummaryWriter(log_dir) as writer:
        writer.watch(model, optimizer, log_freq=LOG_FREQ)
        for step, (inputs, targets) in enumerate(batches(steps)):
            loss = loss_function(model(before_batch(step, inputs)), targets)
            optimizer.zero_grad()
            loss.backward()
            before_step(step)
            optimizer.step()
            writer.add_scalar("loss/train", loss.item(), step)


def main(folder: Path, description: str) -> None:
    """Makes the runs of a folder, one for each file in it."""
    names = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__main__")
    parser = argparse.ArgumentParser(prog=f"python -m demo.{folder.name}", description=description)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which; by default all: {', '.join(names)}")
    parser.add_argument("--log-dir", type=Path, default=Path("runs", folder.name))
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(names))
    if unknown:
        parser.error(f"there is no run {', '.join(unknown)}; there are {', '.join(names)}")
    torch.set_num_threads(1)  # with layers this small, more threads mostly wait for each other
    for name in arguments.names or names:
        torch.manual_seed(0)
        module = import_module(f"demo.{folder.name}.{name}")
        print(f"{name}: {(module.__doc__ or '').splitlines()[0]}", flush=True)
        module.run(str(arguments.log_dir / name))
