"""The grid of histogram bins that the float32 format's own bits give.

A magnitude's 31 bits, exponent field before mantissa, grow with its value, so cutting low
bits off gives bins with exact, fixed edges. ``Grid`` says how many mantissa bits each binade
(one power of two) keeps: ``mantissa_bits`` from ``taper_exponent`` upward, one fewer for each
binade below it, so that bins far below the bulk do not get finer and finer. Any two grids
have a common coarser one whose bins are unions of both's, which makes histograms mergeable.
``Histogram`` in records.proto states the same for other readers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

BINADES = 256
MANTISSA_BITS = 23
TOP_EXPONENT = 254  # of the largest finite float32; 255 marks infinities and NaN

_APART = 2**33
"""More than the bins of any grid."""

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """How finely each binade of float32 magnitudes is divided."""

    mantissa_bits: int
    taper_exponent: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.mantissa_bits <= MANTISSA_BITS or not 0 <= self.taper_exponent < BINADES:
            raise ValueError(
                f"a grid has 0 to {MANTISSA_BITS} mantissa bits and a taper exponent of 0 to {BINADES - 1}, "
                f"not {self.mantissa_bits} and {self.taper_exponent}"
            )

    @cached_property
    def bits(self) -> Int64s:
        """Mantissa bits kept in each of the 256 binades."""
        below = np.maximum(self.taper_exponent - np.arange(BINADES), 0)
        bits: Int64s = np.maximum(self.mantissa_bits - below, 0)
        return bits

    @cached_property
    def offsets(self) -> Int64s:
        """Number of the first bin of each binade; one more entry than binades."""
        return np.concatenate([[0], np.cumsum(1 << self.bits)]).astype(np.int64)

    def number(self, pattern: npt.NDArray[np.integer]) -> Int64s:
        """Bin numbers of magnitudes, given as float32 bit patterns without the sign."""
        pattern = pattern.astype(np.int64)
        exponent = pattern >> MANTISSA_BITS
        mantissa = pattern & ((1 << MANTISSA_BITS) - 1)
        numbers: Int64s = self.offsets[exponent] + (mantissa >> (MANTISSA_BITS - self.bits[exponent]))
        return numbers

    def pattern(self, number: Int64s) -> Int64s:
        """Bit pattern of the lower edge of each bin; the inverse of ``number`` at lower edges."""
        exponent = np.searchsorted(self.offsets, number, side="right") - 1
        exponent = np.clip(exponent, 0, BINADES - 1)
        mantissa = (number - self.offsets[exponent]) << (MANTISSA_BITS - self.bits[exponent])
        return (exponent << MANTISSA_BITS) + mantissa

    def magnitude_edges(self, number: Int64s) -> tuple[Float64s, Float64s]:
        """Lower (included) and upper (excluded) edge of bins of magnitude, exact in float64."""
        return _magnitude(self.pattern(number)), _magnitude(self.pattern(number + 1))

    def edges(self, index: Int64s) -> tuple[Float64s, Float64s]:
        """Lower and upper value of bins by signed index; negative bins are mirrored."""
        inner, outer = self.magnitude_edges(np.abs(index) - 1)
        return np.where(index > 0, inner, -outer), np.where(index > 0, outer, -inner)

    def coarsen(self, index: Int64s, finer: "Grid") -> Int64s:
        """Signed indices in this grid of bins of a grid that divides at least as finely."""
        number = self.number(finer.pattern(np.abs(index) - 1))
        return np.sign(index) * (number + 1)

    def common(self, other: "Grid") -> "Grid":
        """The finest grid whose bins are unions of bins of both."""
        return Grid(
            min(self.mantissa_bits, other.mantissa_bits),
            max(_effective_taper(self, other), _effective_taper(other, self)),
        )


def _effective_taper(grid: Grid, other: Grid) -> int:
    """Where the coarser grid starts to taper, seen from the fewer mantissa bits of the two.

    A grid that keeps d bits more than the other reaches the other's resolution d binades
    below its own taper, so only the rest of its taper counts.
    """
    surplus = grid.mantissa_bits - min(grid.mantissa_bits, other.mantissa_bits)
    return max(grid.taper_exponent - surplus, 0)


def _magnitude(pattern: Int64s) -> Float64s:
    """float32 patterns as float64; the pattern after the largest finite one is 2^128."""
    exponent, mantissa = pattern >> MANTISSA_BITS, pattern & ((1 << MANTISSA_BITS) - 1)
    significand = np.where(exponent > 0, mantissa + (1 << MANTISSA_BITS), mantissa)
    magnitude: Float64s = np.ldexp(significand.astype(np.float64), np.maximum(exponent, 1) - 150)
    return magnitude


@lru_cache(maxsize=4096)
def grid(mantissa_bits: int, taper_exponent: int) -> Grid:
    """A grid whose tables are computed once and shared."""
    return Grid(mantissa_bits, taper_exponent)


def edges_on(grids: Sequence[Grid], grid_of: Int64s, index: Int64s) -> tuple[Float64s, Float64s]:
    """``Grid.edges`` of bins on different grids at once: bin i is on ``grids[grid_of[i]]``."""
    number = np.abs(index) - 1
    inner, outer = (_magnitude(_patterns(grids, grid_of, each)) for each in (number, number + 1))
    return np.where(index > 0, inner, -outer), np.where(index > 0, outer, -inner)


def _patterns(grids: Sequence[Grid], grid_of: Int64s, number: Int64s) -> Int64s:
    """``Grid.pattern`` on different grids: their tables of offsets lie one behind the other, far apart."""
    offsets = np.concatenate([np.zeros(0, np.int64), *(each.offsets for each in grids)])
    bits = np.concatenate([np.zeros(0, np.int64), *(each.bits for each in grids)])
    apart = np.repeat(np.arange(len(grids)) * _APART, BINADES + 1)
    below = np.searchsorted(offsets + apart, number + grid_of * _APART, side="right") - 1
    exponent = np.clip(below - grid_of * (BINADES + 1), 0, BINADES - 1)
    within = number - offsets[exponent + grid_of * (BINADES + 1)]
    mantissa = within << (MANTISSA_BITS - bits[exponent + grid_of * BINADES])
    pattern: Int64s = (exponent << MANTISSA_BITS) + mantissa
    return pattern
