"""What people want to know of a tensor, in bounded time: shape, statistics, a small histogram, a small picture."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch

from torchviz_tb.capture.sites import find_sites
from torchviz_tb.capture.statistics import measure
from torchviz_tb.capture.tensors import Unsupported, dtype_name, plain
from torchviz_tb.colors import colorize
from torchviz_tb.records import records_pb2 as pb

MOST_TENSORS = 64
"""Most parameters, and most inputs or outputs, that one view shows."""

_MOST_VALUES = 1 << 18  # of one tensor that are measured
_BINS = 24
_SIDE = 48  # pixels of the picture


@dataclass(frozen=True)
class Numbers:
    """Statistics of the finite values, and how many of the values looked at are what."""

    looked_at: int
    min: float
    max: float
    mean: float
    std: float
    zeros: int
    nan: int
    infinite: int
    bins: tuple[int, ...]
    """Values in equal parts of the range from min to max; empty where nothing is finite."""


@dataclass(frozen=True)
class TensorSummary:
    """One tensor, for people."""

    name: str
    shape: tuple[int, ...] | None
    """None where there is no single one: nested tensors, and parameters whose shape the first forward will tell."""
    dtype: str
    device: str
    numbers: Numbers | None
    """None where there are none; ``note`` says why."""
    picture: torch.Tensor | None
    """uint8 of shape (height, width, 3): the first slice of the last two dimensions, at most 48 on each side."""
    note: str = ""
    gradient_norm: float | None = None
    """L2 norm of the gradient's finite values. None: no gradient, or no parameter."""


@dataclass(frozen=True)
class ModelView:
    """A model on one input: what goes in, what its parameters are, what comes out."""

    title: str
    inputs: tuple[TensorSummary, ...]
    parameters: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]
    parameter_count: int
    """All of the model's parameters, of which the first 64 are summarized."""
    value_count: int
    """Elements of all of them."""


def view_model(title: str, model: torch.nn.Module, inputs: Any = (), output: Any = ()) -> ModelView:
    """The view of a model. Costs at most a quarter of a million values for each of 64 tensors of each kind."""
    sites = find_sites(model)
    return ModelView(
        title,
        tuple(summarize(name, tensor) for name, tensor in named_tensors("input", inputs)),
        tuple(_summarize_parameter(site.name, site.parameter) for site in sites[:MOST_TENSORS]),
        tuple(summarize(name, tensor) for name, tensor in named_tensors("output", output)),
        len(sites),
        sum(0 if torch.nn.parameter.is_lazy(site.parameter) else site.parameter.numel() for site in sites),
    )


def named_tensors(name: str, value: Any) -> list[tuple[str, torch.Tensor]]:
    """The tensors in what goes into a model or comes out of it, at most 64, named after their place."""
    return list(islice(_tensors(name, value), MOST_TENSORS))


@torch.no_grad()
def summarize(name: str, tensor: torch.Tensor) -> TensorSummary:
    """The summary of a tensor of any kind; never raises. Of a large one, evenly spaced values are looked at."""
    values = plain(tensor)
    is_lazy = torch.nn.parameter.is_lazy(tensor)
    shape = None if is_lazy or tensor.is_nested else tuple(tensor.shape)
    known = name, shape, dtype_name(tensor.dtype), str(tensor.device)
    if isinstance(values, Unsupported):
        return TensorSummary(*known, None, None, values.reason)
    if values.numel() == 0:
        return TensorSummary(*known, None, None, "empty")
    note = "magnitudes" if values.is_complex() else ""
    sample = _sample(values)
    if sample.numel() < values.numel():
        note = f"{note + ', ' if note else ''}{sample.numel():,} of {values.numel():,} values looked at"
    return TensorSummary(*known, _numbers(sample), _picture(values), note)


def _summarize_parameter(name: str, parameter: torch.nn.Parameter) -> TensorSummary:
    summary = summarize(name, parameter)
    note = summary.note if parameter.requires_grad else ", ".join(filter(None, ["frozen", summary.note]))
    gradient = None if parameter.grad is None else plain(parameter.grad)
    norm = _norm(_sample(gradient), gradient.numel()) if isinstance(gradient, torch.Tensor) else None
    values = {field.name: getattr(summary, field.name) for field in fields(summary)}
    return TensorSummary(**{**values, "note": note, "gradient_norm": norm})


def _tensors(name: str, value: Any) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _tensors(f"{name}.{key}", each)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _tensors(f"{name}.{field.name}", getattr(value, field.name))
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for position, each in enumerate(value):
            yield from _tensors(name if len(value) == 1 else f"{name}.{position}", each)


def _sample(values: torch.Tensor) -> torch.Tensor:
    """At most 2^18 evenly spaced values, real and in one dimension."""
    flat = values.reshape(-1)
    sample = flat[:: max(1, math.ceil(flat.numel() / _MOST_VALUES))]
    return sample.abs() if sample.is_complex() else sample


def _numbers(sample: torch.Tensor) -> Numbers:
    columns = measure(pb.STAGE_TENSOR, [sample], histograms=False).statistics
    finite = sample.cpu().to(torch.float64).numpy()
    finite = finite[np.isfinite(finite)]
    return Numbers(
        looked_at=columns.count[0],
        min=columns.min[0],
        max=columns.max[0],
        mean=columns.mean[0],
        std=columns.std[0],
        zeros=columns.zeros[0],
        nan=columns.nan[0],
        infinite=columns.pos_inf[0] + columns.neg_inf[0],
        bins=_bins(finite) if finite.size else (),
    )


def _bins(finite: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[int, ...]:
    low, high = float(finite.min()), float(finite.max())
    # Scaled before the difference is taken, which may be more than float64 holds, or less than its steps.
    unit = max(abs(low), abs(high)) or 1.0
    places = (finite / unit - low / unit) / ((high / unit - low / unit) or 1.0)
    numbers = np.minimum((places * _BINS).astype(np.int64), _BINS - 1)
    return tuple(np.bincount(numbers, minlength=_BINS).tolist())


def _norm(sample: torch.Tensor, count: int) -> float | None:
    """The L2 norm, estimated from the sample where it is not all."""
    if not sample.numel():
        return None
    return measure(pb.STAGE_TENSOR, [sample], histograms=False).statistics.l2[0] * math.sqrt(count / sample.numel())


def _picture(values: torch.Tensor) -> torch.Tensor:
    image = values.reshape(1, -1) if values.dim() < 2 else values[(0,) * (values.dim() - 2)]
    corner = image[:_SIDE, :_SIDE]
    return colorize(corner.abs() if corner.is_complex() else corner, dataformats="HWC").cpu()
