"""Statistics of every kind of tensor, against plain float64 arithmetic by numpy."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from torchviz_tb.capture.engines.numpy_jobs import PIECE
from torchviz_tb.capture.statistics import measure
from torchviz_tb.capture.tensors import MEASURED_DTYPES, Unsupported
from torchviz_tb.records import records_pb2 as pb

COUNTS = ("count", "zeros", "nan", "pos_inf", "neg_inf")
MOMENTS = ("min", "max", "mean", "std", "abs_max", "l1", "l2")
DTYPES = sorted(MEASURED_DTYPES, key=str)
SIZES = (1, 40, 20_000)  # alone, by sorting, by tables


def one(tensor: torch.Tensor) -> dict[str, float]:
    columns = measure(pb.STAGE_PARAMETER, [tensor]).statistics
    assert list(columns.status) == [pb.STATUS_MEASURED]
    return {name: getattr(columns, name)[0] for name in (*COUNTS, *MOMENTS)}


def expected(values: np.ndarray) -> dict[str, float]:
    finite = values[np.isfinite(values)].astype(np.float64)
    found = {
        "count": values.size,
        "zeros": np.count_nonzero(values == 0),
        "nan": np.count_nonzero(np.isnan(values)),
        "pos_inf": np.count_nonzero(values == np.inf),
        "neg_inf": np.count_nonzero(values == -np.inf),
    }
    if not finite.size:
        return found | dict.fromkeys(MOMENTS, math.nan)
    return found | {
        "min": finite.min(),
        "max": finite.max(),
        "mean": finite.mean(),
        "std": finite.std(),
        "abs_max": np.abs(finite).max(),
        "l1": np.abs(finite).sum(),
        "l2": np.sqrt((finite**2).sum()),
    }


def assert_measured(tensor: torch.Tensor, values: np.ndarray) -> None:
    found, wanted = one(tensor), expected(values)
    size = wanted["abs_max"] if wanted["abs_max"] > 0 else 1.0
    for name in (*COUNTS, "min", "max", "abs_max"):
        assert found[name] == wanted[name] or (math.isnan(found[name]) and math.isnan(wanted[name])), name
    for name in ("mean", "std", "l1", "l2"):
        assert found[name] == pytest.approx(wanted[name], rel=1e-9, abs=1e-12 * size, nan_ok=True), name


def float64_of(tensor: torch.Tensor) -> np.ndarray:
    if tensor.is_complex():
        parts = torch.view_as_real(tensor.to(torch.complex128)).numpy()
        return np.hypot(parts[..., 0], parts[..., 1])
    return tensor.to(torch.float64).numpy()


def some(dtype: torch.dtype, size: int) -> torch.Tensor:
    normal = torch.randn(size, generator=torch.Generator().manual_seed(size), dtype=torch.float64)
    if dtype.is_complex:
        return torch.complex(normal, normal.flip(0)).to(dtype)
    if dtype == torch.bool:
        return normal > 0
    if not dtype.is_floating_point:
        return (normal * 20).abs().to(torch.int64).to(dtype) if "uint" in str(dtype) else (normal * 20).to(dtype)
    if "e8m0" in str(dtype):  # powers of two, no sign, no zero
        return normal.abs().to(torch.float32).to(dtype)
    return torch.where(normal > 1.5, 0.0, normal).to(dtype)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_element_type(dtype: torch.dtype, size: int) -> None:
    tensor = some(dtype, size)
    assert_measured(tensor, float64_of(tensor))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_histograms_of_every_element_type_count_every_element(dtype: torch.dtype, size: int) -> None:
    tensor = some(dtype, size)
    [entry] = measure(pb.STAGE_PARAMETER, [tensor]).distributions
    zeros = int(np.count_nonzero(float64_of(tensor) == 0))
    assert entry.histogram.zeros == zeros
    assert sum(entry.histogram.counts) == size - zeros


@pytest.mark.parametrize("size", [8, 20_000])
@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64], ids=str
)
def test_what_is_not_finite_is_counted_and_left_out(dtype: torch.dtype, size: int) -> None:
    tensor = torch.linspace(-3, 3, size).to(dtype)
    tensor[:4] = torch.tensor([math.nan, math.inf, -math.inf, 0.0])
    assert_measured(tensor, float64_of(tensor))
    histogram = measure(pb.STAGE_GRADIENT, [tensor]).distributions[0].histogram
    negative = 0 if dtype.is_complex else 1
    assert (histogram.nan, list(histogram.infinities)) == (1, [negative, 2 - negative])


@pytest.mark.parametrize("size", [8, 20_000])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, -0.0, 0.1, 1e-45])
def test_one_value_throughout(value: float, size: int) -> None:
    tensor = torch.full((size,), value)
    assert_measured(tensor, float64_of(tensor))
    if math.isfinite(value):
        assert one(tensor)["std"] == 0.0


SHAPES: dict[str, Callable[[], torch.Tensor]] = {
    "0-dim": lambda: torch.tensor(2.5),
    "with gaps": lambda: torch.randn(300, 300)[::2, ::3],
    "transposed": lambda: torch.randn(300, 200).t(),
    "channels last": lambda: torch.randn(8, 6, 20, 20).to(memory_format=torch.channels_last),
    "expanded": lambda: torch.randn(300, 1, 5).expand(300, 70, 5),
    "expanded throughout": lambda: torch.tensor(3.0).expand(100, 200),
    "overlapping": lambda: torch.randn(300).as_strided((200, 100), (1, 1)),
    "parameter": lambda: torch.nn.Parameter(torch.randn(100, 100)),
    "in autograd": lambda: torch.randn(100, 100, requires_grad=True) * 2,
    "conjugate pending": lambda: torch.randn(50, 50, dtype=torch.complex64).conj(),
    "negative pending": lambda: torch.randn(50, 50, dtype=torch.complex64).conj().imag,
    "inference": lambda: torch.inference_mode()(lambda: torch.randn(100, 100))(),
    "subclass": lambda: torch.randn(50).as_subclass(type("Named", (torch.Tensor,), {})),
    "zero tensor": lambda: torch._efficientzerotensor((100, 200)),
    "unaligned": lambda: torch.randn(20_001)[1:],
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_and_stride(name: str) -> None:
    tensor = SHAPES[name]()
    plain = tensor.detach().as_subclass(torch.Tensor).resolve_conj().resolve_neg().clone().contiguous()
    before = plain.clone()
    assert_measured(tensor, float64_of(before))
    histogram = measure(pb.STAGE_PARAMETER, [tensor]).distributions[0].histogram
    assert sum(histogram.counts) + histogram.zeros == tensor.numel()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8, torch.bool], ids=str)
def test_more_than_two_to_the_31_elements(dtype: torch.dtype) -> None:
    """A third of them is 0; the counts need more than 32 bits, and float32 could not add them up."""
    few = torch.ones(3).to(dtype)
    few[1] = 0
    tensor, times = few.reshape(3, 1, 1).expand(3, 2**16, 2**15), 2**31
    found = one(tensor)
    assert (found["count"], found["zeros"]) == (3 * times, times)
    assert (found["min"], found["max"], found["l1"]) == (0, 1, 2 * times)
    assert found["mean"] == pytest.approx(2 / 3, rel=1e-12)
    assert found["l2"] == pytest.approx(math.sqrt(2 * times), rel=1e-12)
    assert found["std"] == pytest.approx(math.sqrt(2) / 3, rel=1e-9)
    [entry] = measure(pb.STAGE_PARAMETER, [tensor]).distributions
    assert (entry.histogram.zeros, sum(entry.histogram.counts)) == (times, 2 * times)


@pytest.mark.parametrize("dtype", [torch.float32, torch.int8, torch.complex64], ids=str)
def test_no_elements_is_a_count_of_zero_without_moments(dtype: torch.dtype) -> None:
    found = one(torch.zeros(0, 3, dtype=dtype))
    assert all(found[name] == 0 for name in COUNTS)
    assert all(math.isnan(found[name]) for name in MOMENTS)


def test_denormals_are_not_zeros() -> None:
    tensor = torch.zeros(30_000)
    tensor[:10], tensor[10:15], tensor[15] = 1e-45, -1e-45, -0.0
    assert one(tensor)["zeros"] == 30_000 - 15
    histogram = measure(pb.STAGE_PARAMETER, [tensor]).distributions[0].histogram
    assert (histogram.first, list(histogram.steps), list(histogram.counts)) == (-2, [4], [5, 10])


def test_float64_beyond_float32_is_measured_as_it_is() -> None:
    tensor = torch.tensor([1e300, -1e300, 1e-300, 5e-324], dtype=torch.float64)
    assert one(tensor)["l2"] == pytest.approx(math.sqrt(2) * 1e300)
    assert one(tensor.repeat(5000))["l2"] == pytest.approx(math.sqrt(2) * 1e300 * math.sqrt(5000))


def test_integers_beyond_float64_are_rounded_to_it() -> None:
    assert one(torch.tensor([2**53 + 1, -(2**63)]))["max"] == 2.0**53


def test_complex_magnitudes_do_not_overflow() -> None:
    assert one(torch.full((10_000,), 3e38 + 3e38j))["abs_max"] == pytest.approx(math.hypot(3e38, 3e38))
    columns = measure(pb.STAGE_PARAMETER, [torch.ones(2), torch.ones(2, dtype=torch.complex64)]).statistics
    assert list(columns.complex_sites) == [1]


def test_pieces_on_several_threads_say_the_same_as_the_whole() -> None:
    tensor = torch.randn(3 * PIECE + 17, generator=torch.Generator().manual_seed(0))
    assert_measured(tensor, float64_of(tensor))
    narrow = 1 + 1e-4 * tensor
    histogram = measure(pb.STAGE_PARAMETER, [narrow]).distributions[0].histogram
    assert sum(histogram.counts) == len(narrow)
    assert len(histogram.counts) >= 64


def unsupported() -> dict[str, torch.Tensor]:
    quantized = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    released = torch.ones(3)
    released.untyped_storage().resize_(0)
    return {
        "sparse gradient": torch.eye(3).to_sparse(),
        "meta gradient: it has no values": torch.ones(3, device="meta"),
        "quantized gradient": quantized,
        "nested gradient": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
        "gradient of layout mkldnn": torch.ones(3).to_mkldnn(),
        "gradient of dtype bits8": torch.zeros(2, dtype=torch.uint8).view(torch.bits8),
        "uninitialized parameter: its model has not run yet": torch.nn.LazyLinear(3).weight,
        "its memory is released: it is sharded elsewhere": released,
        "FakeTensor: a tensor subclass that computes its own values": fake(),
    }


def fake() -> torch.Tensor:
    with torch._subclasses.FakeTensorMode():
        return torch.ones(3)


UNSUPPORTED = unsupported()


@pytest.mark.parametrize("reason", UNSUPPORTED)
def test_kinds_without_numbers_say_why(reason: str) -> None:
    sample = measure(pb.STAGE_GRADIENT, [torch.ones(2), UNSUPPORTED[reason], torch.ones(2)])
    columns = sample.statistics
    assert list(columns.status) == [pb.STATUS_MEASURED, pb.STATUS_UNSUPPORTED, pb.STATUS_MEASURED]
    assert [(each.site, each.text) for each in columns.reasons] == [(1, reason)]
    assert [entry.site for entry in sample.distributions] == [0, 2]
    assert columns.count[1] == 0
    assert math.isnan(columns.l2[1])


def test_a_tensor_inside_a_function_transform_is_unsupported() -> None:
    seen: list[pb.StageStatistics] = []

    def look(x: torch.Tensor) -> torch.Tensor:
        seen.append(measure(pb.STAGE_PARAMETER, [x]).statistics)
        return x

    torch.func.vmap(look)(torch.ones(3, 4))
    assert list(seen[0].status) == [pb.STATUS_UNSUPPORTED]


def test_a_status_stands_for_a_missing_tensor() -> None:
    values = [pb.STATUS_NO_GRADIENT, torch.ones(2), pb.STATUS_FROZEN, Unsupported("because"), pb.STATUS_EXCLUDED]
    columns = measure(pb.STAGE_GRADIENT, values).statistics
    assert list(columns.status) == [
        pb.STATUS_NO_GRADIENT,
        pb.STATUS_MEASURED,
        pb.STATUS_FROZEN,
        pb.STATUS_UNSUPPORTED,
        pb.STATUS_EXCLUDED,
    ]
    assert all(len(getattr(columns, name)) == 5 for name in (*COUNTS, *MOMENTS))
    assert columns.stage == pb.STAGE_GRADIENT
    assert columns.reasons[0].text == "because"


def test_without_histograms_the_columns_are_the_same() -> None:
    tensors = [torch.randn(20_000), torch.zeros(20_000), torch.randn(5), torch.randn(20_000).half()]
    bare = measure(pb.STAGE_PARAMETER, tensors, histograms=False)
    assert bare.distributions == []
    assert bare.statistics == measure(pb.STAGE_PARAMETER, tensors).statistics


def test_measuring_leaves_tensors_gradients_and_random_numbers_alone() -> None:
    parameter = torch.nn.Parameter(torch.randn(20_000))
    parameter.grad = torch.randn(20_000)
    copies, state = (parameter.detach().clone(), parameter.grad.clone()), torch.random.get_rng_state()
    measure(pb.STAGE_PARAMETER, [parameter, parameter.grad])
    assert torch.equal(parameter, copies[0])
    assert torch.equal(parameter.grad, copies[1])
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.is_grad_enabled()
    assert parameter.requires_grad
