"""The compiled loops at the sizes where they change their way, and by themselves where whole engines would hide it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from torchviz_tb.capture.engines import FlatStep, Measurement
from torchviz_tb.capture.engines.numba import NumbaEngine
from torchviz_tb.capture.engines.numba_kernels import CHUNK, SORTED
from torchviz_tb.capture.engines.numba_tallies import is_coarse, put_by_key, put_distinct
from torchviz_tb.capture.engines.numpy_jobs import measurement_of_distinct
from torchviz_tb.capture.histograms import USUAL_BITS, are_too_coarse, histograms, tally_of_distinct
from torchviz_tb.capture.tensors import FlatTensor

RANDOM = np.random.default_rng(7)

SIZES = [1, 2, 3, 511, 512, 513, 515, SORTED - 1, SORTED, SORTED + 1, CHUNK - 1, CHUNK + 1, 4 * CHUNK, 4 * CHUNK + 3]


def spread(size: int) -> np.ndarray:
    return RANDOM.normal(0, 1e-3, size)


def spread_with_zeros(size: int) -> np.ndarray:
    """Both zeros, which keys alone tell from small values."""
    return np.where(RANDOM.random(size) < 0.3, RANDOM.choice(np.array([0.0, -0.0]), size), spread(size))


def constant(size: int) -> np.ndarray:
    """Of which all digits are known without a second look."""
    return np.full(size, -0.1)


def narrow(size: int) -> np.ndarray:
    """So narrow that keys of 12 bits can't tell it apart."""
    return np.where(RANDOM.random(size) < 0.5, 1, -3) * RANDOM.normal(1, 1e-3, size)


def very_narrow(size: int) -> np.ndarray:
    """So narrow that even a second look by 11 more bits can't."""
    return 1 + RANDOM.integers(0, 300, size) * 2.0**-23


def near_zero(size: int) -> np.ndarray:
    """Denormals of both signs, and both zeros, which share their keys."""
    return RANDOM.choice(np.array([0.0, -0.0, 1e-45, -1e-45, 3e-42, -3e-42, 1e-39]), size)


def denormal(size: int) -> np.ndarray:
    """One key for each sign, told apart by further bits; a tenth of them are zeros, which share these keys."""
    patterns = RANDOM.integers(1, 1 << 20, size, dtype=np.uint32)
    patterns[::10] = 0
    return (patterns | (RANDOM.integers(0, 2, size, dtype=np.uint32) << np.uint32(31))).view(np.float32)


def broken(size: int) -> np.ndarray:
    """Narrow, with both zeros and all that is not finite; the last one is NaN."""
    values = RANDOM.normal(1, 1e-3, size)
    values[::7] = RANDOM.choice(np.array([0.0, -0.0, np.nan, np.inf, -np.inf]), len(values[::7]))
    values[-1] = np.nan
    return values


VALUES = [spread, spread_with_zeros, constant, narrow, very_narrow, near_zero, denormal, broken]


def expected(values: np.ndarray) -> Measurement:
    return measurement_of_distinct(*np.unique(values.astype(np.float64), return_counts=True), True)


def check(measured: Measurement, values: np.ndarray) -> None:
    wanted = expected(values)
    for name in ("count", "zeros", "nan", "pos_inf", "neg_inf"):
        assert getattr(measured, name) == getattr(wanted, name)
    assert measured.tally is not None
    assert wanted.tally is not None
    cut = wanted.tally.cut(measured.tally.bits)
    for name in ("signs", "patterns", "counts"):
        np.testing.assert_array_equal(getattr(measured.tally, name), getattr(cut, name))
    assert histograms([measured.tally], [measured.beside]) == histograms([wanted.tally], [wanted.beside])
    for name in ("true_mean", "std", "true_l1", "l2", "min", "max"):
        found = getattr(measured.moments, name), getattr(wanted.moments, name)
        np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("make", VALUES)
def test_every_size_at_which_scanning_changes_its_way(make) -> None:
    arrays = [make(size).astype(np.float32) for size in SIZES]
    measured = NumbaEngine(2).measure([FlatTensor(torch.from_numpy(each)) for each in arrays], histograms=True)
    for each, values in zip(measured, arrays, strict=True):
        check(each, values)


