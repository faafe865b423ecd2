"""All that a TensorBoard histogram says of many numbers, in one pass over them."""

import functools
import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.compilation import Compilation
from torchviz_tb.capture.moments import float_of_key
from torchviz_tb.capture.tensors import NARROW_DTYPES
from torchviz_tb.summaries.bins import BinTable, bin_table

Array = npt.NDArray[Any]
Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

_ROW = 8192

_WORTH_THREADS = 1 << 19  # elements

_COMPILED_CHUNK = 1 << 17  # as many elements as make what Python does between two chunks small beside them

_kernels = Compilation("torchviz_tb.summaries.numba_kernels")

CHUNK = 3 * _ROW
"""Elements that are looked at together: what they turn into stays in the cache, and torch takes them on one thread."""

_ONES = np.ones(_ROW)  # a product with them is the fastest sum that numpy has


@dataclass(frozen=True)
class Binned:
    """Counts of finite values by bin, and their sums in float64."""

    counts: Int64s
    number: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    total: float = 0.0
    squares: float = 0.0

    def merged(self, other: "Binned") -> "Binned":
        """Both sets of values together."""
        return Binned(
            self.counts + other.counts,
            self.number + other.number,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            self.total + other.total,
            self.squares + other.squares,
        )

    def with_zeros(self, zeros: int, edges: Float64s) -> "Binned":
        """With so many zeros more."""
        if not zeros:
            return self
        counts = np.histogram(np.zeros(1), edges)[0] * zeros
        return self.merged(Binned(counts, zeros, 0.0, 0.0))


def binned(values: torch.Tensor, edges: Float64s) -> Binned:
    """The finite ones of a dense CPU tensor of real numbers, counted as ``numpy.histogram`` does.

    Sums of few values are bit for bit numpy's; those of more may differ in the last digits.
    """
    flat = values.reshape(-1)
    if flat.dtype in NARROW_DTYPES:
        if flat.numel() > CHUNK:
            return _binned_codes(flat, edges)
        flat = flat.to(torch.float64)
    array = flat.numpy()
    dtype = array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
    table = bin_table(edges, dtype, len(array))
    count = torch.get_num_threads() if len(array) >= _WORTH_THREADS else 1
    if count == 1:
        return _binned_part(array, dtype, edges, table)
    size = -(-len(array) // (count * CHUNK)) * CHUNK
    parts = [array[start : start + size] for start in range(0, len(array), size)]
    return functools.reduce(Binned.merged, _in_threads(lambda part: _binned_part(part, dtype, edges, table), parts))


def _in_threads(count: Callable[[Array], Binned], parts: list[Array]) -> Iterable[Binned]:
    with ThreadPoolExecutor(len(parts), thread_name_prefix="torchviz_tb") as threads:
        try:
            waiting = [threads.submit(count, part) for part in parts]
        except RuntimeError:  # the interpreter is ending, and starts no threads any more
            return map(count, parts)
        return [each.result() for each in waiting]


def _binned_part(array: Array, dtype: np.dtype[Any], edges: Float64s, table: BinTable | None) -> Binned:
    kernels = _kernels.module() if table is not None and dtype == np.float32 else None
    result = Binned(np.zeros(len(edges) - 1, np.int64))
    size = CHUNK if kernels is None else _COMPILED_CHUNK
    for start in range(0, len(array), size):
        chunk = np.ascontiguousarray(array[start : start + size], dtype)
        compiled = _compiled_chunk(kernels, chunk, table) if kernels is not None and table is not None else None
        result = result.merged(compiled or _binned_chunk(chunk, edges, table))
    return result


def _compiled_chunk(kernels: ModuleType, chunk: Array, table: BinTable) -> Binned | None:
    """None where not all of it is finite."""
    found = np.empty(5)
    patterns = chunk.view(np.int32)
    if not kernels.sums(chunk, patterns, found):
        return None
    counts = np.zeros(table.bins, np.int64)
    kernels.count_bins(patterns, table.entries, counts)
    total, squares, _, lowest, highest = found.tolist()
    low, high = float_of_key(int(lowest)), float_of_key(int(highest))
    return Binned(counts[1:-1], len(chunk), low, high, total, squares)


def finite(values: torch.Tensor) -> Float64s:
    """The finite ones of a dense CPU tensor of real numbers, flat and in float64."""
    array: Float64s = values.reshape(-1).to(torch.float64).numpy()
    kept = np.isfinite(array)
    return array if kept.all() else array[kept]


def _binned_chunk(chunk: Array, edges: Float64s, table: BinTable | None) -> Binned:
    with np.errstate(invalid="ignore"):  # a signalling NaN
        low, high = float(chunk.min()), float(chunk.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        chunk = chunk[np.isfinite(chunk)]
        if not len(chunk):
            return Binned(np.zeros(len(edges) - 1, np.int64))
        low, high = float(chunk.min()), float(chunk.max())
    counts = table.counts(chunk)[1:-1] if table else np.histogram(chunk, edges)[0]
    return Binned(counts, len(chunk), low, high, *sums(chunk.astype(np.float64, copy=False), in_rows=table is not None))


def sums(values: Float64s, *, in_rows: bool = False) -> tuple[float, float]:
    """The sum and the sum of squares; in rows so short that BLAS starts no threads, or in one go as torch does it."""
    if not in_rows:
        with np.errstate(over="ignore"):
            return float(values.sum()), float(values.dot(values))
    whole = len(values) - len(values) % _ROW
    rows, rest = values[:whole].reshape(-1, _ROW), values[whole:]
    total = np.matmul(rows[:, np.newaxis, :], _ONES[:, np.newaxis]).sum() + rest.sum()
    squares = np.matmul(rows[:, np.newaxis, :], rows[:, :, np.newaxis]).sum() + rest.dot(rest)
    return float(total), float(squares)


def _binned_codes(values: torch.Tensor, edges: Float64s) -> Binned:
    """Of types of at most 16 bits each code is counted, and all else follows from the counts."""
    codes = values.view(torch.uint8 if values.itemsize == 1 else torch.int16).numpy().view(f"u{values.itemsize}")
    counts = np.zeros(1 << (8 * values.itemsize), np.int64)
    for start in range(0, len(codes), CHUNK):
        counts += np.bincount(codes[start : start + CHUNK], minlength=len(counts))
    occurring = np.flatnonzero(counts)
    signed = occurring.astype(codes.dtype).view(np.int16 if values.itemsize == 2 else np.uint8)
    numbers = torch.from_numpy(signed).view(values.dtype).to(torch.float64).numpy()
    kept = np.isfinite(numbers)
    numbers, counts = numbers[kept], counts[occurring][kept]
    if not len(numbers):
        return Binned(np.zeros(len(edges) - 1, np.int64))
    by_bin = np.histogram(numbers, edges, weights=counts)[0].astype(np.int64)
    total, squares = float((numbers * counts).sum()), float((numbers * numbers * counts).sum())
    return Binned(by_bin, int(counts.sum()), float(numbers.min()), float(numbers.max()), total, squares)
