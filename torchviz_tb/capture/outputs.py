"""The tensors that modules return: their names in the table of sites, and which of their units are dead."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import torch
from torch import nn

from torchviz_tb.capture.graph.terminals import output_tensors
from torchviz_tb.capture.tensors import Unsupported, dtype_name
from torchviz_tb.records import records_pb2 as pb

TENSORS_BOUND = 64
"""Tensors of one call that are measured; of a structure with more, such as a cache, the others are not."""

Shape: TypeAlias = tuple[int, ...]

_WHOLE = "output"  # how a tensor is called that is all of the output
_TOO_MANY = Unsupported(f"further tensors of an output that holds more than {TENSORS_BOUND}")

# Their units are in the last dimension, and in that before the spatial ones, whatever the rank of the tensor.
_LAST = (nn.Linear, nn.Bilinear, nn.LayerNorm, nn.Embedding, nn.EmbeddingBag, nn.RNNBase, nn.RNNCellBase)
_CHANNELS_BEFORE = {1: (nn.Conv1d, nn.ConvTranspose1d), 2: (nn.Conv2d, nn.ConvTranspose2d)} | {
    3: (nn.Conv3d, nn.ConvTranspose3d)
}
_CHANNELS_SECOND = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.modules.instancenorm._InstanceNorm)


@dataclass(frozen=True)
class OutputSite:
    """A tensor among the outputs of a module."""

    name: str
    module: str  # path of the module that returned it; empty: the root
    module_type: str  # class name of that module
    shape: Shape
    dtype: str
    device: str

    def record(self) -> pb.Site:
        """Its entry in the table of sites."""
        return pb.Site(
            name=self.name,
            shape=self.shape,
            dtype=self.dtype,
            module=self.module,
            module_type=self.module_type,
            device=self.device,
            output=True,
        )


def named_outputs(path: str, output: object) -> Iterator[tuple[str, torch.Tensor | Unsupported]]:
    """The tensors that a module at a path returned, by the names of their sites, at most TENSORS_BOUND.

    They may be in tuples, mappings, dataclasses, or the attributes of any object.
    """
    tensors = output_tensors(output)
    for name, tensor in islice(tensors, TENSORS_BOUND):
        yield site_name(path, name), tensor
    if next(tensors, None) is not None:
        yield f"{path}:...", _TOO_MANY


def site_name(path: str, name: str) -> str:
    """Name of the site for an output of a module; the name as ``output_tensors`` gives it."""
    return path if path and name == _WHOLE else f"{path}:{name}"


def output_site(name: str, path: str, module_type: str, tensor: "torch.Tensor | Unsupported") -> OutputSite:
    """The site of an output, as it is now."""
    if isinstance(tensor, Unsupported):
        return OutputSite(name, path, module_type, (), "", "")
    shape = () if tensor.is_nested else tuple(tensor.shape)
    return OutputSite(name, path, module_type, shape, dtype_name(tensor.dtype), tensor.device.type)


class UnitAxes:
    """Tells in which dimension an output has its units: what a layer calls features or channels.

    Layers that define it say so: the last dimension of Linear, LayerNorm, Embedding and recurrent layers, that
    before the spatial ones of convolutions, the second of batch, group and instance norms. Any other module (an
    activation, a dropout) keeps what was known of the last output of the same shape. Else it is the second of
    four or more dimensions, the last of two or three; where there are fewer, units can't be told.
    """

    def __init__(self) -> None:
        self._known: dict[Shape, int] = {}

    def forget(self) -> None:
        """A further forward begins."""
        self._known.clear()

    def axis(self, module: nn.Module, shape: Shape) -> int | None:
        """The dimension; None where it can't be told."""
        own = _own_axis(module, len(shape))
        if own is not None:
            self._known[shape] = own
            return own
        known = self._known.get(shape)
        if known is not None or len(shape) < 2:
            return known
        return 1 if len(shape) >= 4 else len(shape) - 1


def _own_axis(module: nn.Module, rank: int) -> int | None:
    spatial = next((count for count, types in _CHANNELS_BEFORE.items() if isinstance(module, types)), None)
    if spatial is not None:
        return rank - spatial - 1 if rank > spatial else None
    if isinstance(module, _CHANNELS_SECOND):
        return 1 if rank >= 2 else None
    return rank - 1 if isinstance(module, _LAST) and rank else None


@torch.no_grad()
def dead_units(values: torch.Tensor, axis: int, zeros: int | None = None) -> torch.Tensor:
    """Which units have no element but exact zeros: bool [units], where the values are.

    ``zeros`` is how many elements are 0, if that is known: where they are too few for one dead unit, nothing is read.
    Else it costs one pass and, for a moment, a byte for each element. An empty tensor has no dead unit.
    """
    units = values.shape[axis]
    if not values.numel() or (zeros is not None and zeros < values.numel() // units):
        return torch.zeros(units, dtype=torch.bool, device=values.device)
    # Types of 8 bits know no comparison.
    comparable = values.float() if values.is_floating_point() and values.dtype.itemsize == 1 else values
    others = [dimension for dimension in range(values.dim()) if dimension != axis]
    alive = comparable != 0
    return ~(alive.any(dim=others) if others else alive)
