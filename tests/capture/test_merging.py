"""Measurements of two sets of elements, merged, against one of all of them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from torchviz_tb.capture.histograms import Tally, choose_grids, tally_of_distinct
from torchviz_tb.capture.statistics import Measurement, measure_stage
from torchviz_tb.records import records_pb2 as pb

FLOATS = arrays.arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32))


def tally(values):
    distinct, counts = np.unique(values[np.isfinite(values)].astype(np.float64), return_counts=True)
    return tally_of_distinct(distinct, counts)


def patterns(values, bits):
    """Sign and leading bits of each finite value that is not 0, from the float's own memory: how often each occurs."""
    kept = values[np.isfinite(values) & (values != 0)]
    cut = (kept.view(np.uint32) & 0x7FFFFFFF) >> (23 - bits) << (23 - bits)
    keys, counts = np.unique(
        np.stack([np.sign(kept).astype(np.int64), cut.astype(np.int64)]), axis=1, return_counts=True
    )
    return {(int(sign), int(pattern)): int(count) for (sign, pattern), count in zip(keys.T, counts, strict=True)}


def told(found: Tally):
    return {(int(s), int(p)): int(c) for s, p, c in zip(found.signs, found.patterns, found.counts, strict=True)}


@given(FLOATS, FLOATS, st.integers(0, 23), st.integers(0, 23))
def test_tallies(one, two, bits, other_bits):
    merged = tally(one).cut(bits).merged(tally(two).cut(other_bits))
    both = np.concatenate([one, two])
    assert merged.bits == min(bits, other_bits)
    assert told(merged) == patterns(both, merged.bits)
    order = merged.signs * merged.patterns
    assert (np.diff(order) > 0).all()  # ascending by value, as all that reads a tally expects


@given(FLOATS, st.integers(2, 60))
def test_a_tally_within_a_bound_has_lost_no_element(values, entries):
    bounded = tally(values).within(entries)
    assert len(bounded) <= entries or bounded.bits == 0
    assert told(bounded) == patterns(values, bounded.bits)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e25])
def test_a_bound_of_some_thousand_entries_leaves_the_grid_as_it_was(scale):
    values = (np.random.default_rng(0).normal(0, scale, 200_000)).astype(np.float32)
    whole = tally(values)
    assert len(whole.within(4096)) <= 4096 < len(whole)
    bounded, free = choose_grids([whole.within(4096), whole])
    assert bounded == free


def measurement(values):
    (outcome,) = measure_stage(pb.STAGE_ACTIVATION, [torch.from_numpy(values)]).outcomes
    assert isinstance(outcome, Measurement)
    return outcome


@given(FLOATS, FLOATS)
def test_measurements(one, two):
    merged, whole = measurement(one).merged(measurement(two)), measurement(np.concatenate([one, two]))
    for count in ("count", "zeros", "nan", "pos_inf", "neg_inf"):
        assert getattr(merged, count) == getattr(whole, count)
    for moment in ("min", "max", "true_mean", "std", "true_l1", "l2"):
        found, expected = getattr(merged.moments, moment), getattr(whole.moments, moment)
        scale = 0.0 if np.isnan(whole.moments.abs_max) else whole.moments.abs_max
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12 * scale)
