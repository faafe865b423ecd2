"""The numba engine's loops. Importing this compiles them, or loads what an earlier process kept on disk.

They hold no interpreter lock, so that several threads run at once, and cost about 1 ns an element each.
"""

from typing import Any

import numpy as np

from torchviz_tb.capture.compiled import compiled

_INFINITE = np.int32(0x7F800000)
_MAGNITUDE = np.int32(0x7FFFFFFF)
_SIGN = np.int32(31)
_KEY_SHIFT = np.uint32(20)  # leaves sign, exponent and 3 mantissa bits
_ONE = np.int32(1)


# Sums may be split over the lanes of a vector; NaN and infinity keep their meaning.
@compiled("boolean(float32[::1], int32[::1], float64[::1])", fastmath={"reassoc", "contract"})
def sums(values: Any, patterns: Any, out: Any) -> bool:
    """Sum, sum of squares, sum of magnitudes, least and greatest, into ``out``; False where one is not finite.

    ``patterns`` are the bits of the values: as integers, turned round where negative, they are ordered as these
    are. The least and the greatest are given as such integers.
    """
    low, high = _MAGNITUDE, np.int32(-_MAGNITUDE - 1)
    total, squares, magnitudes = 0.0, 0.0, 0.0
    for i in range(len(patterns)):
        key = patterns[i] ^ ((patterns[i] >> _SIGN) & _MAGNITUDE)
        low, high = min(low, key), max(high, key)
        value = np.float64(values[i])
        total += value
        squares += value * value
        magnitudes += abs(value)
    out[0], out[1], out[2], out[3], out[4] = total, squares, magnitudes, low, high
    is_finite: bool = bool(high < _INFINITE) and bool(low > ~_INFINITE)
    return is_finite


@compiled("int64(uint32[::1], int32[:, ::1])", boundscheck=False)
def count_keys(patterns: Any, table: Any) -> int:
    """Counts by leading bits, into two rows of ``table`` in turn: an entry is not waited for twice.

    Gives how many there are in the two entries of zeros, which are those of small denormals, too.
    """
    minus = table.shape[1] >> 1
    before: int = table[0, 0] + table[1, 0] + table[0, minus] + table[1, minus]
    pairs = len(patterns) // 2 * 2
    for i in range(0, pairs, 2):
        table[0, patterns[i] >> _KEY_SHIFT] += _ONE
        table[1, patterns[i + 1] >> _KEY_SHIFT] += _ONE
    for i in range(pairs, len(patterns)):
        table[0, patterns[i] >> _KEY_SHIFT] += _ONE
    after: int = table[0, 0] + table[1, 0] + table[0, minus] + table[1, minus]
    return after - before


@compiled("void(uint8[::1], int32[::1])", "void(uint16[::1], int32[::1])", boundscheck=False)
def count_codes(codes: Any, counts: Any) -> None:
    """Counts each code."""
    for code in codes:
        counts[code] += _ONE
