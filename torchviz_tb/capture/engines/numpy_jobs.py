"""How numpy measures one array that is small or of narrow elements; ``numpy_scan`` has the large, wide ones.

A job cuts its array into pieces that can be measured apart, on any thread, and joins the results.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.engines import Measurement
from torchviz_tb.capture.histograms import tally_of_distinct
from torchviz_tb.capture.moments import moments_of_distinct

Array = npt.NDArray[Any]
Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

PIECE = 1 << 20
"""Elements: what one thread takes at a time."""

CHUNK = 1 << 16
"""Elements: few enough that a few buffers of 8 bytes each stay in a core's cache."""


class Counter:
    """How often each number below a bound occurs: no more than 2^31 in all.

    By torch's scatter_add_: two thirds of the time of np.bincount, and without the interpreter's lock.
    """

    def __init__(self, size: int, most_at_once: int) -> None:
        self.counts: npt.NDArray[np.int32] = np.zeros(size, np.int32)
        self._table = torch.from_numpy(self.counts)
        self._ones = torch.ones(most_at_once, dtype=torch.int32, device="cpu")

    def add(self, numbers: Int64s) -> None:
        """Counts further numbers."""
        self._table.scatter_add_(0, torch.from_numpy(numbers), self._ones)


class Job(Protocol):
    """An array to be measured."""

    def pieces(self) -> Sequence[Array]:
        """The array, cut."""
        ...

    def part(self, piece: Array) -> Any:
        """What one piece says. Runs on any thread."""
        ...

    def joined(self, parts: Sequence[Any]) -> "Measurement | Job":
        """What all pieces say together, or the job that has to follow."""
        ...


def cut(array: Array) -> list[Array]:
    """The array in pieces, at least one."""
    return [array[start : start + PIECE] for start in range(0, max(len(array), 1), PIECE)]


@dataclass(frozen=True)
class DistinctJob:
    """Few elements: sorted, then each distinct value counts."""

    values: Float64s
    histograms: bool

    def pieces(self) -> Sequence[Float64s]:
        """The whole array."""
        return [self.values]

    def part(self, piece: Float64s) -> Measurement:
        """The measurement."""
        values, counts = np.unique(piece, return_counts=True)
        return measurement_of_distinct(values, counts, self.histograms)

    def joined(self, parts: Sequence[Measurement]) -> Measurement:
        """The only part."""
        return parts[0]


@dataclass(frozen=True)
class CodesJob:
    """Many elements of at most 16 bits: each code is counted, and all else follows from the counts."""

    codes: Array  # uint8 or uint16
    dtype: torch.dtype  # what the codes mean
    histograms: bool

    def pieces(self) -> Sequence[Array]:
        """The codes, cut."""
        return cut(self.codes)

    def part(self, piece: Array) -> Int64s:
        """How often each code occurs."""
        buffer = np.empty(min(CHUNK, len(piece)), np.int64)
        counter = Counter(1 << (8 * piece.itemsize), len(buffer))
        for start in range(0, len(piece), CHUNK):
            codes = piece[start : start + CHUNK]
            np.copyto(buffer[: len(codes)], codes)
            counter.add(buffer[: len(codes)])
        return counter.counts.astype(np.int64)

    def joined(self, parts: Sequence[Int64s]) -> Measurement:
        """The measurement."""
        counts = np.sum(parts, axis=0)
        occurring = np.flatnonzero(counts)
        values = self._meaning(occurring.astype(self.codes.dtype))
        order = np.argsort(values, kind="stable")
        return measurement_of_distinct(values[order], counts[occurring][order], self.histograms)

    def _meaning(self, codes: Array) -> Float64s:
        signed = codes.view(np.int16) if codes.itemsize == 2 else codes  # older torch has no uint16
        meaning: Float64s = torch.from_numpy(signed).view(self.dtype).to(torch.float64).numpy()
        return meaning


def measurement_of_distinct(values: Float64s, counts: Int64s, histograms: bool) -> Measurement:
    """The measurement of ascending values, NaN last, of which each occurs ``counts`` times."""
    finite = np.isfinite(values)
    kept, kept_counts = values[finite], counts[finite]
    return Measurement(
        zeros=int(kept_counts[kept == 0].sum()),
        nan=int(counts[np.isnan(values)].sum()),
        pos_inf=int(counts[values == np.inf].sum()),
        neg_inf=int(counts[values == -np.inf].sum()),
        moments=moments_of_distinct(kept, kept_counts),
        tally=tally_of_distinct(kept, kept_counts) if histograms else None,
    )
