"""Merging and scaling of sums, against numpy's own in one go."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from torchviz_tb.capture.moments import Moments, moments_of_chunk, moments_of_distinct

finite = st.floats(-1e100, 1e100, allow_subnormal=True)


def moments_of(values: np.ndarray) -> Moments:
    return moments_of_chunk(values.copy(), float(values.min()), float(values.max()))


def assert_moments(found: Moments, values: np.ndarray) -> None:
    # Exact sums: math.fsum loses nothing.
    mean = math.fsum(values) / len(values)
    size = np.abs(values).max()
    assert (found.count, found.min, found.max) == (len(values), values.min(), values.max())
    assert found.true_mean == pytest.approx(mean, rel=1e-9, abs=1e-12 * size)
    assert found.true_l1 == pytest.approx(math.fsum(np.abs(values)), rel=1e-12)
    assert found.l2 == pytest.approx(math.hypot(*values), rel=1e-12)
    assert found.std == pytest.approx(math.hypot(*(values - mean)) / math.sqrt(len(values)), rel=1e-6, abs=1e-14 * size)


@given(arrays(np.float64, st.integers(1, 50), elements=finite), arrays(np.float64, st.integers(1, 50), elements=finite))
def test_merged_moments_are_those_of_all_values(first: np.ndarray, second: np.ndarray) -> None:
    assert_moments(moments_of(first).merged(moments_of(second)), np.concatenate([first, second]))


@given(arrays(np.float64, st.integers(1, 30), elements=finite), st.integers(1, 5))
def test_distinct_values_count_as_often_as_they_occur(values: np.ndarray, times: int) -> None:
    distinct = np.unique(values)
    counts = np.full(len(distinct), times)
    assert_moments(moments_of_distinct(distinct, counts), np.repeat(distinct, times))


def test_repeating_is_measuring_the_repeated_values() -> None:
    values = np.array([-3.0, 1.0, 2.5])
    assert_moments(moments_of(values).repeated(4), np.tile(values, 4))


@pytest.mark.parametrize("size", [1e300, 1e-300, 5e-324])
def test_squares_beyond_float64_do_not_overflow_or_vanish(size: float) -> None:
    values = size * np.array([3.0, 4.0])
    found = moments_of(values).merged(moments_of(np.zeros(2)))
    assert found.l2 == pytest.approx(math.hypot(*values), rel=1e-12)
    assert found.true_l1 == pytest.approx(values.sum(), rel=1e-12)


def test_a_sum_that_float64_can_not_hold_is_infinite() -> None:
    assert moments_of(np.full(4, 1.7e308)).true_l1 == math.inf
    assert moments_of(np.full(4, 1.7e308)).true_mean == pytest.approx(1.7e308)


def test_a_small_spread_around_a_large_mean_survives() -> None:
    values = 1e6 + np.random.default_rng(0).normal(0, 1e-3, 10000)
    assert moments_of(values).std == pytest.approx(np.std(values - 1e6), rel=1e-6)


def test_the_spread_of_one_value_is_exactly_zero() -> None:
    assert moments_of(np.full(1000, 0.1)).std == 0.0


def test_no_value_has_no_moments() -> None:
    none = Moments().merged(Moments())
    assert none.count == 0
    assert all(math.isnan(x) for x in (none.min, none.max, none.true_mean, none.std, none.true_l1, none.l2))
    assert math.isnan(none.abs_max)
