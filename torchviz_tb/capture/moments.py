"""Sums over finite values that can be merged, kept so that neither size nor spread hurts them."""

import math
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

# Squares of magnitudes beyond these leave float64's range or lose digits at its lower end.
LARGE, SMALL = 2.0**400, 2.0**-400
# Below this share of the sum of squares, the difference that gives the variance has lost 4 of 16 digits.
_CANCELLATION = 1e-4

_ROW = 8192
_ONES = np.ones(_ROW)  # a product with them is the fastest sum that numpy has


@dataclass(frozen=True)
class Moments:
    """Sums over ``count`` finite values, in float64.

    ``mean``, ``l1`` (sum of magnitudes) and ``squares`` (sum of squared differences from the
    mean) are of the values divided by ``scale``, a power of two.
    """

    count: int = 0
    min: float = math.nan
    max: float = math.nan
    mean: float = 0.0
    squares: float = 0.0
    l1: float = 0.0
    scale: float = 1.0

    def merged(self, other: "Moments") -> "Moments":
        """The moments of both sets of values together."""
        if not self.count or not other.count:
            return self if self.count else other
        scale = max(self.scale, other.scale)
        a, b = self._at(scale), other._at(scale)
        count = a.count + b.count
        difference = b.mean - a.mean
        return Moments(
            count,
            min(a.min, b.min),
            max(a.max, b.max),
            a.mean + difference * (b.count / count),
            a.squares + b.squares + difference * difference * (a.count * (b.count / count)),
            a.l1 + b.l1,
            scale,
        )

    def repeated(self, times: int) -> "Moments":
        """The moments where each value occurs that many times as often."""
        return Moments(
            self.count * times, self.min, self.max, self.mean, self.squares * times, self.l1 * times, self.scale
        )

    @property
    def abs_max(self) -> float:
        """Largest magnitude; NaN where there is no value."""
        return max(abs(self.min), abs(self.max))

    @property
    def true_mean(self) -> float:
        """The mean in the values' own unit; NaN where there is no value."""
        return self.mean * self.scale if self.count else math.nan

    @property
    def std(self) -> float:
        """Population standard deviation; NaN where there is no value, exactly 0 where all are the same."""
        if self.min == self.max:
            return 0.0
        return math.sqrt(self.squares / self.count) * self.scale if self.count else math.nan

    @property
    def true_l1(self) -> float:
        """Sum of magnitudes in the values' own unit; NaN where there is no value."""
        return self.l1 * self.scale if self.count else math.nan

    @property
    def l2(self) -> float:
        """Square root of the sum of squares; NaN where there is no value."""
        # A sum of two positive terms: nothing cancels.
        return math.sqrt(self.squares + self.count * (self.mean * self.mean)) * self.scale if self.count else math.nan

    def _at(self, scale: float) -> "Moments":
        ratio = self.scale / scale
        return Moments(
            self.count, self.min, self.max, self.mean * ratio, self.squares * ratio * ratio, self.l1 * ratio, scale
        )


def moments_of_distinct(values: Float64s, counts: Int64s) -> Moments:
    """Moments of finite values, of which each occurs ``counts`` times."""
    if not len(values):
        return Moments()
    low, high = float(values.min()), float(values.max())
    scale = scale_for(low, high)
    scaled = values if scale == 1.0 else values / scale
    count = int(counts.sum())
    mean = float((scaled * counts).sum()) / count
    deviations = scaled - mean
    squares = float((deviations * deviations * counts).sum())
    return Moments(count, low, high, mean, squares, float((np.abs(scaled) * counts).sum()), scale)


def moments_of_chunk(values: Float64s, low: float, high: float) -> Moments:
    """Moments of one non-empty chunk of finite values whose least and greatest are known.

    Overwrites ``values``: memory traffic is what it costs, so all is done in place.
    """
    scale = scale_for(low, high)
    if scale != 1.0:
        np.divide(values, scale, out=values)
    total, raw_squares = _sum(values), _sum_of_squares(values)
    mean = total / len(values)
    squares = raw_squares - mean * total
    if squares < _CANCELLATION * raw_squares:  # what is left of the digits is too little
        squares = _sum_of_squares(values - mean)
    l1 = abs(total) if low >= 0 or high <= 0 else _sum(np.abs(values, out=values))
    return Moments(len(values), low, high, mean, squares, l1, scale)


def moments_of_sums(count: int, low: float, high: float, total: float, raw_squares: float, l1: float) -> Moments | None:
    """Moments of finite values whose sums are known; None where these have lost too many digits to tell."""
    if scale_for(low, high) != 1.0:
        return None
    mean = total / count
    squares = raw_squares - mean * total
    return Moments(count, low, high, mean, squares, l1) if squares >= _CANCELLATION * raw_squares else None


def moments_of_parts(
    *,
    counts: Float64s,
    lows: Float64s,
    highs: Float64s,
    means: Float64s,
    squares: Float64s,
    l1s: Float64s,
    scales: Float64s,
) -> Moments:
    """Moments of all values together, from those of parts, as ``Moments`` has them; parts may be empty."""
    kept = counts > 0
    if not kept.any():
        return Moments()
    counts, means, squares, l1s, scales = (each[kept] for each in (counts, means, squares, l1s, scales))
    scale, total = float(scales.max()), float(counts.sum())
    ratios = scales / scale
    means = means * ratios
    mean = float((counts * means).sum()) / total
    around = squares * ratios * ratios + counts * (means - mean) ** 2
    low, high = float(lows[kept].min()), float(highs[kept].max())
    return Moments(int(total), low, high, mean, float(around.sum()), float((l1s * ratios).sum()), scale)


def _sum(values: Float64s) -> float:
    rows, rest = _rows(values)
    return float(np.matmul(rows[:, np.newaxis, :], _ONES[:, np.newaxis]).sum()) + float(rest.sum())


def _sum_of_squares(values: Float64s) -> float:
    rows, rest = _rows(values)
    return float(np.matmul(rows[:, np.newaxis, :], rows[:, :, np.newaxis]).sum()) + float(np.dot(rest, rest))


def _rows(values: Float64s) -> tuple[Float64s, Float64s]:
    """The values as rows so short that BLAS sums each without starting threads of its own, and the rest."""
    whole = len(values) - len(values) % _ROW
    return values[:whole].reshape(-1, _ROW), values[whole:]


def scale_for(low: float, high: float) -> float:
    """A power of two that brings magnitudes to where their squares are safe; 1 for nearly all data.

    Zeros alone take the smallest scale, so that merging never pulls tiny values up to theirs.
    """
    largest = max(abs(low), abs(high))
    if SMALL < largest < LARGE:
        return 1.0
    return math.ldexp(1.0, max(math.frexp(largest)[1] - 1, -1021)) if largest else math.ldexp(1.0, -1021)


def float_of_key(key: int) -> float:
    """The float32 at a place in their order: its bits as an integer, turned round where negative."""
    value: float = struct.unpack("<f", struct.pack("<i", key if key >= 0 else key ^ 0x7FFFFFFF))[0]
    return value
