"""Rows of samples: stretches of consecutive ones, and medians across."""

import numpy as np
import numpy.typing as npt


def longest_run(flags: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """(start, length) of the longest stretch of True in [n]; the first of equal ones; (0, 0) without any."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not starts.size:
        return 0, 0
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest] - starts[longest])


def last_run(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """How many samples at the end are True, per column of [n, columns]."""
    broken = ~flags[::-1]
    return np.asarray(np.where(broken.any(axis=0), broken.argmax(axis=0), flags.shape[0]))


def median_of_finite(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Median over the finite values of each row of [n, columns]; NaN where a row has none."""
    finite = np.isfinite(values)
    known = finite.any(axis=1)
    found = np.full(values.shape[0], np.nan)
    found[known] = np.nanmedian(np.where(finite, values, np.nan)[known], axis=1)
    return found
