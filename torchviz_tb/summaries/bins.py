"""How many values lie in each bin, exactly as ``numpy.histogram`` counts them, at a fraction of its price."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Array = npt.NDArray[Any]
Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

_KEY_BITS = 16
_KEYS = 1 << _KEY_BITS

_WORTH_A_TABLE = 1 << 14
"""Elements: below, sorting them costs no more than looking them up."""

_TABLES = 8  # of a quarter or half a MiB: what a program has of edges and types


@dataclass(frozen=True)
class BinTable:
    """Tells the bin of a float by its bits: one look-up and one addition, no search.

    The leading 16 bits of a float are a narrow range of values, in which at most one edge lies. An entry holds
    the bin of that range's least value, and in the bits below it how much is missing up to the edge: adding
    the float's other bits carries into the next bin exactly from the edge on. Bin 0 is below the first
    edge; as with numpy, a bin holds its lower edge, and the last one its upper edge too.
    """

    entries: Array  # signed, as wide as the float
    bins: int  # those below and above all edges included

    def counts(self, values: Array) -> Int64s:
        """How many finite floats are in each bin. Costs about 5 ns an element, nearly all of it without Python's lock.

        torch looks up and counts, since numpy would keep the lock while it does.
        """
        patterns = values.view(self.entries.dtype)
        other_bits = patterns.dtype.itemsize * 8 - _KEY_BITS
        # Of negative floats the bits run against the values, so theirs are turned round.
        rest = np.right_shift(patterns, patterns.dtype.itemsize * 8 - 1)
        np.bitwise_xor(rest, patterns, out=rest)
        np.bitwise_and(rest, (1 << other_bits) - 1, out=rest)
        keys = np.right_shift(values.view(f"u{values.itemsize}"), other_bits).view(patterns.dtype)
        found = torch.index_select(torch.from_numpy(self.entries), 0, torch.from_numpy(keys))
        positions = found.numpy()
        np.add(positions, rest, out=positions)
        np.right_shift(positions, other_bits, out=positions)
        counts: Int64s = torch.bincount(found, minlength=self.bins).numpy()
        return counts


def bin_table(edges: Float64s, dtype: np.dtype[Any], elements: int) -> BinTable | None:
    """The table for float32 or float64; None where the elements are too few, or the edges too close for one."""
    if elements < _WORTH_A_TABLE or dtype not in (np.float32, np.float64):
        return None
    return _table(edges.tobytes(), dtype)


@functools.lru_cache(_TABLES)
def _table(edges: bytes, dtype: np.dtype[Any]) -> BinTable | None:
    steps = _ordered(_least_in_bin(np.frombuffer(edges, np.float64), dtype))
    bits = dtype.itemsize * 8
    other_bits = np.uint64(bits - _KEY_BITS)
    starts = np.arange(_KEYS, dtype=np.uint64) << other_bits
    ends = starts + ((np.uint64(1) << other_bits) - np.uint64(1))
    first, last = np.searchsorted(steps, starts, "right"), np.searchsorted(steps, ends, "right")
    if int((last - first).max()) > 1:
        return None
    missing = np.where(last > first, (ends - steps[np.minimum(first, len(steps) - 1)]) + np.uint64(1), 0)
    entries = (first.astype(np.int64) << int(other_bits)) + missing.astype(np.int64)
    by_pattern = _ordered_keys()
    return BinTable(entries[by_pattern].astype(f"i{dtype.itemsize}"), len(steps) + 1)


def _least_in_bin(edges: Float64s, dtype: np.dtype[Any]) -> Array:
    """The least float of the type in each bin that begins at an edge; after the last edge, above it."""
    with np.errstate(over="ignore"):
        least = edges.astype(dtype)
    short = least.astype(np.float64) < edges
    short[-1] |= float(least[-1]) == edges[-1]
    least = np.where(short, np.nextafter(least, dtype.type(np.inf)), least)
    return np.where(least == 0, dtype.type(-0.0), least)  # -0.0 is as good as 0.0


def _ordered(values: Array) -> npt.NDArray[np.uint64]:
    """Bits of floats as integers in the order of the values."""
    bits = values.dtype.itemsize * 8
    patterns = values.view(f"u{values.itemsize}").astype(np.uint64)
    sign = np.uint64(1 << (bits - 1))
    return np.where(patterns & sign, ~patterns & np.uint64((1 << bits) - 1), patterns | sign)


def _ordered_keys() -> Int64s:
    """The place in the values' order of each leading 16 bits."""
    keys = np.arange(_KEYS)
    half = _KEYS >> 1
    return np.where(keys >= half, _KEYS - 1 - keys, keys + half)