@pytest.mark.parametrize("make", [spread, narrow, very_narrow, near_zero, denormal])
def test_every_size_at_which_subtracting_changes_its_way(make) -> None:
    """Updates: after minus before, and those that were lost though their gradient, of either sign, is not zero."""
    steps, wanted = [], []
    for size in SIZES:
        # Of multiples of a power of two the difference is exact.
        updates = make(size).astype(np.float32)
        before = np.zeros(size, np.float32)
        before[::3] = updates[::3]
        after = np.where(np.arange(size) % 3 == 0, before, updates)
        gradient = RANDOM.choice(np.array([-1.0, 0.0, 1e-30], np.float32), size)
        steps.append(FlatStep(*map(torch.from_numpy, (before, after, gradient))))
        wanted.append((after - before, int(((after == before) & (gradient != 0)).sum())))
    found, lost = NumbaEngine(2).begin_steps(steps, histograms=True)
    for measured, (differences, _) in zip(found.read(), wanted, strict=True):
        check(measured, differences)
    assert lost == [each for _, each in wanted]


def test_a_tensor_in_several_pieces_is_one() -> None:
    size = (1 << 20) + 5
    arrays = [make(size).astype(np.float32) for make in (spread, narrow, broken)]
    tensors = [*map(torch.from_numpy, arrays), torch.from_numpy(arrays[0]).bfloat16()]
    measured = NumbaEngine(2).measure([FlatTensor(each) for each in tensors], histograms=True)
    for each, tensor in zip(measured, tensors, strict=True):
        check(each, tensor.double().numpy())
    before, after = (spread(size).astype(np.float32) for _ in range(2))
    after[-100:] = before[-100:]
    step = FlatStep(torch.from_numpy(before), torch.from_numpy(after), torch.ones(size))
    found, lost = NumbaEngine(2).begin_steps([step], histograms=True)
    check(found.read()[0], after - before)
    assert lost == [int((after == before).sum())]


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(0, 400),
    centre=st.sampled_from([0.0, 1.0, 1e-30]),
    octaves=st.sampled_from([0.01, 1.0, 5.0, 40.0]),
    outliers=st.integers(0, 3),
)
def test_too_coarse_is_what_the_other_engines_call_so(
    seed: int, size: int, centre: float, octaves: float, outliers: int
) -> None:
    random = np.random.default_rng(seed)
    values = (centre + np.exp2(-octaves * random.random(size)) * random.choice([1, -1], size)).astype(np.float32)
    values[:outliers] *= 1e6
    distinct, counts = np.unique(values[values != 0], return_counts=True)
    counts[: len(counts) // 2] *= random.integers(1, 1000)
    patterns = distinct.view(np.uint32)
    keys, by_key = np.empty(len(patterns), np.uint32), np.empty(len(patterns), np.int32)
    occupied = put_by_key(patterns, counts.astype(np.int32), keys, by_key)
    tally = tally_of_distinct(distinct.astype(np.float64), counts).cut(USUAL_BITS)
    np.testing.assert_array_equal(keys[:occupied] & np.uint32(0x7FFFFFFF), tally.patterns)
    np.testing.assert_array_equal(by_key[:occupied], tally.counts)
    assert is_coarse(keys[:occupied], by_key[:occupied], USUAL_BITS) == are_too_coarse([tally])[0]


@pytest.mark.parametrize("size", [0, 1, 300, 1024, 1025, 9000])
@pytest.mark.parametrize("make", VALUES)
def test_sorting_gives_what_numpy_gives(make, size: int) -> None:
    values = make(size).astype(np.float32) if size else np.zeros(0, np.float32)
    entries, counts = np.empty(size, np.uint32), np.empty(size, np.int32)
    found = put_distinct(values.view(np.int32), entries, counts)
    wanted, times = np.unique(values[np.isfinite(values) & (values != 0)], return_counts=True)
    np.testing.assert_array_equal(entries[:found].view(np.float32), wanted)
    np.testing.assert_array_equal(counts[:found], times)
