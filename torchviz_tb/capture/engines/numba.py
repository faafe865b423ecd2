"""The engine of the extra ``[fast]``: the numpy engine's ways, with compiled loops where the elements are many."""

from dataclasses import dataclass

import numpy as np
import torch

from torchviz_tb.capture.engines import numba_kernels as kernels
from torchviz_tb.capture.engines.numpy import NumpyEngine
from torchviz_tb.capture.engines.numpy_jobs import Array, CodesJob, Int64s
from torchviz_tb.capture.engines.numpy_scan import CHUNK, KEY_BITS, Buffers, Scan, ScanJob, finite_chunk
from torchviz_tb.capture.moments import float_of_key, moments_of_chunk, moments_of_sums


class NumbaEngine(NumpyEngine):
    """Measures on as many threads as torch has, without the interpreter's lock.

    On one core about 1 ns an element for float32, half of it for 16-bit types. float64, integers, complex numbers,
    small tensors, chunks with NaN or infinity in them and distributions that need a second look are
    measured as the numpy engine does. Extra memory: about 1 MiB a thread.
    """

    def most_workers(self) -> int:
        """See NumpyEngine."""
        return torch.get_num_threads()

    def scan_job(self, array: Array, *, histograms: bool) -> ScanJob:
        """See NumpyEngine."""
        job = CompiledScanJob if array.dtype == np.float32 else ScanJob
        return job(array, histograms)

    def codes_job(self, codes: Array, dtype: torch.dtype, *, histograms: bool) -> CodesJob:
        """See NumpyEngine."""
        return CompiledCodesJob(codes, dtype, histograms)


@dataclass(frozen=True)
class CompiledScanJob(ScanJob):
    """The pass over the whole of a float32 array."""

    def part(self, piece: Array) -> Scan:
        """See Job."""
        scan = Scan(np.zeros(1 << KEY_BITS, np.int64) if self.histograms else None)
        table = np.zeros((2, 1 << KEY_BITS), np.int32)  # a piece has fewer elements than that can count
        buffers = None
        for start in range(0, len(piece), CHUNK):
            chunk = piece[start : start + CHUNK]
            if not self._add(scan, chunk, table):
                buffers = buffers or Buffers(min(CHUNK, len(piece)))
                scan.add(finite_chunk(chunk), buffers)
        if scan.table is not None:
            scan.table += table.sum(axis=0, dtype=np.int64)
        return scan

    @staticmethod
    def _add(scan: Scan, chunk: Array, table: Array) -> bool:
        """Takes a chunk in; False where not all of it is finite."""
        sums = np.empty(5)
        if not kernels.sums(chunk, chunk.view(np.int32), sums):
            return False
        total, squares, l1, lowest, highest = sums.tolist()
        low, high = float_of_key(int(lowest)), float_of_key(int(highest))
        moments = moments_of_sums(len(chunk), low, high, total, squares, l1)
        scan.moments = scan.moments.merged(moments or moments_of_chunk(chunk.astype(np.float64), low, high))
        patterns = chunk.view(np.uint32)
        may_have_zeros = low <= 0 <= high
        if scan.table is not None:
            may_have_zeros = kernels.count_keys(patterns, table) > 0
        if may_have_zeros:
            scan.add_zeros(patterns)
        return True


@dataclass(frozen=True)
class CompiledCodesJob(CodesJob):
    """Many elements of at most 16 bits."""

    def part(self, piece: Array) -> Int64s:
        """See Job."""
        counts = np.zeros(1 << (8 * piece.itemsize), np.int32)
        kernels.count_codes(piece, counts)
        return counts.astype(np.int64)
