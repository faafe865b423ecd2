"""Many tensors as pieces for compiled loops, and what these found of them as measurements."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial, reduce
from itertools import islice
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.engines import Measurement, numba_codes
from torchviz_tb.capture.engines import numba_kernels as kernels
from torchviz_tb.capture.engines.numpy import WORTH_THREADS
from torchviz_tb.capture.engines.numpy_jobs import Array, Int64s
from torchviz_tb.capture.engines.numpy_scan import KEY_BITS, RefineJob, Scan, tally_of_constant
from torchviz_tb.capture.histograms import USUAL_BITS, Tally, are_too_coarse
from torchviz_tb.capture.moments import Moments, scale_for
from torchviz_tb.capture.tensors import NARROW_DTYPES
from torchviz_tb.records.grid import MANTISSA_BITS

_PIECE = 1 << 20
_LONGEST_PIECE = 1 << 30  # its counts fit 32 bits
_PIECES_A_THREAD = 16

_SORTED = 1 << 14  # elements: float32 tensors of at most so many are sorted if they need a second look
_SORTING = 8  # times as long as scanning
_CODES = 1 << 16


def in_threads(loop: Callable[[], None], workers: int, elements: int) -> None:
    """Runs a loop on so many threads, the caller's among them, where it looks at enough elements."""
    others = workers - 1
    if not others or elements < WORTH_THREADS:
        loop()
        return
    with ThreadPoolExecutor(others, thread_name_prefix="torchviz_tb") as pool:
        started = [pool.submit(loop) for _ in range(others)]
        loop()
        for each in started:
            each.result()  # raises what the thread raised


