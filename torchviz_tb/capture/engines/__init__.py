"""Engines: the same numbers by different means. ``numpy`` is always there."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from torchviz_tb.capture.histograms import Beside, Tally
from torchviz_tb.capture.moments import Moments
from torchviz_tb.capture.tensors import FlatTensor
from torchviz_tb.capture.transfer import Bytes, Transfer

Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Measurement:
    """What an engine says of one tensor."""

    zeros: int
    nan: int
    pos_inf: int
    neg_inf: int
    moments: Moments  # of the finite elements, zeros included
    tally: Tally | None  # of the finite elements that are not zero; None if histograms were not asked for

    @property
    def count(self) -> int:
        """Elements, non-finite ones included."""
        return self.moments.count + self.nan + self.pos_inf + self.neg_inf

    @property
    def beside(self) -> Beside:
        """What a histogram has counts of its own for."""
        return Beside(self.zeros, self.nan, self.pos_inf, self.neg_inf)

    def repeated(self, times: int) -> "Measurement":
        """The measurement where each element occurs that many times as often."""
        return Measurement(
            self.zeros * times,
            self.nan * times,
            self.pos_inf * times,
            self.neg_inf * times,
            self.moments.repeated(times),
            self.tally and self.tally.repeated(times),
        )

    def merged(self, other: "Measurement") -> "Measurement":
        """The measurement of the elements of both, counted with the histogram's bits that both have."""
        both = None if self.tally is None or other.tally is None else self.tally.merged(other.tally)
        return Measurement(
            self.zeros + other.zeros,
            self.nan + other.nan,
            self.pos_inf + other.pos_inf,
            self.neg_inf + other.neg_inf,
            self.moments.merged(other.moments),
            both,
        )

    def within(self, entries: int) -> "Measurement":
        """The measurement with a tally of so many entries at most, for keeping it."""
        return self if self.tally is None else replace(self, tally=self.tally.within(entries))


class Engine(Protocol):
    """Counts, moments and tallies of many tensors at once."""

    def measure(self, tensors: Sequence[FlatTensor], *, histograms: bool) -> list[Measurement]:
        """One measurement a tensor, in order. Complex tensors are measured by their magnitude."""
        ...


class Unread(NamedTuple):
    """What was found of tensors, which may change or go now, until it is made into measurements: in any thread."""

    read: Callable[[], list[Measurement]]
    nbytes: int  # of memory until then


class UnreadEngine(ABC):
    """An engine on the CPU that leaves the making of measurements for later."""

    @abstractmethod
    def begin(self, tensors: Sequence[FlatTensor], *, histograms: bool) -> Unread:
        """Looks at tensors; what is read then is one measurement a tensor, in order."""


def unread(measured: list[Measurement]) -> Unread:
    """Measurements that are there already."""
    return Unread(lambda: measured, sum(0 if each.tally is None else each.tally.nbytes for each in measured))


class FlatStep(NamedTuple):
    """What an optimizer did to one tensor: three of float32, contiguous and of one shape, on the CPU."""

    before: Tensor
    after: Tensor
    gradient: Tensor


class StepEngine(ABC):
    """An engine that measures differences without writing them down."""

    @abstractmethod
    def begin_steps(self, steps: Sequence[FlatStep], *, histograms: bool) -> tuple[Unread, list[int]]:
        """Of each step, the differences' measurement, and how many are 0 although the gradient is not."""


class Cells(NamedTuple):
    """A matrix by cells: maxima are of magnitudes, NaN where there is one, sums of what is finite."""

    cell_max: Float64s  # [cells down, cells across]
    row_max: Float64s
    column_max: Float64s
    sums: Float64s  # of each cell
    counts: Float64s  # of each cell's finite elements


class Matrix(NamedTuple):
    """A matrix of float32 on the CPU, contiguous and not empty, and where each row and column of cells starts."""

    values: Tensor
    row_starts: Int64s
    column_starts: Int64s


class UnreadCells(NamedTuple):
    """As Unread, of matrices."""

    read: Callable[[], list[Cells]]
    nbytes: int


class MatrixEngine(ABC):
    """An engine that reduces matrices to cells in one pass."""

    @abstractmethod
    def begin_cells(self, matrices: Sequence[Matrix]) -> UnreadCells:
        """Looks at matrices, which may change or go afterwards; what is read then is in their order."""


@dataclass(frozen=True)
class Begun:
    """Measurements that are being computed where the tensors lie."""

    results: Tensor  # uint8, of one dimension
    read: Callable[[Bytes], list[Measurement]]  # from the results' bytes on the CPU


class DeviceEngine(ABC):
    """An engine that waits for no device: what it begins can be read when the device has come so far."""

    @abstractmethod
    def begin(self, tensors: Sequence[FlatTensor], *, histograms: bool) -> Begun:
        """Begins to measure one tensor or more, all on one device; afterwards these may change or go."""

    def measure(self, tensors: Sequence[FlatTensor], *, histograms: bool) -> list[Measurement]:
        """See Engine; waits for the results."""
        if not tensors:
            return []
        transfer, measured = Transfer(), list[Measurement]()
        begun = self.begin(tensors, histograms=histograms)
        transfer.send(begun.results, lambda results: measured.extend(begun.read(results)))
        transfer.settle()
        return measured
