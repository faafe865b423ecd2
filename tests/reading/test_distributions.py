"""The oracle is numpy on the values themselves; a histogram may be wrong by the width of a bin, no more."""

from functools import reduce

import handmade
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading.distributions import Distribution
from torchviz_tb.reading.histograms import MAX_BINS, quantiles
from torchviz_tb.reading.packed_histograms import read_histograms
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.grid import Grid

Q = np.asarray([0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0])

finite = st.floats(-1e6, 1e6, width=32)
samples = arrays(np.float32, st.integers(1, 60), elements=finite)
any_samples = arrays(np.float32, st.integers(0, 60), elements=st.floats(width=32))


def distribution(values: npt.ArrayLike, bits: int = 4, taper: int = 0) -> Distribution:
    return Distribution.from_record(handmade.histogram(np.asarray(values, np.float32), bits, taper))


def widest(one: Distribution) -> float:
    return float(np.diff(one.edges, axis=1).max(initial=0.0))


@given(any_samples)
def test_every_element_is_counted_once(values: npt.NDArray[np.float32]):
    found = distribution(values)
    assert found.finite == np.isfinite(values).sum()
    assert (found.nan, found.pos_inf, found.neg_inf) == (
        np.isnan(values).sum(),
        np.isposinf(values).sum(),
        np.isneginf(values).sum(),
    )
    assert found.zeros == (values == 0).sum()


@given(samples)
def test_edges_ascend_and_hold_the_elements(values: npt.NDArray[np.float32]):
    found = distribution(values)
    lower, upper = found.edges.T
    assert (lower < upper).all()
    assert (upper[:-1] <= lower[1:]).all()
    for low, high, count in zip(lower, upper, found.counts, strict=True):
        inside = (values >= low) & (values < high) if low >= 0 else (values > low) & (values <= high)
        assert inside[values != 0].sum() == count


@given(samples)
def test_quantiles_are_numpy_s_within_the_width_of_a_bin(values: npt.NDArray[np.float32]):
    found = distribution(values)
    expected = np.quantile(values.astype(np.float64), Q)
    assert np.abs(found.quantile(Q) - expected).max() <= widest(found) + 1e-12


def test_one_quantile_is_a_number():
    assert distribution([3.0, 3.0]).quantile(0.5) == pytest.approx(3.0, rel=0.1)
    assert isinstance(distribution([1.0]).quantile(0.5), float)


def test_the_elements_of_a_bin_are_spread_evenly_about_its_middle():
    # Without mantissa bits, 2.1 and 3.9 share the bin from 2 to 4.
    assert distribution([2.1], bits=0).quantile(0.5) == 3.0
    assert distribution([2.1, 3.9], bits=0).quantile([0.0, 0.5, 1.0]).tolist() == [2.5, 3.0, 3.5]


def test_zeros_are_a_point_mass_at_zero():
    assert (distribution([-1.0, 0, 0, 0, 1.0]).quantile([0.25, 0.5, 0.75]) == 0).all()


@pytest.mark.parametrize("values", [[], [np.nan], [np.inf, -np.inf]])
def test_without_finite_elements_quantiles_and_distances_are_nan(values: list[float]):
    empty = distribution(values)
    assert np.isnan(empty.quantile(Q)).all()
    assert np.isnan(empty.distance(distribution([1.0])))
    assert np.isnan(distribution([1.0]).distance(empty))


@given(st.lists(st.tuples(samples, st.integers(0, 6), st.integers(100, 140)), max_size=5))
def test_quantiles_of_many_are_those_of_each(each: list[tuple[npt.NDArray[np.float32], int, int]]):
    found = [distribution(values, bits, taper) for values, bits, taper in each]
    messages = [handmade.histogram(values, bits, taper).SerializeToString() for values, bits, taper in each]
    together = quantiles(read_histograms(messages), Q)
    assert together.shape == (len(found), Q.size)
    for row, one in zip(together, found, strict=True):
        np.testing.assert_array_equal(row, one.quantile(Q))


