"""How others log parameters and gradients: each takes one sample of a model and says when it is on disk."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import torch
from tensorboardX import SummaryWriter as SummaryWriterX
from torch import nn
from torch.utils.tensorboard import SummaryWriter


class Peer(Protocol):
    """One way to log a model, into a directory of its own."""

    def sample(self, model: nn.Module, step: int) -> None:
        """Logs parameters and gradients."""

    def flush(self) -> None:
        """Returns when what was sampled is in the file."""

    def close(self) -> None:
        """Closes the file."""


def named_tensors(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters and gradients."""
    for name, parameter in model.named_parameters():
        yield name, parameter
        if parameter.grad is not None:
            yield f"{name}.grad", parameter.grad


class HistogramLoop:
    """The loop that everyone pastes: add_histogram of torch's writer, or of tensorboardX's."""

    def __init__(self, directory: Path, writer: Callable[[str], Any] = SummaryWriter) -> None:
        self._writer = writer(str(directory))

    def sample(self, model: nn.Module, step: int) -> None:
        """See Peer."""
        for name, tensor in named_tensors(model):
            self._writer.add_histogram(name, tensor, step)

    def flush(self) -> None:
        """See Peer."""
        self._writer.flush()

    def close(self) -> None:
        """See Peer."""
        self._writer.close()


class HistogramLoopX(HistogramLoop):
    """With tensorboardX's writer."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, SummaryWriterX)


class LikeWandb:
    """What wandb.watch(log="all") computes, after a description of it, without its process and its network.

    Gradients are copied, parameters too; both are checked for non-finite values, which are left out, and counted in 64
    equal bins from the least to the greatest.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True)
        self._file = (directory / "history.jsonl").open("w", encoding="utf-8")

    def sample(self, model: nn.Module, step: int) -> None:
        """See Peer."""
        row: dict[str, object] = {"_step": step}
        for name, tensor in named_tensors(model):
            flat = tensor.detach().clone().reshape(-1)
            flat = flat if flat.dtype in (torch.float32, torch.float64) else flat.float()
            if not torch.isfinite(flat).any():
                continue
            if not torch.isfinite(flat).all():
                flat = flat[torch.isfinite(flat)]
            low, high = flat.min().item(), flat.max().item()
            counts = torch.histc(flat, bins=64, min=low, max=high)
            edges = torch.linspace(low, high, 65)
            row[name] = {"_type": "histogram", "values": counts.tolist(), "bins": edges.tolist()}
        self._file.write(json.dumps(row) + "\n")

    def flush(self) -> None:
        """See Peer."""
        self._file.flush()

    def close(self) -> None:
        """See Peer."""
        self._file.close()


class TorchLens:
    """The watch of torchlens, which must be installed: it looks at an optimizer's step, here one without effect."""

    def __init__(self, directory: Path) -> None:
        self._writer = SummaryWriter(str(directory))
        self._step = 0
        self._watch: Any = None

    def sample(self, model: nn.Module, step: int) -> None:
        """See Peer."""
        from torchlens import trackers

        if self._watch is None:
            self._optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
            self._watch = trackers.watch(
                model,
                to=trackers.TensorBoardSink(self._writer),
                signals=("gradients", "parameters"),
                optimizer=self._optimizer,
                step=lambda: self._step,
                every=1,
                hist_every=1,
            )
        self._step = step
        self._optimizer.step()

    def flush(self) -> None:
        """See Peer."""
        self._writer.flush()

    def close(self) -> None:
        """See Peer."""
        if self._watch is not None:
            self._watch.close()
        self._writer.close()


class Floor:
    """One look at each element: least and greatest, and nothing logged."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True)

    def sample(self, model: nn.Module, step: int) -> None:  # noqa: ARG002 (nothing is logged)
        """See Peer."""
        for _, tensor in named_tensors(model):
            torch.aminmax(tensor.detach())

    def flush(self) -> None:
        """See Peer."""

    def close(self) -> None:
        """See Peer."""
