"""What an optimizer's step did: value after it minus value before it."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
import torch

from torchviz_tb.capture.statistics import StageMeasurement, StageSample, Value, begin_stage
from torchviz_tb.capture.tensors import Unsupported, plain
from torchviz_tb.capture.transfer import Bytes, Transfer, is_on_host
from torchviz_tb.records import records_pb2 as pb

Count: TypeAlias = "int | torch.Tensor"
"""A number, or a tensor of one where it is still on a device."""


class Updates(NamedTuple):
    """The updates of all sites."""

    deltas: Iterator[Value]  # made one at a time, can be read once
    lost: list[Count]  # elements whose value did not change although their gradient is not zero


class UpdateSnapshot:
    """A copy of parameters before the optimizer's step.

    Costs as much memory, on the same device, as the parameters themselves; ``finish`` gives it
    back site by site.
    """

    @torch.no_grad()
    def __init__(self, parameters: Sequence[Value]) -> None:
        self._before: list[Value] = [_copy(parameter) for parameter in parameters]

    @torch.no_grad()
    def finish(self, parameters: Sequence[Value], gradients: Sequence[Value]) -> Updates:
        """The updates of the same sites, once the optimizer has stepped.

        A site without a gradient has no update but the gradient's status. Deltas are computed
        in the parameter's own type, where the difference of two values within a factor of 2 of
        each other is exact; those of float16, bfloat16 and 8-bit floats in float32, exact unless
        one value is more than 2^12 times the other; those of integers in float64. Empties the snapshot.
        """
        before, self._before = self._before, []
        lost = [_lost(*each) for each in zip(before, parameters, gradients, strict=True)]
        return Updates(_deltas(before, parameters, gradients), lost)

    def measure(
        self, parameters: Sequence[Value], gradients: Sequence[Value], *, histograms: bool = True
    ) -> StageSample:
        """Statistics and distributions of the updates; as ``finish``."""
        return self.measure_stage(parameters, gradients, histograms=histograms).sample()

    def measure_stage(
        self, parameters: Sequence[Value], gradients: Sequence[Value], *, histograms: bool = True
    ) -> StageMeasurement:
        """As ``measure``, but what can still be merged with the measurements of other ranks."""
        transfer = Transfer()
        measured = self.begin_stage(parameters, gradients, transfer, histograms=histograms)
        transfer.settle()
        return measured

    def begin_stage(
        self, parameters: Sequence[Value], gradients: Sequence[Value], transfer: Transfer, *, histograms: bool = True
    ) -> StageMeasurement:
        """As ``measure_stage``, without waiting for a device: complete once the transfer has settled."""
        deltas, lost = self.finish(parameters, gradients)
        measured = begin_stage(pb.STAGE_UPDATE, deltas, transfer, histograms=histograms)
        measured.lost = _arriving(lost, transfer)
        return measured


def _arriving(counts: list[Count], transfer: Transfer) -> list[int]:
    """The counts; 0 for those on a device until the transfer has settled."""
    numbers = [count if isinstance(count, int) else 0 for count in counts]
    places: dict[torch.device, list[int]] = {}
    for place, count in enumerate(counts):
        if isinstance(count, torch.Tensor):
            places.setdefault(count.device, []).append(place)
    for there in places.values():
        packed = torch.stack([count for place in there if isinstance(count := counts[place], torch.Tensor)])
        transfer.send(packed, partial(_fill, numbers, there))
    return numbers


def _fill(numbers: list[int], places: Sequence[int], results: Bytes) -> None:
    for place, number in zip(places, results.view(np.int64).tolist(), strict=True):
        numbers[place] = number


def _copy(parameter: Value) -> Value:
    value = plain(parameter, "parameter") if isinstance(parameter, torch.Tensor) else parameter
    return value.clone() if isinstance(value, torch.Tensor) else value


@torch.no_grad()
def _deltas(before: list[Value], parameters: Sequence[Value], gradients: Sequence[Value]) -> Iterator[Value]:
    for site, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
        delta = _delta(before[site], parameter, gradient)
        before[site] = pb.STATUS_EXCLUDED  # lets go of the copy
        yield delta


def _delta(before: Value, after: Value, gradient: Value) -> Value:
    step = _step(before, after, gradient)
    return step.after - step.before if isinstance(step, _Step) else step


def _lost(before: Value, after: Value, gradient: Value) -> Count:
    step = _step(before, after, gradient)
    if not isinstance(step, _Step):
        return 0
    count = ((step.after == step.before) & (step.gradient != 0)).sum()
    return int(count) if is_on_host(count) else count


class _Step(NamedTuple):
    """One site's step, in a type that subtracts and compares as it should."""

    before: torch.Tensor
    after: torch.Tensor
    gradient: torch.Tensor


def _step(before: Value, after: Value, gradient: Value) -> "_Step | pb.Status | Unsupported":
    """The tensors of one site's step, or why there is no update."""
    tensors = []
    for value, noun in ((before, "parameter"), (after, "parameter"), (gradient, "gradient")):
        readable = _readable(value, noun)
        if not isinstance(readable, torch.Tensor):
            return readable
        tensors.append(readable)
    step = _Step(*tensors)
    if (step.before.shape, step.before.device) != (step.after.shape, step.after.device):
        return Unsupported("the parameter changed its shape or device during the step")
    return step


def _readable(value: Value, noun: str) -> Value:
    if not isinstance(value, torch.Tensor):
        return value
    dense = value.to_dense() if value.layout == torch.sparse_coo else value
    readable = plain(dense, noun)
    return _subtractable(readable) if isinstance(readable, torch.Tensor) else readable


def _subtractable(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.dtype == torch.complex32:
        return tensor.to(torch.complex64)
    if tensor.dtype.is_complex or tensor.dtype in (torch.float32, torch.float64):
        return tensor
    return tensor.to(torch.float32 if tensor.dtype.is_floating_point else torch.float64)
