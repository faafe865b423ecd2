"""The stored histogram: exact counts, in the right bins, on a grid that shows the distribution."""

import numpy as np
import pytest
from distributions import DISTRIBUTIONS
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from stored_histograms import indices, quantile

from torchviz_tb.capture.histograms import Beside, choose_grids, float32_patterns, histograms, tally_of_distinct
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.grid import Grid

floats32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
many_floats32 = arrays(np.float32, st.integers(1, 300), elements=floats32)


def stored(values: np.ndarray) -> pb.Histogram:
    distinct, counts = np.unique(values.astype(np.float64), return_counts=True)
    zeros = int(np.count_nonzero(values == 0))
    [record] = histograms([tally_of_distinct(distinct, counts)], [Beside(zeros)])
    return record


def grid_of(record: pb.Histogram) -> Grid:
    return Grid(record.mantissa_bits, record.taper_exponent)


@given(many_floats32)
def test_counts_sum_to_the_elements(values: np.ndarray) -> None:
    record = stored(values)
    assert sum(record.counts) + record.zeros == len(values)
    assert all(count > 0 for count in record.counts)
    assert len(record.steps) == max(len(record.counts) - 1, 0)


@given(many_floats32)
def test_every_value_lies_in_its_bin(values: np.ndarray) -> None:
    record = stored(values)
    lower, upper = grid_of(record).edges(indices(record))
    for low, high, count in zip(lower, upper, record.counts, strict=True):
        # Magnitudes include their inner edge, so negative bins include the upper one.
        inside = (values >= low) & (values < high) if low >= 0 else (values > low) & (values <= high)
        assert np.count_nonzero(inside & (values != 0)) == count


@given(many_floats32, many_floats32)
def test_halves_merge_to_the_whole(first: np.ndarray, second: np.ndarray) -> None:
    whole = stored(np.concatenate([first, second]))
    parts = [stored(first), stored(second)]
    common = grid_of(whole).common(grid_of(parts[0])).common(grid_of(parts[1]))
    assert coarsened([whole], common) == coarsened(parts, common)


def coarsened(records: list[pb.Histogram], grid: Grid) -> dict[int, int]:
    merged: dict[int, int] = {}
    for record in records:
        for index, count in zip(grid.coarsen(indices(record), grid_of(record)), record.counts, strict=True):
            merged[int(index)] = merged.get(int(index), 0) + count
    return merged


@given(arrays(np.float32, st.integers(1, 64), elements=floats32))
def test_few_distinct_values_stay_what_they_are(values: np.ndarray) -> None:
    lower, upper = grid_of(stored(values)).edges(indices(stored(values)))
    inner = np.where(lower >= 0, lower, upper)
    np.testing.assert_array_equal(inner, np.unique(values[values != 0]))


@settings(max_examples=30)
@given(arrays(np.float32, st.integers(65, 3000), elements=floats32, fill=floats32))
def test_no_histogram_has_more_than_512_bins(values: np.ndarray) -> None:
    assert len(stored(values).counts) <= 512


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_float64_keeps_its_bin_or_goes_to_the_outermost_one(value: float) -> None:
    [pattern] = float32_patterns(np.array([value]))
    magnitude = abs(value)
    low, high = np.array([pattern, pattern + 1], np.uint32).view(np.float32).astype(np.float64)
    largest, smallest = (float(x) for x in (np.finfo(np.float32).max, np.finfo(np.float32).smallest_subnormal))
    if magnitude >= largest:
        assert low == largest
    elif 0 < magnitude < smallest:
        assert low == smallest
    else:
        assert low <= magnitude < high


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_quartiles_are_right_within_a_hundredth_of_their_range(name: str) -> None:
    values = DISTRIBUTIONS[name].astype(np.float32)
    record = stored(values)
    true = np.quantile(values.astype(np.float64), [0.25, 0.5, 0.75])
    read = [quantile(record, q) for q in (0.25, 0.5, 0.75)]
    np.testing.assert_allclose(read, true, rtol=0, atol=0.01 * (true[2] - true[0]))
    assert 64 <= len(record.counts) <= 512


@pytest.mark.parametrize("name", ["normal", "normal, other scale", "norm layer", "narrow norm layer"])
@pytest.mark.parametrize("q", [0.01, 0.05, 0.95, 0.99])
def test_outer_quantiles_too_where_the_spread_has_one_scale(name: str, q: float) -> None:
    values = DISTRIBUTIONS[name].astype(np.float32)
    low, true, high = np.quantile(values.astype(np.float64), [0.25, q, 0.75])
    assert quantile(stored(values), q) == pytest.approx(true, rel=0, abs=0.01 * (high - low))


@pytest.mark.parametrize("q", [0.05, 0.25, 0.5, 0.75, 0.95])
def test_over_twelve_decades_quantiles_are_right_on_a_log_scale(q: float) -> None:
    values = DISTRIBUTIONS["twelve decades"].astype(np.float32)
    low, true, high = np.log(np.quantile(values.astype(np.float64), [0.25, q, 0.75]))
    assert np.log(quantile(stored(values), q)) == pytest.approx(true, rel=0, abs=0.01 * (high - low))


def test_a_normal_distribution_has_eight_bins_an_octave_and_about_a_hundred_in_all() -> None:
    record = stored(DISTRIBUTIONS["normal"].astype(np.float32))
    assert record.mantissa_bits == 3
    assert len(record.counts) < 130


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_quarter_of_the_mass_at_most_is_tapered_and_a_sixteenth_by_three_bits(name: str) -> None:
    values = DISTRIBUTIONS[name].astype(np.float32)
    taper = stored(values).taper_exponent
    exponents = values.view(np.uint32) << 1 >> 24
    assert np.mean(exponents < taper) <= 1 / 4
    assert np.mean(exponents < taper - 3) <= 1 / 16


def test_a_constant_does_not_coarsen_what_steps_have_in_common() -> None:
    later = stored(np.random.default_rng(0).normal(1, 0.001, 768).astype(np.float32))
    for first in (np.ones(768, np.float32), np.zeros(768, np.float32)):
        assert grid_of(stored(first)).common(grid_of(later)) == grid_of(later)
    assert len(stored(np.ones(768, np.float32)).counts) == 1


def test_peaks_that_split_all_at_once_stay_below_the_bound() -> None:
    # 60 peaks of 100 neighbouring floats: 60 bins with few bits, 6000 with all.
    peaks = np.float32(2.0) ** np.arange(60, dtype=np.float32) / np.float32(2.0**30)
    bits = (peaks.view(np.uint32)[:, None] + np.arange(100, dtype=np.uint32)).reshape(-1)
    record = stored(bits.view(np.float32))
    assert 60 <= len(record.counts) <= 512
    assert sum(record.counts) == 6000


def test_the_empty_tally_has_the_finest_grid() -> None:
    tally = tally_of_distinct(np.zeros(0), np.zeros(0, np.int64))
    assert choose_grids([tally]) == [Grid(23, 0)]
    [record] = histograms([tally], [Beside(zeros=3, nan=2, neg_inf=1)])
    assert (record.first, list(record.counts), record.zeros, record.nan, list(record.infinities)) == (
        0,
        [],
        3,
        2,
        [1, 0],
    )
