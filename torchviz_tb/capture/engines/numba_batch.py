"""Many tensors as pieces for compiled loops, and what these found of them as measurements."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.engines import Measurement, numba_codes
from torchviz_tb.capture.engines import numba_kernels as kernels
from torchviz_tb.capture.engines.numba_found import Found
from torchviz_tb.capture.engines.numba_second_look import COUNT_BITS, count_by_number
from torchviz_tb.capture.engines.numpy import WORTH_THREADS
from torchviz_tb.capture.engines.numpy_jobs import Array, Int64s
from torchviz_tb.capture.engines.numpy_scan import KEY_BITS, RefineJob, Scan, tally_of_constant
from torchviz_tb.capture.histograms import Tally, are_too_coarse
from torchviz_tb.capture.tensors import NARROW_DTYPES

_PIECE = 1 << 20
_LONGEST_PIECE = 1 << 30  # its counts fit 32 bits
_PIECES_A_THREAD = 16


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
        sizes = np.array([tensor.numel() for tensor in tensors], np.int64)
        self._workers, self._elements = workers, int(sizes.sum())
        longest = min(max(_PIECE, self._elements // (workers * _PIECES_A_THREAD)), _LONGEST_PIECE)
        pieces = np.maximum(-(-sizes // longest), 1)  # of each tensor
        firsts = np.concatenate([[0], np.cumsum(pieces)])
        self._firsts: list[int] = firsts.tolist()
        offsets = (np.arange(firsts[-1]) - np.repeat(firsts[:-1], pieces)) * longest
        addresses = np.array([tensor.data_ptr() for tensor in tensors], np.int64)
        self._pieces = np.empty((len(offsets), kernels.COLUMNS_OF_PIECE), np.int64)
        self._pieces[:, kernels.ADDRESS] = np.repeat(addresses, pieces) + offsets * dtype.itemsize
        self._pieces[:, kernels.LENGTH] = np.minimum(np.repeat(sizes, pieces) - offsets, longest)
        self._pieces[:, kernels.IS_WHOLE] = np.repeat(pieces == 1, pieces)
        self._make_room()

    def _make_room(self) -> None:
        lengths = self._pieces[:, kernels.LENGTH]
        if self._dtype in NARROW_DTYPES:
            room = np.minimum(lengths, 1 << (8 * self._dtype.itemsize))
        else:
            room = np.where(lengths <= kernels.SORTED, lengths, kernels.KEYS)
        room *= self._histograms
        self._pieces[:, kernels.FIRST_ENTRY] = np.cumsum(room) - room if self._histograms else -1
        # The system gives memory for what is written alone.
        self._put = np.empty(int(room.sum()), np.uint32), np.empty(int(room.sum()), np.int32)
        self._results = np.zeros((len(self._pieces), kernels.COLUMNS_OF_RESULT))

    def refining(self, place: int, scan: Scan, coarse: Tally) -> RefineJob:
        """The second look at many elements."""
        return CompiledRefineJob(self._tensors[place].numpy(), scan, coarse)

    def measure(self) -> Found:
        """What the loops find, without the second looks that ``second_looks`` tells."""
        in_threads(self._loop(), self._workers, self._elements)
        starts = self._pieces[:, kernels.FIRST_ENTRY]
        return Found.of(self._firsts, self._results, starts, self._put, histograms=self._histograms)

    def second_looks(self, found: Found) -> "dict[int, Measurement | RefineJob]":
        """By tensor, what has to be looked at once more, as long as the tensors are there."""
        places = self._looked_at_by_key()
        if not places:
            return {}
        chosen = found.of_tensors(places)
        scans, tallies = chosen.scans(), chosen.tallies()
        return {
            place: self._looked_at_again(place, scan, tally)
            for place, scan, tally, is_coarse in zip(places, scans, tallies, are_too_coarse(tallies), strict=True)
            if is_coarse
        }

    def _loop(self) -> Callable[[], None]:
        given = self._pieces, np.zeros(1, np.int64), self._results, *self._put
        if self._dtype in NARROW_DTYPES:
            return partial(numba_codes.scan_codes, *given, *_codes(self._dtype))
        return partial(kernels.scan, *given)

    def _looked_at_by_key(self) -> list[int]:
        """Tensors of which the loops' counts may tell too little."""
        if not self._histograms or self._dtype in NARROW_DTYPES:
            return []
        firsts = np.array(self._firsts)
        in_doubt = (self._results[:, kernels.IS_COARSE] > 0) | (self._pieces[:, kernels.IS_WHOLE] == 0)
        places: list[int] = np.flatnonzero(np.logical_or.reduceat(in_doubt, firsts[:-1])).tolist()
        return places

    def _looked_at_again(self, place: int, scan: Scan, coarse: Tally) -> "Measurement | RefineJob":
        if scan.moments.min == scan.moments.max:
            return scan.measurement(tally_of_constant(scan.moments))
        return self.refining(place, scan, coarse)


@dataclass(frozen=True)
class CompiledRefineJob(RefineJob):
    """One more pass over a float32 array."""

    table_bits: ClassVar[int] = COUNT_BITS
    """The counts stay in a core's own cache; what they can't tell apart gets a further pass, which is rare."""

    def part(self, piece: Array) -> Int64s:
        """See RefineJob."""
        known, extra = self.occupied(), self.extra_bits
        counts = np.zeros((4, (len(known) + 1) << extra), np.int32)
        if self.prefix_bits == KEY_BITS:
            numbers = np.full(kernels.KEYS, len(known), np.int32)
            numbers[known] = np.arange(len(known))
            for chunk in self.chunks(piece):
                count_by_number(chunk.view(np.uint32), numbers, extra, counts)
        else:
            starts = np.searchsorted(known >> (self.prefix_bits - KEY_BITS), np.arange(kernels.KEYS + 1))
            for chunk in self.chunks(piece):
                kernels.count_further(chunk.view(np.uint32), known, starts, self.prefix_bits, extra, counts[0])
        together: Int64s = counts.sum(axis=0, dtype=np.int64)
        return together

    def chunks(self, piece: Array) -> Iterable[Array]:
        """The values of a piece."""
        return [piece]


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
