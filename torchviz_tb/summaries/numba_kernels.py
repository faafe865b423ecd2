"""The loop that counts values by bin; importing this compiles it, or loads what an earlier process kept on disk."""

from typing import Any

import numpy as np

from torchviz_tb.capture.compiled import compiled
from torchviz_tb.capture.engines.numba_kernels import sums

__all__ = ["count_bins", "sums"]

_OTHER_BITS = np.int32(16)
_LOW_HALF = np.int32(0xFFFF)


@compiled("void(int32[::1], int32[::1], int64[::1])", boundscheck=False)
def count_bins(patterns: Any, entries: Any, counts: Any) -> None:
    """Adds the bits of finite float32 to the counts of their bins; ``entries`` are those of a BinTable."""
    for pattern in patterns:
        rest = ((pattern >> np.int32(31)) ^ pattern) & _LOW_HALF
        key = np.uint32(pattern) >> np.uint32(16)
        counts[np.uint32((entries[key] + rest) >> _OTHER_BITS)] += 1