@given(samples, samples)
def test_distance_is_that_of_the_sorted_elements(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]):
    one, other = distribution(a, 6), distribution(b, 6)
    # Wasserstein-1 of equally many elements is the mean difference of the sorted ones.
    expanded = [np.sort(np.repeat(values.astype(np.float64), n)) for values, n in ((a, b.size), (b, a.size))]
    expected = np.abs(expanded[0] - expanded[1]).mean()
    assert abs(one.distance(other) - expected) <= widest(one) + widest(other) + 1e-9


@given(samples, samples)
def test_distance_is_symmetric_and_zero_to_itself(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]):
    one, other = distribution(a), distribution(b, 2)
    assert one.distance(other) == pytest.approx(other.distance(one), rel=1e-9, abs=1e-12)
    assert one.distance(one) == 0


def test_distance_of_point_masses_at_zero():
    assert distribution([0.0, 0.0]).distance(distribution([0.0])) == 0
    one_bin = distribution([1.0], 23)
    assert distribution([0.0]).distance(one_bin) == pytest.approx(1.0, rel=1e-6)


@given(st.lists(st.tuples(samples, st.integers(0, 6), st.integers(100, 140)), min_size=1, max_size=4))
def test_on_the_common_grid_counts_are_those_of_binning_there(each: list[tuple[npt.NDArray[np.float32], int, int]]):
    distributions = [distribution(*one) for one in each]
    shared = reduce(Grid.common, (one.grid for one in distributions))
    for (values, _, _), found in zip(each, (one.coarsened(shared) for one in distributions), strict=True):
        expected = distribution(values, shared.mantissa_bits, shared.taper_exponent)
        assert (found.index == expected.index).all()
        assert (found.counts == expected.counts).all()
        assert found.grid == shared


def test_float32_s_outermost_values_have_bins():
    top = float(np.finfo(np.float32).max)
    found = distribution([-top, top, 1e-45])
    assert found.edges[-1][1] == 2.0**128
    assert found.edges[0][0] == -(2.0**128)


SOUND = handmade.histogram(np.asarray([-1.0, 1.0, 2.0, 5.0], np.float32))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"mantissa_bits": 24}, "grid is impossible"),
        ({"taper_exponent": 256}, "grid is impossible"),
        ({"first": 0}, "first bin is impossible"),
        ({"first": -(2**62)}, "leaves its grid"),
        ({"first": 2**62}, "leaves its grid"),
        ({"steps": [1]}, "as many steps as counts"),
        ({"steps": [0, 1, 1]}, "leaves its grid"),
        ({"steps": [2**63, 2**63, 2**63]}, "leaves its grid"),
        ({"counts": [1, 0, 1, 1]}, "count in a histogram is impossible"),
        ({"counts": [1, 2**64 - 1, 1, 1]}, "count in a histogram is impossible"),
        ({"zeros": 2**60}, "count in a histogram is impossible"),
        ({"infinities": [1]}, "infinities are not two"),
    ],
)
def test_impossible_histograms_are_refused(changes: dict[str, object], fault: str):
    fields = {field.name: getattr(SOUND, field.name) for field in SOUND.DESCRIPTOR.fields}
    with pytest.raises(DamagedRecord, match=fault):
        Distribution.from_record(pb.Histogram(**{**fields, **changes}))


def test_more_bins_than_the_bound_are_refused():
    many = pb.Histogram(mantissa_bits=23, first=1, steps=[1] * MAX_BINS, counts=[1] * (MAX_BINS + 1))
    with pytest.raises(DamagedRecord, match=f"claims {MAX_BINS + 1} bins, more than the bound"):
        Distribution.from_record(many)


def test_a_bin_numbered_zero_is_refused():
    with pytest.raises(DamagedRecord, match="leaves its grid"):
        Distribution.from_record(pb.Histogram(mantissa_bits=3, first=-1, steps=[1], counts=[1, 1]))
