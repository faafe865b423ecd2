"""What the engines for devices promise besides right numbers: no waiting, little memory, and any type of element."""

import itertools
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from device import DEVICE
from fake_device import NoWaiting, Waits, without_waiting
from torch.profiler import ProfilerActivity, profile

from torchviz_tb.capture.engines import DeviceEngine, Measurement, device_layout
from torchviz_tb.capture.engines import torch as torch_engine
from torchviz_tb.capture.engines.device_layout import CELLS, KEYS, MOST_SLOTS, RAW, Counts, Sums
from torchviz_tb.capture.engines.numpy import NumpyEngine
from torchviz_tb.capture.engines.torch import TorchEngine
from torchviz_tb.capture.histograms import histograms
from torchviz_tb.capture.tensors import MEASURED_DTYPES, FlatTensor

Both = Callable[..., list[tuple[Measurement, Measurement]]]

RANDOM = np.random.default_rng(7)
SIZE = 3 * RAW + 5


def elements(dtype: torch.dtype, size: int = SIZE) -> torch.Tensor:
    normal = torch.from_numpy(RANDOM.normal(0, 20, size))
    if dtype.is_complex:
        return torch.complex(normal, normal.flip(0)).to(dtype)
    return (normal if dtype.is_floating_point and "e8m0" not in str(dtype) else normal.abs()).to(dtype)


def same(one: Measurement, other: Measurement) -> None:
    assert (one.zeros, one.nan, one.pos_inf, one.neg_inf, one.count) == (
        other.zeros, other.nan, other.pos_inf, other.neg_inf, other.count,
    )  # fmt: skip
    for name in ("min", "max", "true_mean", "std", "true_l1", "l2"):
        mine, theirs = getattr(one.moments, name), getattr(other.moments, name)
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-13 * one.moments.abs_max)
    assert stored(one) == stored(other)


def stored(measured: Measurement) -> object:
    assert measured.tally is not None
    return histograms([measured.tally], [measured.beside])


ENGINES: dict[str, Callable[[], DeviceEngine]] = {"torch": TorchEngine}
if sys.platform == "linux":  # there is no triton elsewhere
    from torchviz_tb.capture.engines.triton import TritonEngine

    ENGINES["triton"] = TritonEngine


@pytest.fixture(params=ENGINES)
def both(request: pytest.FixtureRequest) -> Both:
    """A device's engine, on a GPU if there is one, and numpy's on the same tensors."""

    def measured(*tensors: torch.Tensor, repeats: int = 1) -> list[tuple[Measurement, Measurement]]:
        there, here = ([FlatTensor(tensor.to(place), repeats) for tensor in tensors] for place in (DEVICE, "cpu"))
        mine = ENGINES[request.param]().measure(there, histograms=True)
        return list(zip(mine, NumpyEngine(1).measure(here, histograms=True), strict=True))

    return measured


@pytest.mark.parametrize("size", [3, SIZE])
@pytest.mark.parametrize("dtype", sorted(MEASURED_DTYPES, key=str))
def test_every_type_of_element(both: Both, dtype: torch.dtype, size: int) -> None:
    [(mine, theirs)] = both(elements(dtype, size), repeats=3)
    same(mine, theirs)


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1.7976931348623157e308, 5e-324])
def test_sums_of_float64_beyond_what_squares_fit_into(both: Both, scale: float) -> None:
    values = torch.from_numpy(RANDOM.uniform(-1, 1, SIZE)) * scale
    [(mine, theirs)] = both(values)
    same(mine, theirs)


def test_a_variance_far_below_the_mean_keeps_its_digits(both: Both) -> None:
    values = torch.from_numpy(RANDOM.normal(1e6, 1e-3, 50 * SIZE))
    [(mine, _)] = both(values)
    np.testing.assert_allclose(mine.moments.std, values.numpy().std(), rtol=1e-9)


