"""What the flight recorder sees of one step: columns of numbers by site, in a few calls for all tensors."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.later import Later

GRADIENT_NORM = "gradient_norm"
_SMALL = (torch.float16, torch.bfloat16)
_MEASURED = (*_SMALL, torch.float32, torch.float64)

_PLAIN = (torch.Tensor, torch.nn.Parameter)

Sites = Mapping[int, torch.Tensor]
"""Tensors by the index of their site."""


@dataclass
class Look:
    """One step; the columns are fields of RecordedStep in records.proto, each in parts of equal device and type."""

    step: int
    loss: Later | None = None
    gradient_scale: float | None = None
    status: dict[int, pb.Status] = field(default_factory=dict)
    columns: dict[str, list[tuple[list[int], Later]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def is_there(self) -> bool:
        """Whether reading waits for nothing."""
        numbers = [each for parts in self.columns.values() for _, each in parts]
        return all(each.is_there for each in numbers) and (self.loss is None or self.loss.is_there)

    @property
    def loss_value(self) -> float | None:
        """The loss that the loop told."""
        return None if self.loss is None else float(self.loss.numbers())

    def add(self, name: str, columns: Iterable[tuple[list[int], torch.Tensor]], scale: torch.Tensor | None) -> None:
        """Adds numbers by site, divided by a scale."""
        for indices, numbers in columns:
            self.columns[name].append(
                (indices, Later(numbers if scale is None else numbers / scale.to(numbers.device)))
            )

    def by_site(self, name: str) -> dict[int, float]:
        """One column."""
        parts = self.columns.get(name, [])
        told = ((indices, numbers.numbers().tolist()) for indices, numbers in parts)
        return {i: x for indices, numbers in told for i, x in zip(indices, numbers, strict=True)}

    def record(self) -> pb.RecordedStep:
        """The message."""
        count = max(self.status, default=-1) + 1
        columns = {name: self.by_site(name) for name in (GRADIENT_NORM, *self.columns)}
        return pb.RecordedStep(
            step=self.step,
            status=[self.status.get(i, pb.STATUS_EXCLUDED) for i in range(count)],
            loss=self.loss_value,
            gradient_scale=self.gradient_scale,
            **{name: [column.get(i, float("nan")) for i in range(count)] for name, column in columns.items()},
        )


def is_measured(tensor: torch.Tensor) -> bool:
    """Whether it has a norm: not sharded ones and other subclasses, which would compute together with other ranks."""
    is_plain = type(tensor) in _PLAIN or type(tensor.data) is torch.Tensor
    is_plain = is_plain and tensor.layout is torch.strided and tensor.dtype in _MEASURED
    return is_plain and not tensor.is_meta


def norms(tensors: Sites) -> Iterable[tuple[list[int], torch.Tensor]]:
    """L2 norms, in float32 at least: one pass."""
    for indices, alike in _alike(tensors):
        yield indices, torch.stack(torch._foreach_norm(alike, 2, dtype=_accumulator(alike[0])))


def largest(tensors: Sites) -> Iterable[tuple[list[int], torch.Tensor]]:
    """Largest magnitudes, NaN where there is NaN: one pass."""
    for indices, alike in _alike(_filled(tensors)):
        if alike[0].is_cpu:  # where torch's norm for it takes one element at a time
            extremes = (torch.aminmax(each) for each in alike)
            yield indices, torch.stack([torch.maximum(-low, high) for low, high in extremes])
        else:
            yield indices, torch.stack(torch._foreach_norm(alike, float("inf"), dtype=_accumulator(alike[0])))


def means(tensors: Sites) -> Iterable[tuple[list[int], torch.Tensor]]:
    """Means over all elements, in float32 at least: one pass."""
    for indices, alike in _alike(_filled(tensors)):
        yield indices, torch.stack([each.mean(dtype=_accumulator(each)) for each in alike])


def zero_shares(tensors: Sites) -> Iterable[tuple[list[int], torch.Tensor]]:
    """Shares of elements that are exactly 0, from 0 to 1: one pass."""
    for indices, alike in _alike(_filled(tensors)):
        yield indices, torch.stack([1 - torch.count_nonzero(each).double() / each.numel() for each in alike])


def differences(after: Sites, before: Sites) -> Iterable[tuple[list[int], torch.Tensor]]:
    """L2 norms of what changed: one pass, and for a moment a copy of all."""
    shared = [index for index in before if index in after and _is_like(after[index], before[index])]
    for indices, alike in _alike({index: after[index] for index in shared}):
        changes = torch._foreach_sub(alike, [before[index] for index in indices])
        yield indices, torch.stack(torch._foreach_norm(changes, 2, dtype=_accumulator(alike[0])))


def _alike(tensors: Sites) -> Sequence[tuple[list[int], list[torch.Tensor]]]:
    """Those of one device and type together."""
    groups: dict[tuple[torch.device, torch.dtype], tuple[list[int], list[torch.Tensor]]] = {}
    for index, tensor in tensors.items():
        indices, alike = groups.setdefault((tensor.device, tensor.dtype), ([], []))
        indices.append(index)
        alike.append(tensor)
    return [*groups.values()]


def _filled(tensors: Sites) -> Sites:
    """Without those of no element, which have no largest one and no mean."""
    return {index: tensor for index, tensor in tensors.items() if tensor.numel()}


def _is_like(one: torch.Tensor, other: torch.Tensor) -> bool:
    return (one.shape, one.dtype, one.device) == (other.shape, other.dtype, other.device)


def _accumulator(tensor: torch.Tensor) -> torch.dtype | None:
    return torch.float32 if tensor.dtype in _SMALL else None
