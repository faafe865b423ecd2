"""Every engine's ways of counting agree with sorting, whatever the size and the number of threads."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from distributions import DISTRIBUTIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from torchviz_tb.capture.engines import Engine, Measurement
from torchviz_tb.capture.engines.numba import NumbaEngine
from torchviz_tb.capture.engines.numpy import SMALL, NumpyEngine
from torchviz_tb.capture.engines.numpy_jobs import PIECE, measurement_of_distinct
from torchviz_tb.capture.engines.torch import TorchEngine
from torchviz_tb.capture.histograms import Tally, histograms
from torchviz_tb.capture.tensors import NARROW_DTYPES, FlatTensor
from torchviz_tb.records import records_pb2 as pb

MakeEngine = Callable[[int], Engine]  # from how many threads it may use

HOST_ENGINES: dict[str, MakeEngine] = {"numpy": NumpyEngine, "numba": NumbaEngine}
FAST_ENGINES: dict[str, MakeEngine] = {**HOST_ENGINES, "torch": lambda _: TorchEngine()}
ENGINES = dict(FAST_ENGINES)
if sys.platform == "linux":  # there is no triton elsewhere
    from torchviz_tb.capture.engines.triton import TritonEngine

    ENGINES["triton"] = lambda _: TritonEngine()  # interpreted: half a second for 100,000 elements


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> MakeEngine:
    return ENGINES[request.param]


@pytest.fixture(params=FAST_ENGINES)
def fast_engine(request: pytest.FixtureRequest) -> MakeEngine:
    return FAST_ENGINES[request.param]


def stored(measured: Measurement) -> pb.Histogram:
    assert measured.tally is not None
    [record] = histograms([measured.tally], [measured.beside])
    return record


def by_sorting(values: np.ndarray) -> pb.Histogram:
    return stored(measurement_of_distinct(*np.unique(values.astype(np.float64), return_counts=True), True))


def by_engine(engine: MakeEngine, values: np.ndarray, workers: int = 1) -> pb.Histogram:
    [measured] = engine(workers).measure([FlatTensor(torch.from_numpy(values))], histograms=True)
    return stored(measured)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_scanning_stores_what_sorting_stores(engine: MakeEngine, name: str, dtype: type) -> None:
    values = DISTRIBUTIONS[name].astype(dtype)
    assert len(values) > SMALL
    assert by_engine(engine, values) == by_sorting(values)


AWKWARD = {
    "three values": np.repeat([-1.0, 0.0, 1.0], 5000),
    "neighbouring floats": np.nextafter(np.float32(1), np.float32(2)) * np.repeat([1.0, -1.0, 1.0], 5000),
    "denormals and both zeros": np.repeat([1e-45, -1e-45, 0.0, -0.0, 3e-45], 3000),
    "a spike in a spread": np.concatenate([np.full(20000, 0.5), np.linspace(-1, 1, 5000)]),
    "ulps": 1 + np.arange(20000) % 100 * 2.0**-23,
    "nothing finite": np.repeat([np.nan, np.inf, -np.inf], 5000),
    "one finite": np.concatenate([np.full(20000, np.nan), [3.0]]),
    "the whole range": np.exp(np.linspace(np.log(1e-44), np.log(3e38), 20000)) * np.tile([1, -1], 10000),
    "zeros and one more": np.concatenate([np.zeros(20000), [2.5e-3]]),
}


@pytest.mark.parametrize("times", [1, 6])  # some engines sort up to 16,384 elements
@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_values_too(engine: MakeEngine, name: str, times: int) -> None:
    values = np.tile(AWKWARD[name], times).astype(np.float32)
    record = by_engine(engine, values)
    assert record == by_sorting(values)
    total = sum(record.counts) + record.zeros + record.nan + sum(record.infinities)
    assert total == len(values)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("center", [0.0, 1.0])
def test_threads_change_nothing(fast_engine: MakeEngine, center: float, dtype: type) -> None:
    values = np.random.default_rng(0).normal(center, 0.01, PIECE + 12345).astype(dtype)
    assert by_engine(fast_engine, values, workers=3) == by_engine(fast_engine, values, workers=1)


def test_many_tensors_keep_their_order(engine: MakeEngine) -> None:
    sizes = [3, 20_000, 0, PIECE + 5, 9000, 1]
    tensors = [torch.full((size,), float(i)) for i, size in enumerate(sizes)]
    tensors[4] = tensors[4].bfloat16()
    measured = engine(2).measure([FlatTensor(tensor) for tensor in tensors], histograms=True)
    assert [each.count for each in measured] == sizes
    assert [each.moments.max for each in measured if each.count] == [0.0, 1.0, 3.0, 4.0, 5.0]


NARROW = sorted(NARROW_DTYPES - {torch.bool}, key=str)


@pytest.mark.parametrize("dtype", NARROW, ids=str)
def test_every_code_of_a_narrow_type(engine: MakeEngine, dtype: torch.dtype) -> None:
    codes = torch.arange(1 << (8 * dtype.itemsize), dtype=torch.int32)
    codes = codes.repeat_interleave(1 + codes % 7).to(torch.uint8 if dtype.itemsize == 1 else torch.int16)
    values = codes[torch.randperm(len(codes), generator=torch.Generator().manual_seed(0))].view(dtype)
    [measured] = engine(1).measure([FlatTensor(values)], histograms=True)
    expected = np.sort(values.to(torch.float64).numpy())  # NaN last
    assert stored(measured) == by_sorting(expected)
    finite = expected[np.isfinite(expected)]
    assert (measured.moments.min, measured.moments.max, measured.count) == (finite[0], finite[-1], len(expected))
    np.testing.assert_allclose(measured.moments.true_mean, finite.mean(), rtol=1e-12, atol=1e-12 * finite[-1])
    np.testing.assert_allclose(measured.moments.l2, np.sqrt(np.sum(finite**2)), rtol=1e-12)


def test_samples_at_the_same_time_do_not_mix(fast_engine: MakeEngine) -> None:
    random = np.random.default_rng(0)
    models = [
        [FlatTensor(torch.from_numpy(random.normal(i, 0.1, 70_000 * k).astype(np.float32))) for k in range(5)]
        for i in range(6)
    ]
    alone = [fast_engine(2).measure(model, histograms=True) for model in models]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda model: fast_engine(2).measure(model, histograms=True), models * 3))
    for one, other in zip(alone * 3, together, strict=True):
        assert [(stored(each), each.moments.max) for each in one] == [
            (stored(each), each.moments.max) for each in other
        ]


def test_a_mixture_of_types_keeps_its_order(engine: MakeEngine) -> None:
    dtypes = [torch.float32, torch.bfloat16, torch.float64, torch.int8, torch.float32, torch.complex64, torch.bool]
    tensors = [FlatTensor(torch.full((100 + i,), float(i > 0)).to(dtype), 1 + i) for i, dtype in enumerate(dtypes)]
    measured = engine(2).measure(tensors, histograms=True)
    assert [each.count for each in measured] == [(100 + i) * (1 + i) for i in range(len(dtypes))]
    assert [each.zeros for each in measured] == [100, 0, 0, 0, 0, 0, 0]
    assert engine(2).measure([], histograms=True) == []


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 2.0, 0.5], [-1.0, -2.0, -0.5], [0.0, 0.0], [-0.0, -0.0], [0.0, -0.0], [-0.0, -3.0], [0.0, 3.0],
        [1e-45, 2e-45], [-1e-45, 0.0], [-3.4e38, 3.4e38], [np.inf, 1.0, 2.0], [-np.inf, -1.0, -2.0], [np.nan, -1.0],
        [-np.nan, 1.0], [np.nan, np.inf, -np.inf],
    ],
)  # fmt: skip
def test_extremes_of_one_sign_and_of_both(engine: MakeEngine, values: list[float]) -> None:
    array = np.tile(np.array(values, np.float32), 3000)
    [measured] = engine(1).measure([FlatTensor(torch.from_numpy(array))], histograms=False)
    finite = array[np.isfinite(array)]
    if len(finite):
        assert (measured.moments.min, measured.moments.max) == (finite.min(), finite.max())
    assert measured.moments.count == len(finite)
    assert measured.zeros == np.count_nonzero(array == 0)


@pytest.mark.parametrize("center", [1.0, -3e4])
@pytest.mark.parametrize("size", [3000, 100_000])
def test_a_spread_of_a_millionth_keeps_its_digits(fast_engine: MakeEngine, center: float, size: int) -> None:
    values = (center * (1 + 1e-6 * np.random.default_rng(0).normal(size=size))).astype(np.float32)
    [measured] = fast_engine(1).measure([FlatTensor(torch.from_numpy(values))], histograms=False)
    assert measured.moments.std == pytest.approx(values.astype(np.float64).std(), rel=1e-9)


SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-40, 3.4e38, -3.4e38, 1.0, -1.0]


@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.one_of(st.integers(0, 100), st.integers(0, SMALL * 20)),
    center=st.sampled_from([0.0, 1.0, -1e30, 1e-38]),
    spread=st.sampled_from([0.0, 1e-6, 1.0, 1e30]),
    special=st.lists(st.sampled_from(SPECIAL), max_size=40),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.int32, torch.bool, *NARROW]),
    histograms=st.booleans(),
)
@settings(max_examples=100)
def test_all_measure_the_same(
    seed: int, size: int, center: float, spread: float, special: list[float], dtype: torch.dtype, histograms: bool
) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(center, spread, size).astype(np.float32)
    values[random.permutation(size)[: len(special)]] = special[:size]
    if not dtype.is_floating_point:
        values = np.clip(np.nan_to_num(values), 0 if dtype in (torch.uint8, torch.uint16) else -100, 100)
    tensor = FlatTensor(torch.from_numpy(values).to(dtype))
    engines = ENGINES if size < 3 * SMALL else FAST_ENGINES
    one, *others = (engine(1).measure([tensor], histograms=histograms)[0] for engine in engines.values())
    for name, other in zip(list(engines)[1:], others, strict=True):
        agree(one, other)
        assert (one.tally is None) == (other.tally is None) == (not histograms)
        if one.tally is not None and other.tally is not None:
            # A narrow bulk with outliers at every scale is counted less finely on a device, and as exactly.
            bits = min(one.tally.bits, other.tally.bits)
            assert entries(one.tally.cut(bits)) == entries(other.tally.cut(bits))
            assert name not in HOST_ENGINES or stored(one) == stored(other)


def entries(tally: Tally) -> list[tuple[int, int, int]]:
    return list(zip(tally.signs.tolist(), tally.patterns.tolist(), tally.counts.tolist(), strict=True))


def agree(one: Measurement, other: Measurement) -> None:
    """Counts and extremes are the same, moments to the last digits."""
    assert (one.zeros, one.nan, one.pos_inf, one.neg_inf, one.count) == (
        other.zeros, other.nan, other.pos_inf, other.neg_inf, other.count,
    )  # fmt: skip
    assert np.array_equal((one.moments.min, one.moments.max), (other.moments.min, other.moments.max), equal_nan=True)
    largest = one.moments.abs_max if one.moments.count else 0.0
    for statistic in ("true_mean", "std"):
        found = getattr(one.moments, statistic), getattr(other.moments, statistic)
        np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-12 * largest)
    for statistic in ("true_l1", "l2"):
        np.testing.assert_allclose(getattr(one.moments, statistic), getattr(other.moments, statistic), rtol=1e-12)
