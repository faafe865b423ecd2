"""Heatmaps against a plain loop over cells in float64."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.capture.heatmaps import heatmap, log_bytes, matrix_view
from torchviz_tb.records import records_pb2 as pb


@pytest.fixture(params=["numpy", "numba"], autouse=True, scope="module")
def _engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """On the CPU numba has a way of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, request.param)
        yield


def decoded(record: pb.LogBytes) -> np.ndarray:
    codes = np.frombuffer(record.codes, np.uint8)
    logarithms = [math.log(record.low), math.log(record.high)] if record.low else [0.0, 0.0]
    values = np.exp(logarithms[0] + (logarithms[1] - logarithms[0]) * (codes.astype(float) - 1) / 252)
    return np.select([codes == 0, codes == 254, codes == 255], [0.0, np.inf, np.nan], values)


def error(record: pb.LogBytes) -> float:
    return math.expm1((math.log(record.high) - math.log(record.low)) / 504) + 1e-9 if record.low else 0.0


def bounds(size: int, cells: int) -> list[tuple[int, int]]:
    return list(pairwise(i * size // cells for i in range(cells + 1)))


def cells_of(matrix: np.ndarray, rows: int, columns: int) -> list[np.ndarray]:
    return [matrix[a:b, c:d] for a, b in bounds(matrix.shape[0], rows) for c, d in bounds(matrix.shape[1], columns)]


def abs_max(values: np.ndarray) -> float:
    return math.nan if np.isnan(values).any() else float(np.abs(values).max())


def mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return math.fsum(finite) / finite.size if finite.size else math.nan


def unpacked(ranges: list[int], size: int) -> np.ndarray:
    marked, end = np.zeros(size, bool), 0
    for gap, length in zip(ranges[::2], ranges[1::2], strict=True):
        marked[end + gap : end + gap + length] = True
        end += gap + length
    return marked


def assert_shows(record: pb.Heatmap, matrix: np.ndarray, max_cells: int) -> None:
    rows, columns = min(matrix.shape[0], max_cells), min(matrix.shape[1], max_cells)
    assert (record.rows, record.columns, record.cell_rows, record.cell_columns) == (*matrix.shape, rows, columns)
    cells = cells_of(matrix, rows, columns)
    assert_close(record.abs_max, [abs_max(cell) for cell in cells])
    means = np.array([mean(cell) for cell in cells])
    assert_close(record.mean_magnitude, np.abs(means))
    negative = np.unpackbits(np.frombuffer(record.mean_negative, np.uint8), bitorder="little")[: len(cells)]
    np.testing.assert_array_equal(negative == 1, means < 0)
    assert_close(record.row_max, [abs_max(matrix[a:b]) for a, b in bounds(matrix.shape[0], min(matrix.shape[0], 1024))])
    lines = bounds(matrix.shape[1], min(matrix.shape[1], 1024))
    assert_close(record.column_max, [abs_max(matrix[:, a:b]) for a, b in lines])
    np.testing.assert_array_equal(unpacked(record.dead_rows, matrix.shape[0]), (matrix == 0).all(axis=1))
    np.testing.assert_array_equal(unpacked(record.dead_columns, matrix.shape[1]), (matrix == 0).all(axis=0))


def assert_close(record: pb.LogBytes, values: "list[float] | np.ndarray") -> None:
    np.testing.assert_allclose(decoded(record), values, rtol=error(record))


def shown(tensor: torch.Tensor, max_cells: int = 64) -> pb.Heatmap:
    record = heatmap(tensor, site=3, stage=pb.STAGE_GRADIENT, max_cells=max_cells)
    assert record is not None
    assert (record.site, record.stage) == (3, pb.STAGE_GRADIENT)
    return record


# Multiples of 1/8 add up exactly, so a mean's sign does not hang on the order of additions.
elements = st.integers(-800, 800).map(lambda n: n / 8) | st.sampled_from([0.0, math.nan, math.inf, -math.inf])


@settings(max_examples=150)
@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=elements), st.integers(1, 6))
def test_any_matrix(matrix: np.ndarray, max_cells: int) -> None:
    assert_shows(shown(torch.from_numpy(matrix), max_cells), matrix.astype(np.float64), max_cells)


