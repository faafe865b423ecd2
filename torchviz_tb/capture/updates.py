"""What an optimizer's step did: value after it minus value before it."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, starmap
from typing import NamedTuple, TypeAlias, TypeGuard

import numpy as np
import torch

from torchviz_tb.capture.engines import FlatStep, Measurement, StepEngine
from torchviz_tb.capture.engines.choice import choose
from torchviz_tb.capture.statistics import COMING, StageMeasurement, StageSample, Value, begin_stage
from torchviz_tb.capture.tensors import Unsupported, is_usual, plain
from torchviz_tb.capture.transfer import Bytes, Transfer, is_on_host
from torchviz_tb.records import records_pb2 as pb

Count: TypeAlias = "int | torch.Tensor"
"""A number, or a tensor of one where it is still on a device."""

Reason: TypeAlias = "pb.Status | Unsupported"
"""Why a site has no update."""

_CPU = torch.device("cpu")


class Updates(NamedTuple):
    """The updates of all sites."""

    deltas: Iterator[Value]  # made one at a time, can be read once
    lost: list[Count]  # elements whose value did not change although their gradient is not zero; grows with each delta


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
        lost: list[Count] = []
        return Updates(_deltas(starmap(_step, self._triples(parameters, gradients)), lost), lost)

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

    @torch.no_grad()
    def begin_stage(
        self, parameters: Sequence[Value], gradients: Sequence[Value], transfer: Transfer, *, histograms: bool = True
    ) -> StageMeasurement:
        """As ``measure_stage``, without waiting for a device: complete once the transfer has settled.

        What the engine can subtract itself, on the CPU, is measured without a delta being written down.
        """
        lost: list[Count] = []
        together: dict[int, FlatStep] = {}
        engine, triples = choose(_CPU), self._triples(parameters, gradients)
        is_able = isinstance(engine, StepEngine)
        steps = map(partial(_set_apart, together), count(), triples) if is_able else starmap(_step, triples)
        measured = begin_stage(pb.STAGE_UPDATE, _deltas(steps, lost), transfer, histograms=histograms)
        if isinstance(engine, StepEngine) and together:
            found, unchanged = engine.begin_steps([*together.values()], histograms=histograms)
            for site, number in zip(together, unchanged, strict=True):
                measured.outcomes[site], lost[site] = COMING, number
            transfer.keep(partial(_give, measured, [*together], found.read), found.nbytes)
        measured.lost = _arriving(lost, transfer)
        return measured

    def _triples(self, parameters: Sequence[Value], gradients: Sequence[Value]) -> Iterator[tuple[Value, Value, Value]]:
        """What each site was and is, and its gradient, in turn; lets go of its copy with the next."""
        before, self._before = self._before[::-1], []
        for parameter, gradient in zip(parameters, gradients, strict=True):
            yield before.pop(), parameter, gradient


def _give(measured: StageMeasurement, sites: Sequence[int], read: Callable[[], list[Measurement]]) -> None:
    for site, measurement in zip(sites, read(), strict=True):
        measured.outcomes[site] = measurement


def _set_apart(together: dict[int, FlatStep], site: int, triple: tuple[Value, Value, Value]) -> "_Step | Reason":
    """The step, unless an engine can subtract it itself: then it goes to the others that are measured together."""
    flat = _flat_step(*triple)
    if flat is None:
        step = _step(*triple)
        flat = _flat_step(*step) if isinstance(step, _Step) else None
        if flat is None:
            return step
    together[site] = flat
    return pb.STATUS_EXCLUDED


def _flat_step(before: Value, after: Value, gradient: Value) -> FlatStep | None:
    """The step, if nothing has to be made of its tensors."""
    if not (_is_flat(before) and _is_flat(after) and _is_flat(gradient)):
        return None
    return FlatStep(before, after, gradient) if before.shape == after.shape == gradient.shape else None


def _is_flat(value: Value) -> TypeGuard[torch.Tensor]:
    return (
        isinstance(value, torch.Tensor)
        and value.dtype is torch.float32
        and is_usual(value)
        and is_on_host(value)
        and value.is_contiguous()
    )


def _arriving(counts: list[Count], transfer: Transfer) -> list[int]:
    """The counts; 0 for those on a device until the transfer has settled."""
    numbers = [each if isinstance(each, int) else 0 for each in counts]
    places: dict[torch.device, list[int]] = {}
    for place, each in enumerate(counts):
        if isinstance(each, torch.Tensor):
            places.setdefault(each.device, []).append(place)
    for there in places.values():
        packed = torch.stack([each for place in there if isinstance(each := counts[place], torch.Tensor)])
        transfer.send(packed, partial(_fill, numbers, there))
    return numbers


def _fill(numbers: list[int], places: Sequence[int], results: Bytes) -> None:
    for place, number in zip(places, results.view(np.int64).tolist(), strict=True):
        numbers[place] = number


def _copy(parameter: Value) -> Value:
    value = plain(parameter, "parameter") if isinstance(parameter, torch.Tensor) else parameter
    return value.clone() if isinstance(value, torch.Tensor) else value


@torch.no_grad()
def _deltas(steps: "Iterator[_Step | Reason]", lost: list[Count]) -> Iterator[Value]:
    for step in steps:
        lost.append(step.lost() if isinstance(step, _Step) else 0)
        delta = step.after - step.before if isinstance(step, _Step) else step
        del step  # lets go of the copy
        yield delta


class _Step(NamedTuple):
    """One site's step, in a type that subtracts and compares as it should."""

    before: torch.Tensor
    after: torch.Tensor
    gradient: torch.Tensor

    def lost(self) -> Count:
        """Elements that did not change although their gradient is not zero."""
        found = ((self.after == self.before) & (self.gradient != 0)).sum()
        return int(found) if is_on_host(found) else found


def _step(before: Value, after: Value, gradient: Value) -> "_Step | Reason":
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