def test_a_tensor_of_several_parts_is_one(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_layout, "_PART", SIZE // 32 * 16)  # of aligned parts, as they are
    values = elements(torch.float32)
    values[-1] = torch.nan
    same(*both(values)[0])


def test_more_narrow_tensors_than_slots_are_counted_as_exactly(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_layout, "_SLOT_BYTES", 1)
    narrow = [torch.from_numpy(RANDOM.normal(1, 1e-3, SIZE).astype(np.float32)) for _ in range(MOST_SLOTS + 2)]
    measured = both(*narrow)
    for mine, theirs in measured[:MOST_SLOTS]:
        assert stored(mine) == stored(theirs)
    for mine, theirs in measured[MOST_SLOTS:]:
        assert mine.tally is not None
        assert theirs.tally is not None
        assert mine.tally.bits == 3
        assert mine.tally.counts.tolist() == theirs.tally.cut(3).counts.tolist()


def test_a_device_without_float64_has_six_digits_and_exact_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_engine, "accumulates_in", lambda _: torch.float32)
    tensors = [elements(dtype, 40 * RAW) for dtype in (torch.float32, torch.bfloat16, torch.int64, torch.complex64)]
    flat = [FlatTensor(tensor) for tensor in tensors]
    engines = TorchEngine(), NumpyEngine(1)
    for mine, theirs in zip(*(engine.measure(flat, histograms=True) for engine in engines), strict=True):
        assert stored(mine) == stored(theirs)
        for name in ("true_mean", "std", "true_l1", "l2"):
            scale = theirs.moments.true_l1 / theirs.moments.count
            np.testing.assert_allclose(
                getattr(mine.moments, name), getattr(theirs.moments, name), rtol=1e-6, atol=1e-6 * scale
            )


TENSORS = [(100_000, torch.float32), (300, torch.float32), (1, torch.complex64), (0, torch.float32)] + [
    (50_000, dtype) for dtype in (torch.bfloat16, torch.float64, torch.complex64, torch.int64, torch.bool)
]


@pytest.mark.parametrize("histograms", [True, False])
def test_nothing_waits_while_it_measures(*, histograms: bool) -> None:
    with without_waiting():
        tensors = [FlatTensor(torch.empty(size, dtype=dtype, device="meta")) for size, dtype in TENSORS]
        begun = TorchEngine().begin(tensors, histograms=histograms)
        assert begun.results.device.type == "meta"


def test_a_default_device_of_the_user_changes_nothing(both: Both) -> None:
    with torch.device("meta"):
        measured = both(elements(torch.float32), elements(torch.bfloat16, 7), elements(torch.int16))
    for mine, theirs in measured:
        same(mine, theirs)


@pytest.mark.skipif(sys.platform != "linux", reason="there is no triton elsewhere")
def test_nothing_waits_around_the_kernels() -> None:
    dtypes = torch.float32, torch.float64, torch.int32, torch.bfloat16
    tensors = [FlatTensor(elements(dtype, size).to(DEVICE)) for dtype in dtypes for size in (SIZE, 3)]
    with NoWaiting():
        TritonEngine().begin(tensors, histograms=True)


@pytest.mark.skipif(sys.platform != "linux", reason="there is no triton elsewhere")
def test_elements_that_are_not_aligned(both: Both) -> None:
    values = elements(torch.bfloat16).to(DEVICE)[1:]
    assert values.data_ptr() % 16
    same(*both(values)[0])


@pytest.mark.skipif(sys.platform != "linux", reason="there is no triton elsewhere")
def test_the_kernels_have_the_layouts_columns() -> None:
    from torchviz_tb.capture.engines import triton_kernels as kernels

    assert (kernels.SUMS.value, kernels.COUNTS.value) == (len(Sums), len(Counts))
    assert (kernels.KEYS.value, kernels.CELLS.value) == (KEYS, CELLS)


WAITING = {
    "item": lambda x: x.sum().item(),
    "float": lambda x: float(x[0]),
    "bool": lambda x: bool((x > 0).any()),
    "cpu": lambda x: x.cpu(),
    "nonzero": lambda x: x.nonzero(),
    "mask": lambda x: x[x > 0],
    "bincount": lambda x: torch.bincount(x.to(torch.int64)),
    "from the host": lambda x: x + torch.ones(4).to(x.device),
    "a list": lambda x: x + torch.tensor([1.0, 2.0, 3.0, 4.0], device=x.device),
}


@pytest.mark.parametrize("name", WAITING)
def test_that_test_would_see_waiting(name: str) -> None:
    with without_waiting():
        values = torch.empty(4, device="meta")
        # Some of them are noticed by torch's own stand-in for tensors, in its own way.
        with pytest.raises((Waits, RuntimeError, NotImplementedError, AssertionError)):
            WAITING[name](values)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64, torch.complex64])
def test_memory_of_one_largest_tensor_and_then_that_of_the_results(dtype: torch.dtype) -> None:
    largest = elements(dtype, 1 << 21)
    tensors = [FlatTensor(each) for each in (elements(dtype, 5000), largest, elements(dtype, 1 << 19))]
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        begun = TorchEngine().begin(tensors, histograms=True)
    events = sorted((event.start_ns(), event.nbytes()) for event in profiled.profiler.kineto_results.events())
    in_use = list(itertools.accumulate(size for _, size in events))
    assert max(in_use) > begun.results.nbytes
    assert max(in_use) - begun.results.nbytes <= largest.nbytes
    assert in_use[-1] <= 1.1 * begun.results.nbytes + 4096
