"""A tensor that the user saves by name, values and all, within a bound."""

import math
from collections.abc import Sequence

import torch

from torchviz_tb.capture.tensors import dtype_name, plain
from torchviz_tb.errors import ArgumentError
from torchviz_tb.records import records_pb2 as pb

MAX_ELEMENTS = 1 << 20
"""Most values that one view stores."""


@torch.no_grad()
def tensor_view(
    name: str, tensor: torch.Tensor, axes: Sequence[str] = (), *, most: int = MAX_ELEMENTS
) -> pb.TensorView:
    """The record of a tensor's values, with a name for each axis if ``axes`` are given.

    At most ``most`` values are stored, 1,048,576 if it is not given: a larger tensor is cut to its leading corner, the
    outermost dimension first, the next one only once that is down to 1. Floats are stored
    as float32 (float64 as such), integers as int64, bool and uint8 as bytes, uint64 as
    float64 because it may exceed int64. Complex tensors are stored as magnitudes, quantized
    ones dequantized, sparse ones dense if they are within the bound.

    Raises ArgumentError for a wrong number of axes and for a tensor without readable values
    (meta, nested, sharded …).
    """
    if not isinstance(tensor, torch.Tensor):
        raise ArgumentError(
            f"tensor view {name!r} is given a {type(tensor).__name__}, but takes a torch.Tensor: convert it first"
        )
    values = _readable(name, tensor)
    if axes and len(axes) != values.dim():
        raise ArgumentError(
            f"tensor view {name!r} is given {len(axes)} axes {list(axes)} for a tensor of {values.dim()} dimensions: "
            "name each dimension once, or none"
        )
    shape = _stored_shape(tuple(values.shape), most)
    corner = _storable(values[tuple(slice(size) for size in shape)]).cpu().contiguous()
    return pb.TensorView(
        name=name,
        shape=shape,
        dtype=dtype_name(tensor.dtype),
        values=corner.numpy().astype(corner.numpy().dtype.newbyteorder("<"), copy=False).tobytes(),
        stored_dtype=dtype_name(corner.dtype),
        full_shape=values.shape if shape != tuple(values.shape) else (),
        axes=axes,
    )


def _readable(name: str, tensor: torch.Tensor) -> torch.Tensor:
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    elif tensor.layout != torch.strided and not tensor.is_nested and tensor.numel() <= MAX_ELEMENTS:
        tensor = tensor.to_dense()
    values = plain(tensor)
    if isinstance(values, torch.Tensor):
        return values
    raise ArgumentError(
        f"tensor view {name!r} is given a tensor without values to show ({values.reason}): give a dense tensor, "
        "or a dense part of it"
    )


def _stored_shape(shape: tuple[int, ...], most: int) -> tuple[int, ...]:
    stored = list(shape)
    for dim in range(len(stored)):
        total = math.prod(stored)
        if total <= most:
            break
        stored[dim] = max(1, most // (total // stored[dim]))
    return tuple(stored)


def _storable(values: torch.Tensor) -> torch.Tensor:
    if values.is_complex():
        magnitudes = values.to(torch.complex128).abs()
        return magnitudes if values.dtype == torch.complex128 else magnitudes.to(torch.float32)
    if values.dtype == torch.float64:
        return values
    if values.dtype.is_floating_point:
        return values.to(torch.float32)
    if values.dtype in (torch.bool, torch.uint8):
        return values.to(torch.uint8)
    wide = dtype_name(values.dtype) == "uint64"
    return values.to(torch.float64 if wide else torch.int64)
