"""Tensors that the user saved by name."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torchviz_tb.reading import checks
from torchviz_tb.records import records_pb2 as pb

_STORED = {"float32": "<f4", "float64": "<f8", "int64": "<i8", "uint8": "|u1"}
_MAX_STORED_DIMENSION = 2**31


@dataclass(frozen=True, eq=False)
class TensorView:
    """A saved tensor: ``values`` as stored (float32, float64, int64 or uint8), ``dtype`` what the tensor had.

    ``full_shape`` is None where all of it is stored; otherwise ``values`` is its leading corner.
    ``axes`` names the axes, or is empty.
    """

    name: str
    dtype: str
    values: npt.NDArray[np.float32 | np.float64 | np.int64 | np.uint8]
    full_shape: tuple[int, ...] | None
    axes: tuple[str, ...]

    @classmethod
    def from_record(cls, record: pb.TensorView) -> "TensorView":
        """Raises DamagedRecord where shape, axes and bytes don't fit each other."""
        checks.require(record.stored_dtype in _STORED, "the type of its values is not known")
        dtype = np.dtype(_STORED[record.stored_dtype])
        shape = checks.shape(record.shape, _MAX_STORED_DIMENSION)
        size = math.prod(shape) * dtype.itemsize
        checks.require(size == len(record.values), lambda: f"it has {len(record.values)} bytes for a shape of {size}")
        # numpy refuses shapes such as [2**31, 2**31, 2**31, 0], though they hold nothing.
        checks.require(math.prod(max(d, 1) for d in shape) < 2**40, "a shape in it is impossible")
        full = checks.shape(record.full_shape)
        checks.require(not full or _covers(full, shape), "its full shape is smaller than what is stored")
        checks.require(len(record.axes) in (0, len(shape)), "it has not one name for each axis")
        values = np.frombuffer(record.values, dtype).reshape(shape)
        return cls(record.name, record.dtype, values, full or None, tuple(record.axes))


def _covers(full: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(full) == len(shape) and all(large >= small for large, small in zip(full, shape, strict=True))
