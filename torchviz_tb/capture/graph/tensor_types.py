"""Tensor types, each kept once."""

import torch
from torch.nn.parameter import is_lazy

from torchviz_tb.capture.tensors import dtype_name
from torchviz_tb.records import records_pb2 as pb


class TypeTable:
    """Gives every distinct (shape, dtype, device) an index."""

    def __init__(self) -> None:
        # By torch's own objects, which are quick to hash; nothing is formatted before the end.
        self._indices: dict[tuple[tuple[int, ...] | None, torch.dtype, str], int] = {}

    def index(self, tensor: torch.Tensor) -> int:
        """Index of the tensor's type, added if it is new."""
        # A nested tensor has an axis without one size, and a lazy module's parameter has no shape yet.
        shape: tuple[int, ...] | None = None if tensor.is_nested or is_lazy(tensor) else tensor.shape
        found = self._indices.get((shape, tensor.dtype, tensor.device.type))
        return self._add(shape, tensor) if found is None else found

    def _add(self, shape: tuple[int, ...] | None, tensor: torch.Tensor) -> int:
        plain = None if shape is None else tuple(int(size) for size in shape)
        return self._indices.setdefault((plain, tensor.dtype, tensor.device.type), len(self._indices))

    @property
    def unknown_sizes(self) -> bool:
        """Whether there are tensors without one shape."""
        return any(shape is None for shape, _, _ in self._indices)

    def messages(self) -> list[pb.TensorType]:
        """All types in the order of their indices."""
        return [
            pb.TensorType(shape=shape or (), dtype=dtype_name(dtype), device=device)
            for shape, dtype, device in self._indices
        ]


def byte_count(tensor: torch.Tensor) -> int:
    """Bytes of a tensor's elements; 0 where it has no plain memory: sparse, nested, not yet initialised."""
    if tensor.layout != torch.strided or tensor.is_nested or is_lazy(tensor):
        return 0
    return tensor.numel() * tensor.itemsize