@pytest.mark.parametrize("shape", [(100, 130), (128, 64), (3000, 5), (5, 3000), (1, 1), (64, 3, 3, 3), (200,), ()])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int32], ids=str)
def test_shapes_and_types(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    tensor = (torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 100).to(dtype)
    matrix = tensor.to(torch.float64).numpy().reshape(shape[0] if len(shape) > 1 else 1, -1)
    assert_shows(shown(tensor), matrix, 64)


@pytest.mark.parametrize("shape", [(2100, 1000), (70, 9000)])  # in several parts, and in several blocks of columns
def test_large_matrices(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    matrix[3], matrix[:, 5], matrix[60, 7], matrix[65, 11] = 0, 0, math.nan, math.inf
    assert_shows(shown(matrix), matrix.double().numpy(), 64)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float8_e4m3fn, torch.float8_e5m2], ids=str)
def test_narrow_types(dtype: torch.dtype) -> None:
    tensor = (torch.arange(200).reshape(20, 10) % 7 - (0 if dtype == torch.uint8 else 3)).to(dtype)
    assert_shows(shown(tensor, 8), tensor.to(torch.float64).numpy(), 8)


def test_complex_matrices_show_magnitudes() -> None:
    tensor = torch.randn(9, 9, dtype=torch.complex64)
    assert_shows(shown(tensor, 4), tensor.to(torch.complex128).abs().numpy(), 4)


def test_transposed_and_expanded_matrices() -> None:
    transposed = torch.arange(600.0).reshape(30, 20).t()
    assert_shows(shown(transposed, 8), transposed.double().numpy(), 8)
    expanded = torch.arange(20.0).expand(40, 20)
    assert_shows(shown(expanded, 8), expanded.double().numpy(), 8)


def test_dead_units_are_exact_beyond_the_number_of_cells() -> None:
    tensor = torch.ones(5000, 3)
    tensor[[0, 1, 777, 4999]] = 0
    record = shown(tensor)
    assert list(record.dead_rows) == [0, 2, 775, 1, 4221, 1]
    assert list(record.dead_columns) == []
    assert len(record.row_max.codes) == 1024


def test_kinds_without_numbers_have_no_heatmap() -> None:
    for tensor in (torch.ones(2, 2, device="meta"), torch.eye(2).to_sparse(), torch.zeros(0, 3), torch.zeros(3, 0)):
        assert heatmap(tensor, site=0, stage=pb.STAGE_GRADIENT) is None


def test_matrix_view_is_output_by_input() -> None:
    assert matrix_view(torch.nn.Conv2d(3, 8, (5, 2)).weight).shape == (8, 30)
    assert matrix_view(torch.nn.ConvTranspose2d(3, 8, 5).weight).shape == (3, 200)
    assert matrix_view(torch.zeros(7)).shape == (1, 7)
    assert matrix_view(torch.tensor(1.0)).shape == (1, 1)
    assert matrix_view(torch.zeros(0, 3, 2)).shape == (0, 6)


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1e300) | st.sampled_from([math.nan, math.inf])))
def test_log_bytes_keep_the_stated_error(magnitudes: np.ndarray) -> None:
    record = log_bytes(magnitudes)
    finite = magnitudes[np.isfinite(magnitudes) & (magnitudes > 0)]
    assert (record.low, record.high) == ((finite.min(), finite.max()) if finite.size else (0.0, 0.0))
    assert_close(record, magnitudes)


def test_the_gradient_and_the_random_state_stay() -> None:
    tensor, state = torch.randn(10, 10, requires_grad=True), torch.random.get_rng_state()
    copy = tensor.detach().clone()
    heatmap(tensor, site=0, stage=pb.STAGE_PARAMETER)
    assert torch.equal(tensor, copy)
    assert torch.equal(torch.random.get_rng_state(), state)