class Batch:
    """Tensors of one type, as pieces for the compiled loops."""

    def __init__(self, dtype: torch.dtype, tensors: Sequence[torch.Tensor], workers: int, *, histograms: bool) -> None:
        self._dtype, self._tensors, self._histograms = dtype, tensors, histograms
        elements = sum(tensor.numel() for tensor in tensors)
        self._workers, self._elements = workers, elements
        longest = min(max(_PIECE, elements // (self._workers * _PIECES_A_THREAD)), _LONGEST_PIECE)
        cuts = [range(0, max(tensor.numel(), 1), longest) for tensor in tensors]
        self._firsts = np.cumsum([0, *map(len, cuts)]).tolist()  # of the pieces of each tensor
        ends = [
            (tensor.data_ptr() + start * tensor.itemsize, min(longest, tensor.numel() - start))
            for tensor, starts in zip(tensors, cuts, strict=True)
            for start in starts
        ]
        self._make_room(np.array(ends, np.int64))

    def _make_room(self, ends: Int64s) -> None:
        lengths = ends[:, 1]
        entries = np.minimum(lengths, kernels.KEYS if self._histograms else 0)
        distinct = np.minimum(lengths, _CODES if self._dtype in NARROW_DTYPES else 0)
        room = np.stack([entries, distinct], axis=1)
        starts = np.cumsum(room).reshape(-1, 2) - room
        self._pieces = np.concatenate([ends, np.where(room > 0, starts, -1)], axis=1)
        self._put = _Put(int(room.sum()))
        self._results = np.zeros((len(self._pieces), kernels.COLUMNS_OF_RESULT))

    def values(self, place: int) -> torch.Tensor:
        """What is measured of a tensor: for a second look at few elements."""
        return self._tensors[place]

    def refining(self, place: int, scan: Scan, coarse: Tally) -> RefineJob:
        """The second look at many."""
        return CompiledRefineJob(self._tensors[place].numpy(), scan, coarse)

    def measure(self) -> "list[Measurement | RefineJob]":
        """One measurement a tensor, or what has to follow."""
        in_threads(self._loop(), self._workers, self._elements)
        scans = [self._scan(place) for place in range(len(self._tensors))]
        if not self._histograms:
            return [scan.measurement(None) for scan in scans]
        tallies = self._tallies()
        measured: list[Measurement | RefineJob] = list(map(Scan.measurement, scans, tallies))
        coarse = [place for place, is_coarse in enumerate(are_too_coarse(tallies)) if is_coarse]
        for place, finer in zip(coarse, self._distinct_tallies(coarse), strict=True):
            measured[place] = self._looked_at_again(place, scans[place], tallies[place], finer)
        return measured

    def _loop(self) -> Callable[[], None]:
        given = self._pieces, np.zeros(1, np.int64), self._results, self._put.patterns, self._put.counts
        if self._dtype in NARROW_DTYPES:
            return partial(numba_codes.scan_codes, *given, *_codes(self._dtype))
        return partial(kernels.scan, *given)

    def _scan(self, place: int) -> Scan:
        scan, *others = map(_scan_of, self._results[self._firsts[place] : self._firsts[place + 1]].tolist())
        for other in others:
            scan.merge(other)
        return scan

    def _tallies(self) -> list[Tally]:
        """By key, of each tensor."""
        starts, sizes = self._pieces[:, kernels.FIRST_ENTRY], self._results[:, kernels.ENTRIES]
        parts = iter(self._put.tallies(starts, sizes, USUAL_BITS))
        return [
            reduce(Tally.merged, islice(parts, stop - first))
            for first, stop in zip(self._firsts, self._firsts[1:], strict=False)
        ]

    def _distinct_tallies(self, places: Sequence[int]) -> "list[Tally | None]":
        """By distinct value, of some tensors; None where that would be long to find."""
        if self._dtype == torch.float32:
            return self._sorted_tallies(places)
        return [reduce(Tally.merged, self._tallies_of_codes(self._firsts[place : place + 2])) for place in places]

    def _tallies_of_codes(self, bounds: Sequence[int]) -> list[Tally]:
        pieces = slice(*bounds)
        starts, sizes = self._pieces[pieces, kernels.FIRST_DISTINCT], self._results[pieces, kernels.DISTINCT]
        return self._put.tallies(starts, sizes, MANTISSA_BITS)

    def _sorted_tallies(self, places: Sequence[int]) -> "list[Tally | None]":
        chosen = [place for place in places if self._tensors[place].numel() <= _SORTED]
        firsts = [self._firsts[place] for place in chosen]
        pieces, results = self._pieces[firsts], self._results[firsts]
        values = [self.values(place) for place in chosen]
        pieces[:, kernels.ADDRESS] = [each.data_ptr() for each in values]
        lengths = pieces[:, kernels.LENGTH]
        starts = pieces[:, kernels.FIRST_DISTINCT] = np.cumsum(lengths) - lengths
        put = _Put(int(lengths.sum()))
        loop = partial(kernels.distinguish, pieces, np.zeros(1, np.int64), results, put.patterns, put.counts)
        in_threads(loop, self._workers, _SORTING * int(lengths.sum()))
        found = dict(zip(chosen, put.tallies(starts, results[:, kernels.DISTINCT], MANTISSA_BITS), strict=True))
        return [found.get(place) for place in places]

    def _looked_at_again(self, place: int, scan: Scan, coarse: Tally, finer: Tally | None) -> "Measurement | RefineJob":
        if finer is not None:
            return scan.measurement(finer)
        if scan.moments.min == scan.moments.max:
            return scan.measurement(tally_of_constant(scan.moments))
        return self.refining(place, scan, coarse)


class _Put:
    """What compiled loops put: patterns, and how often each occurs."""

    def __init__(self, room: int) -> None:
        self.patterns, self.counts = np.empty(room, np.uint32), np.empty(room, np.int32)

    def tallies(self, starts: Array, sizes: Array, bits: int) -> list[Tally]:
        """The tallies of so many entries from there on."""
        lengths = sizes.astype(np.int64)
        ends = np.cumsum(lengths)
        places = np.repeat(starts - ends + lengths, lengths) + np.arange(lengths.sum())
        patterns, counts = self.patterns[places].astype(np.int64), self.counts[places].astype(np.int64)
        signs = 1 - 2 * (patterns >> 31)
        patterns &= 0x7FFFFFFF
        return [
            Tally(signs[start:end], patterns[start:end], counts[start:end], bits if start < end else MANTISSA_BITS)
            for start, end in zip((ends - lengths).tolist(), ends.tolist(), strict=True)
        ]


@dataclass(frozen=True)
class CompiledRefineJob(RefineJob):
    """One more pass over a float32 array."""

    table_bits: ClassVar[int] = 12
    """The counts stay in a core's own cache; what they can't tell apart gets a further pass, which is rare."""

    def part(self, piece: Array) -> Int64s:
        """See RefineJob."""
        known, extra = self.occupied(), self.extra_bits
        counts = np.zeros((2, (len(known) + 1) << extra), np.int32)
        if self.prefix_bits == KEY_BITS:
            numbers = np.full(kernels.KEYS, len(known), np.int32)
            numbers[known] = np.arange(len(known))
            for chunk in self.chunks(piece):
                kernels.count_by_number(chunk.view(np.uint32), numbers, extra, counts)
        else:
            starts = np.searchsorted(known >> (self.prefix_bits - KEY_BITS), np.arange(kernels.KEYS + 1))
            for chunk in self.chunks(piece):
                kernels.count_further(chunk.view(np.uint32), known, starts, self.prefix_bits, extra, counts[0])
        together: Int64s = counts.sum(axis=0, dtype=np.int64)
        return together

    def chunks(self, piece: Array) -> Iterable[Array]:
        """The values of a piece."""
        return [piece]


def _scan_of(result: list[float]) -> Scan:
    """What was found of a piece, without a table."""
    count, nan, pos_inf, neg_inf, zeros, minus_zeros, low, high, mean, squares, l1, *_ = result
    scale = 1.0 if low or high else scale_for(0.0, 0.0)
    moments = Moments(int(count), low, high, mean, squares, l1, scale) if count else Moments()
    return Scan(None, moments, int(zeros), int(minus_zeros), int(nan), int(pos_inf), int(neg_inf))


@lru_cache
def _codes(dtype: torch.dtype) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint32]]:
    """How to go through a type's codes in ascending order, and the float32 pattern that each stands for."""
    size = 1 << (8 * dtype.itemsize)
    codes = torch.arange(size, dtype=torch.int32, device="cpu").to(torch.uint8 if dtype.itemsize == 1 else torch.int16)
    meanings = codes.view(dtype).to(torch.float32).view(torch.int32).numpy().view(np.uint32)
    half = size // 2
    if not meanings.view(np.float32)[half + 1] < 0:
        rows = [(0, size, 1)]
    elif dtype.is_floating_point:  # sign and magnitude
        rows = [(size - 1, half, -1), (0, half, 1)]
    else:  # two's complement
        rows = [(half, half, 1), (0, half, 1)]
    return np.array(rows, np.int32), meanings
