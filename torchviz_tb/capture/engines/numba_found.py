"""What compiled loops found of many tensors, kept in few arrays until it is made into measurements."""

from dataclasses import dataclass, field
from functools import reduce
from itertools import islice

import numpy as np
import numpy.typing as npt

from torchviz_tb.capture.engines import Measurement
from torchviz_tb.capture.engines import numba_kernels as kernels
from torchviz_tb.capture.engines.numpy_jobs import Int64s
from torchviz_tb.capture.engines.numpy_scan import Scan
from torchviz_tb.capture.histograms import USUAL_BITS, Tally, are_too_coarse
from torchviz_tb.capture.moments import Moments, scale_for
from torchviz_tb.records.grid import MANTISSA_BITS

_BYTES_OF_ENTRY = 24  # in a tally


@dataclass
class Found:
    """Results and entries of pieces, as the loops put them, and where the pieces of each tensor begin."""

    firsts: list[int]
    results: npt.NDArray[np.float64]
    patterns: npt.NDArray[np.uint32]  # entries of all pieces, one after the other
    counts: npt.NDArray[np.int32]
    histograms: bool
    finer: dict[int, Measurement] = field(default_factory=dict)  # by tensor: what a second look has given

    @classmethod
    def of(
        cls,
        firsts: list[int],
        results: npt.NDArray[np.float64],
        starts: Int64s,
        put: tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]],
        *,
        histograms: bool,
    ) -> "Found":
        """Takes the entries out of the room that they were put into, from ``starts`` on."""
        lengths = results[:, kernels.ENTRIES].astype(np.int64)
        places = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        return cls(firsts, results, put[0][places], put[1][places], histograms)

    @property
    def nbytes(self) -> int:
        """Bytes of memory, as measurements."""
        return self.results.nbytes + _BYTES_OF_ENTRY * len(self.patterns)

    def of_tensors(self, places: list[int]) -> "Found":
        """The same of some of the tensors."""
        pieces = [piece for place in places for piece in range(self.firsts[place], self.firsts[place + 1])]
        kept = np.isin(np.repeat(np.arange(len(self.results)), self._lengths), pieces)
        firsts = np.cumsum([0, *(self.firsts[place + 1] - self.firsts[place] for place in places)]).tolist()
        return Found(firsts, self.results[pieces], self.patterns[kept], self.counts[kept], self.histograms)

    def measurements(self) -> list[Measurement]:
        """One for each tensor, in order."""
        scans = self.scans()
        tallies = self._finest(self.tallies()) if self.histograms else [None] * len(scans)
        measured = map(Scan.measurement, scans, tallies)
        return [self.finer.get(place, each) for place, each in enumerate(measured)]

    def scans(self) -> list[Scan]:
        """Of each tensor, without a table."""
        parts = iter(self.results.tolist())
        return [_joined([_scan_of(part) for part in islice(parts, size)]) for size in np.diff(self.firsts).tolist()]

    def tallies(self) -> list[Tally]:
        """Of each tensor, as fine as those of all of its pieces are."""
        patterns, counts = self.patterns.astype(np.int64), self.counts.astype(np.int64)
        signs = 1 - 2 * (patterns >> 31)
        patterns &= 0x7FFFFFFF
        ends = np.cumsum(self._lengths).tolist()
        bits = self.results[:, kernels.BITS].astype(np.int64).tolist()
        parts = iter(
            Tally(signs[start:end], patterns[start:end], counts[start:end], known if start < end else MANTISSA_BITS)
            for start, end, known in zip([0, *ends], ends, bits, strict=False)
        )
        return [reduce(Tally.merged, islice(parts, size)) for size in np.diff(self.firsts).tolist()]

    @property
    def _lengths(self) -> Int64s:
        return self.results[:, kernels.ENTRIES].astype(np.int64)

    def _finest(self, tallies: list[Tally]) -> list[Tally]:
        """By key where that is enough, of tensors in several pieces; of the others the loops have seen to it."""
        several = [place for place, size in enumerate(np.diff(self.firsts).tolist()) if size > 1]
        keyed = [tallies[place].cut(USUAL_BITS) for place in several]
        for place, tally, is_coarse in zip(several, keyed, are_too_coarse(keyed), strict=True):
            tallies[place] = tallies[place] if is_coarse else tally
        return tallies


def _joined(scans: list[Scan]) -> Scan:
    scan, *others = scans
    for other in others:
        scan.merge(other)
    return scan


def _scan_of(result: list[float]) -> Scan:
    """What was found of a piece, without a table."""
    count, nan, pos_inf, neg_inf, zeros, minus_zeros, low, high, mean, squares, l1, *_ = result
    scale = 1.0 if low or high else scale_for(0.0, 0.0)
    moments = Moments(int(count), low, high, mean, squares, l1, scale) if count else Moments()
    return Scan(None, moments, int(zeros), int(minus_zeros), int(nan), int(pos_inf), int(neg_inf))
