"""Tensor types, each kept once."""

import math

import torch
from torch.nn.parameter import is_lazy

from torchviz_tb.capture.tensors import dtype_name
from torchviz_tb.records import records_pb2 as pb

_Key = tuple[tuple[int, ...] | None, torch.dtype, torch.device]

_PLAIN = (torch.Tensor, torch.nn.Parameter)
_STRIDED = torch.strided


class TypeTable:
    """Gives every distinct (shape, dtype, device) an index."""

    def __init__(self) -> None:
        # By torch's own objects, which are quick to hash; nothing is formatted before the end.
        self._known: dict[_Key, tuple[int, int]] = {}
        self._types: dict[tuple[tuple[int, ...] | None, torch.dtype, str], int] = {}

    def index(self, tensor: torch.Tensor) -> int:
        """Index of the tensor's type, added if it is new."""
        return self.index_and_bytes(tensor)[0]

    def index_and_bytes(self, tensor: torch.Tensor) -> tuple[int, int]:
        """Besides, the bytes of its elements; 0 where it has no plain memory: sparse, nested, not yet initialised."""
        # A nested tensor has an axis without one size, and a lazy module's parameter has no shape yet.
        if tensor.is_nested or (type(tensor) not in _PLAIN and is_lazy(tensor)):
            key: _Key = None, tensor.dtype, tensor.device
        else:
            key = tensor.shape, tensor.dtype, tensor.device
        found = self._known.get(key) or self._add(*key)
        return found if tensor.layout is _STRIDED else (found[0], 0)

    def _add(self, shape: tuple[int, ...] | None, dtype: torch.dtype, device: torch.device) -> tuple[int, int]:
        plain = None if shape is None else tuple(int(size) for size in shape)
        # All devices of a type count as one.
        index = self._types.setdefault((plain, dtype, device.type), len(self._types))
        size = 0 if plain is None else math.prod(plain) * dtype.itemsize
        found = self._known[plain, dtype, device] = index, size
        return found

    @property
    def unknown_sizes(self) -> bool:
        """Whether there are tensors without one shape."""
        return any(shape is None for shape, _, _ in self._types)

    def messages(self) -> list[pb.TensorType]:
        """All types in the order of their indices."""
        return [
            pb.TensorType(shape=shape or (), dtype=dtype_name(dtype), device=device)
            for shape, dtype, device in self._types
        ]
