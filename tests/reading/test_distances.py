"""Wasserstein distances of many pairs at once, against sorted elements and against each bin's uniform density."""

import itertools

import handmade
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from torchviz_tb.reading.distances import distances, relative_distances
from torchviz_tb.reading.distributions import Distribution
from torchviz_tb.reading.histograms import Histograms, mean_magnitudes
from torchviz_tb.reading.packed_histograms import read_histograms

Sample = npt.NDArray[np.float32]

elements = st.floats(-1e4, 1e4, width=32).map(lambda x: 0.0 if abs(x) < 1e-3 else x)
samples = arrays(np.float32, st.integers(1, 30), elements=elements)
pairs = st.lists(st.tuples(samples, samples, st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=5)


def histograms(*each: tuple[Sample, int]) -> Histograms:
    return read_histograms([handmade.histogram(np.asarray(x), bits).SerializeToString() for x, bits in each])


def by_integration(one: Distribution, other: Distribution) -> float:
    """∫ |F − G| dx on a fine mesh between all edges: F and G from the definition, point by point."""
    edges = np.unique(np.concatenate([one.edges.ravel(), other.edges.ravel(), [0.0]]))
    total = 0.0
    for low, high in itertools.pairwise(edges):
        middle = low + (high - low) * (np.arange(64) + 0.5) / 64
        total += np.abs(cumulative(one, middle) - cumulative(other, middle)).mean() * (high - low)
    return total


def cumulative(one: Distribution, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    below = one.zeros * (x > 0).astype(np.float64)
    for (low, high), count in zip(one.edges, one.counts, strict=True):
        below += count * np.clip((x - low) / (high - low), 0, 1)
    return below / one.finite


@given(pairs)
def test_distances_of_many_pairs_are_the_integral(drawn: list[tuple[Sample, Sample, int, int]]):
    ones = histograms(*((one, bits) for one, _, bits, _ in drawn))
    others = histograms(*((other, bits) for _, other, _, bits in drawn))
    found = distances(ones, others)
    for row, (one, other, bits, other_bits) in enumerate(drawn):
        first, second = (
            Distribution.from_record(handmade.histogram(x, k)) for x, k in ((one, bits), (other, other_bits))
        )
        # The mesh misses what lies between its points, at crossings of F and G.
        assert found[row] == pytest.approx(by_integration(first, second), rel=2e-2, abs=1e-9)


@given(pairs)
def test_a_relative_distance_is_a_share_of_the_longest_way(drawn: list[tuple[Sample, Sample, int, int]]):
    ones = histograms(*((one, 4) for one, *_ in drawn))
    others = histograms(*((other, 4) for _, other, *_ in drawn))
    found = relative_distances(ones, others)
    assert ((found >= 0) & (found <= 1 + 1e-12)).all()
    np.testing.assert_array_equal(relative_distances(ones, ones), 0)
    np.testing.assert_allclose(relative_distances(others, ones), found, rtol=1e-9, atol=1e-12)


@given(samples)
def test_mean_magnitudes_are_those_of_the_elements(sample: Sample):
    expected = np.abs(sample.astype(np.float64)).mean()
    # Half a bin of 8 mantissa bits at most.
    assert mean_magnitudes(histograms((sample, 8)))[0] == pytest.approx(expected, rel=2**-8, abs=1e-30)


def test_what_relative_distances_say():
    normal = np.random.default_rng(0).normal(0, 1, 4000).astype(np.float32)
    ones = histograms((normal, 6), (normal, 6), (np.abs(normal), 6), (normal, 6), (np.zeros(4), 6))
    others = histograms((3 * normal, 6), (np.zeros(4), 6), (-np.abs(normal), 6), (normal, 6), (np.zeros(9), 6))
    assert relative_distances(ones, others) == pytest.approx([0.5, 1, 1, 0, 0], abs=0.01)


@pytest.mark.parametrize("values", [[], [np.nan], [np.inf, -np.inf]])
def test_without_a_finite_element_there_is_no_distance(values: list[float]):
    one, none = histograms(([1.0], 3)), histograms((values, 3))
    for found in (distances, relative_distances):
        assert np.isnan(found(one, none)).all()
        assert np.isnan(found(none, one)).all()


def test_more_pairs_than_are_worked_on_at_a_time():
    sample = np.random.default_rng(0).normal(0, 1, (1100, 20)).astype(np.float32)
    many = histograms(*((row, 3) for row in sample))
    shifted = many.those(np.roll(np.arange(1100), 1))
    found = distances(many, shifted)
    assert found.shape == (1100,)
    one, other = (Distribution.from_record(handmade.histogram(sample[row], 3)) for row in (1050, 1049))
    assert found[1050] == one.distance(other) > 0
