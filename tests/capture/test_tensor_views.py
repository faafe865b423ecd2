"""Saved tensors: their values, their bound, and what can't be saved."""

import numpy as np
import pytest
import torch

from torchviz_tb.capture.tensor_views import MAX_ELEMENTS, tensor_view
from torchviz_tb.errors import ArgumentError
from torchviz_tb.records import records_pb2 as pb


def values(record: pb.TensorView) -> np.ndarray:
    little_endian = np.dtype(record.stored_dtype).newbyteorder("<")
    return np.frombuffer(record.values, little_endian).reshape(tuple(record.shape))


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [
        (torch.float32, "float32"),
        (torch.float64, "float64"),
        (torch.float16, "float32"),
        (torch.bfloat16, "float32"),
        (torch.float8_e5m2, "float32"),
        (torch.int64, "int64"),
        (torch.int8, "int64"),
        (torch.uint8, "uint8"),
        (torch.bool, "uint8"),
        (torch.uint64, "float64"),
    ],
    ids=str,
)
def test_values_are_kept_exactly(dtype: torch.dtype, stored: str) -> None:
    tensor = torch.tensor([[0.0, 1.0, 3.5], [5.0, 100.0, 7.0]]).to(dtype)
    record = tensor_view("probs", tensor, ["row", "column"])
    assert (record.name, record.dtype, record.stored_dtype) == ("probs", str(dtype)[6:], stored)
    assert (list(record.shape), list(record.full_shape), list(record.axes)) == ([2, 3], [], ["row", "column"])
    np.testing.assert_array_equal(values(record), tensor.to(torch.float64).numpy())


def test_what_is_not_finite_is_kept() -> None:
    tensor = torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0])
    np.testing.assert_array_equal(values(tensor_view("x", tensor)), tensor.numpy())


@pytest.mark.parametrize(
    ("shape", "stored"),
    [
        ((1 << 20,), (1 << 20,)),
        ((5, 1 << 20), (1, 1 << 20)),
        ((100, 300, 300), (11, 300, 300)),
        ((3, 2000, 1000), (1, 1048, 1000)),
        ((3, 2, 1 << 21), (1, 1, 1 << 20)),
    ],
)
def test_large_tensors_are_cut_outermost_dimension_first(shape: tuple[int, ...], stored: tuple[int, ...]) -> None:
    tensor = torch.arange(shape[-1], dtype=torch.float32).expand(shape)
    record = tensor_view("x", tensor)
    assert tuple(record.shape) == stored
    assert tuple(record.full_shape) == (shape if stored != shape else ())
    assert len(record.values) == 4 * np.prod(stored) <= 4 * MAX_ELEMENTS
    assert values(record).reshape(-1, stored[-1])[0].tolist() == list(range(stored[-1]))


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2)])
def test_single_numbers_and_nothing(shape: tuple[int, ...]) -> None:
    record = tensor_view("x", torch.ones(shape))
    assert tuple(record.shape) == shape
    assert values(record).tolist() == np.ones(shape).tolist()


def test_kinds_that_are_converted() -> None:
    assert values(tensor_view("x", torch.eye(2).to_sparse())).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert values(tensor_view("x", torch.eye(2).to_sparse_csr())).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    quantized = torch.quantize_per_tensor(torch.tensor([1.0, 2.0]), 0.5, 0, torch.qint8)
    assert values(tensor_view("x", quantized)).tolist() == [1.0, 2.0]
    assert tensor_view("x", quantized).dtype == "qint8"
    complex_view = tensor_view("x", torch.tensor([3 + 4j]))
    assert (values(complex_view).tolist(), complex_view.dtype, complex_view.stored_dtype) == (
        [5.0],
        "complex64",
        "float32",
    )
    assert tensor_view("x", torch.tensor([3 + 4j], dtype=torch.complex128)).stored_dtype == "float64"
    assert values(tensor_view("x", torch.ones(2, 3, requires_grad=True).t())).tolist() == [[1.0, 1.0]] * 3


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (torch.ones(2, device="meta"), "meta tensor: it has no values"),
        (torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged), "nested tensor"),
        (torch.sparse_coo_tensor([[0]], [1.0], (2 * MAX_ELEMENTS,)), "sparse tensor"),
        (torch.nn.LazyLinear(1).weight, "uninitialized parameter: its model has not run yet"),
    ],
    ids=["meta", "nested", "large sparse", "lazy"],
)
def test_kinds_without_values_raise(tensor: torch.Tensor, reason: str) -> None:
    with pytest.raises(
        ArgumentError, match=rf"^tensor view 'x' is given a tensor without values to show \({reason}\): "
    ):
        tensor_view("x", tensor)


def test_axes_must_match_the_dimensions() -> None:
    with pytest.raises(
        ArgumentError, match=r"^tensor view 'x' is given 1 axes \['head'\] for a tensor of 2 dimensions: "
    ):
        tensor_view("x", torch.ones(2, 2), ["head"])


def test_what_is_no_tensor_raises() -> None:
    with pytest.raises(ArgumentError, match=r"^tensor view 'x' is given a list, but takes a torch.Tensor: "):
        tensor_view("x", [1, 2])  # type: ignore[arg-type]


def test_fewer_values_can_be_asked_for():
    record = tensor_view("x", torch.arange(60).view(3, 4, 5), most=45)
    assert (list(record.shape), list(record.full_shape)) == ([2, 4, 5], [3, 4, 5])
    np.testing.assert_array_equal(np.frombuffer(record.values, "<i8"), np.arange(40))
