"""Whether a tensor holds NaN or infinity, and where the first of them is."""

from collections.abc import Sequence

import torch

from torchviz_tb.capture.tensors import Unsupported, plain

_SMALL = (torch.float16, torch.bfloat16)
_PIECE = 1 << 22  # elements looked at together


def total(tensor: "torch.Tensor | Unsupported") -> torch.Tensor | None:
    """The sum in float32 at least, of the magnitude where there is one; None for what has no values or is finite."""
    if not isinstance(tensor, torch.Tensor) or not (tensor.is_floating_point() or tensor.is_complex()):
        return None
    values = plain(tensor)
    if not isinstance(values, torch.Tensor) or values.dtype.itemsize == 1:
        return None
    added = values.sum(dtype=torch.float32 if values.dtype in _SMALL else None)
    return torch.view_as_real(added.to(torch.complex64)).sum() if added.is_complex() else added.to(torch.float32)


def quick_total(value: object) -> float | None:
    """The sum of a plain tensor on the CPU; None for anything else, or where somebody looks on at what we do."""
    if type(value) is not torch.Tensor or not value.is_cpu or value.dtype not in (torch.float32, torch.float64):
        return None
    lookers_on = torch._C._len_torch_dispatch_stack() or torch._C._len_torch_function_stack()
    if value.layout != torch.strided or lookers_on or torch._C._functorch.peek_interpreter_stack() is not None:
        return None
    return float(value.detach().sum())


def first_bad_index(tensor: "torch.Tensor | Unsupported") -> tuple[int, ...] | None:
    """Position of the first element that is NaN or infinite; None where all are finite, or none can be read.

    Costs about two passes, a synchronisation for each four million elements of a tensor on a device, and little
    memory unless the tensor has gaps.
    """
    values = plain(tensor) if isinstance(tensor, torch.Tensor) else tensor
    if not isinstance(values, torch.Tensor):
        return None
    start = 0
    for piece in values.reshape(-1).split(_PIECE):
        # Types of 8 bits don't know isfinite.
        bad = ~torch.isfinite(piece.float() if piece.is_floating_point() and piece.dtype.itemsize == 1 else piece)
        if bad.any():
            return _unravelled(start + int(bad.int().argmax()), values.shape)
        start += piece.numel()
    return None


def _unravelled(position: int, shape: Sequence[int]) -> tuple[int, ...]:
    index = []
    for size in reversed(shape):
        position, place = divmod(position, size)
        index.append(place)
    return tuple(reversed(index))
