"""The oracle is the definition in records.proto, computed value by value with Python's own numbers."""

import math
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchviz_tb.records.grid import Grid, grid

grids = st.builds(Grid, st.integers(0, 23), st.integers(0, 255))
small_grids = st.builds(Grid, st.integers(0, 6), st.integers(100, 150))
magnitudes = st.floats(0, width=32, exclude_min=True, allow_infinity=False, allow_nan=False)


def pattern_of(value: float) -> int:
    return struct.unpack("<I", struct.pack("<f", value))[0]


def bin_by_definition(bits: int, taper: int, value: float) -> tuple[Fraction, Fraction]:
    """Exact edges of the bin that holds a positive float32."""
    exponent = pattern_of(value) >> 23
    kept = bits if exponent >= taper else max(0, bits - (taper - exponent))
    low = Fraction(0) if exponent == 0 else Fraction(2) ** (exponent - 127)
    width = (Fraction(2) ** (max(exponent, 1) - 127)) / 2**kept
    index = math.floor((Fraction(value) - low) / width)
    return low + index * width, low + (index + 1) * width


@given(grids, magnitudes)
def test_a_value_lies_in_the_bin_of_the_definition(bins: Grid, value: float):
    number = bins.number(np.asarray([pattern_of(value)]))
    lower, upper = bins.magnitude_edges(number)
    expected = bin_by_definition(bins.mantissa_bits, bins.taper_exponent, value)
    assert (Fraction(lower[0]), Fraction(upper[0])) == expected
    assert lower[0] <= value < upper[0]


@given(grids, magnitudes, magnitudes)
def test_numbers_grow_with_values(bins: Grid, a: float, b: float):
    low, high = sorted([a, b])
    numbers = bins.number(np.asarray([pattern_of(low), pattern_of(high)]))
    assert numbers[0] <= numbers[1]


@given(small_grids)
def test_bins_have_no_gaps_and_are_numbered_from_zero(bins: Grid):
    number = np.arange(int(bins.offsets[255]))
    lower, upper = bins.magnitude_edges(number)
    assert lower[0] == 0
    assert (lower[1:] == upper[:-1]).all()
    assert upper[-1] == 2.0**128
    assert (bins.number(bins.pattern(number)) == number).all()


@given(grids, magnitudes)
def test_negative_bins_mirror_positive_ones(bins: Grid, value: float):
    index = bins.number(np.asarray([pattern_of(value)])) + 1
    lower, upper = bins.edges(index)
    mirrored_lower, mirrored_upper = bins.edges(-index)
    assert (mirrored_lower[0], mirrored_upper[0]) == (-upper[0], -lower[0])


@given(grids, grids, magnitudes, st.sampled_from([-1, 1]))
def test_coarsening_to_the_common_grid_is_binning_on_it(one: Grid, other: Grid, value: float, sign: int):
    common = one.common(other)
    pattern = np.asarray([pattern_of(value)])
    for bins in (one, other):
        index = sign * (bins.number(pattern) + 1)
        assert common.coarsen(index, bins)[0] == sign * (common.number(pattern)[0] + 1)


@given(grids, grids)
def test_the_common_grid_is_the_finest_that_both_can_reach(one: Grid, other: Grid):
    assert (one.common(other).bits == np.minimum(one.bits, other.bits)).all()


@given(grids, grids)
def test_the_common_grid_does_not_depend_on_the_order(one: Grid, other: Grid):
    assert (one.common(other).bits == other.common(one).bits).all()


@pytest.mark.parametrize(("bits", "taper"), [(-1, 0), (24, 0), (3, -1), (3, 256)])
def test_impossible_grids_are_refused(bits: int, taper: int):
    with pytest.raises(ValueError, match="a grid has 0 to 23 mantissa bits"):
        Grid(bits, taper)


def test_equal_grids_share_their_tables():
    assert grid(3, 100) is grid(3, 100)
