"""Tensor types, each kept once."""

import torch
from torch.nn.parameter import is_lazy

from torchviz_tb.capture.tensors import dtype_name
from torchviz_tb.records import records_pb2 as pb


class TypeTable:
    """Gives every distinct (shape, dtype, device) an index."""

    def __init__(self) -> None:
        self._indices: dict[tuple[tuple[int, ...], str, str], int] = {}
        self.unknown_sizes = False

    def index(self, tensor: torch.Tensor) -> int:
        """Index of the tensor's type, added if it is new."""
        key = (self._shape(tensor), dtype_name(tensor.dtype), tensor.device.type)
        return self._indices.setdefault(key, len(self._indices))

    def messages(self) -> list[pb.TensorType]:
        """All types in the order of their indices."""
        return [pb.TensorType(shape=shape, dtype=dtype, device=device) for shape, dtype, device in self._indices]

    def _shape(self, tensor: torch.Tensor) -> tuple[int, ...]:
        # A nested tensor has an axis without one size, and a lazy module's parameter has no shape yet.
        if tensor.is_nested or is_lazy(tensor):
            self.unknown_sizes = True
            return ()
        return tuple(int(size) for size in tensor.shape)
