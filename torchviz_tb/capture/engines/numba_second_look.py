"""The numba engine's second look at a large tensor of which keys tell too little: by further bits of the pattern.

Compiled as it is imported. It finds nearly all; what even these bits can't tell apart is left to a RefineJob.
"""

from typing import Any

import numpy as np

from torchviz_tb.capture.compiled import compiled
from torchviz_tb.capture.engines.numba_tallies import KEY_SHIFT

COUNT_BITS = 12
"""Of the number of counts, which stay in a core's own cache."""

_SIGN = np.uint32(31)
_MAGNITUDE = np.uint32(0x7FFFFFFF)
_ONE = np.int32(1)


@compiled("int64(uint32[::1], int32[::1], uint32[::1])")
def number_keys(entries: Any, numbers: Any, known: Any) -> int:
    """Gives the keys of entries numbers, all others the next one; how many further bits there is room to count by."""
    numbers[:] = len(entries)
    extra = COUNT_BITS
    while len(entries) > 1 << (COUNT_BITS - extra):
        extra -= 1
    for i in range(len(entries)):
        known[i] = entries[i]
        numbers[entries[i] >> KEY_SHIFT] = i
    return extra


@compiled("void(uint32[::1], int32[::1], int64, int32[:, ::1])", boundscheck=False)
def count_by_number(patterns: Any, numbers: Any, extra: Any, counts: Any) -> None:
    """Counts by the number of an element's key, and by ``extra`` further bits, into four tables in turn."""
    further, digits, mask = KEY_SHIFT - np.uint32(extra), np.uint32(extra), np.uint32((1 << extra) - 1)
    one, two, three, four = counts[0], counts[1], counts[2], counts[3]
    whole = len(patterns) // 4 * 4
    for i in range(0, whole, 4):
        a, b, c, d = patterns[i], patterns[i + 1], patterns[i + 2], patterns[i + 3]
        one[(np.uint32(numbers[a >> KEY_SHIFT]) << digits) | ((a >> further) & mask)] += _ONE
        two[(np.uint32(numbers[b >> KEY_SHIFT]) << digits) | ((b >> further) & mask)] += _ONE
        three[(np.uint32(numbers[c >> KEY_SHIFT]) << digits) | ((c >> further) & mask)] += _ONE
        four[(np.uint32(numbers[d >> KEY_SHIFT]) << digits) | ((d >> further) & mask)] += _ONE
    for i in range(whole, len(patterns)):
        one[(np.uint32(numbers[patterns[i] >> KEY_SHIFT]) << digits) | ((patterns[i] >> further) & mask)] += _ONE


@compiled("int64(uint32[::1], int64, int64, int64, int32[:, ::1], uint32[::1], int32[::1])", boundscheck=False)
def put_numbered(
    known: Any, extra: Any, zeros: Any, minus_zeros: Any, counts: Any, entries: Any, counts_of_entries: Any
) -> int:
    """What was counted by number, without the zeros, as entries, and how many these are; empties the counts."""
    size, last = 0, (1 << extra) - 1
    for i in range(len(known)):
        is_negative = known[i] >> _SIGN != 0
        for step in range(last + 1):
            further = last - step if is_negative else step
            place = (i << extra) | further
            pattern = known[i] | (np.uint32(further) << (KEY_SHIFT - np.uint32(extra)))
            count = np.int64(counts[0, place]) + counts[1, place] + counts[2, place] + counts[3, place]
            if pattern & _MAGNITUDE == 0:
                count -= minus_zeros if is_negative else zeros - minus_zeros
            if count > 0:
                entries[size], counts_of_entries[size] = pattern, count
                size += 1
    counts[:, : (len(known) + 1) << extra] = 0
    return size
