"""Which tensors can be measured, and how their elements are laid out for it."""

import math
from dataclasses import dataclass
from typing import Any, TypeGuard

import torch

_NARROW = ("bool", "uint8", "int8", "uint16", "int16", "float16", "bfloat16")
_NARROW_FLOATS = ("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu")
_WIDE = ("uint32", "int32", "uint64", "int64", "float32", "float64")
_COMPLEX = ("complex32", "complex64", "complex128")


def _dtypes(*names: str) -> frozenset[torch.dtype]:
    """Those of the names that this torch has: it gained some of them over time."""
    return frozenset(getattr(torch, name) for name in names if hasattr(torch, name))


NARROW_DTYPES = _dtypes(*_NARROW, *_NARROW_FLOATS)
"""Real numbers of at most 16 bits: few enough patterns to count each."""

MEASURED_DTYPES = _dtypes(*_NARROW, *_NARROW_FLOATS, *_WIDE, *_COMPLEX)

_REAL_DTYPES = _dtypes(*_NARROW, *_NARROW_FLOATS, *_WIDE)
_OWN_TYPES = frozenset([torch.Tensor, torch.nn.Parameter])


@dataclass(frozen=True)
class Unsupported:
    """Why a tensor has no numbers for us, such as "sparse gradient"."""

    reason: str


@dataclass(slots=True)  # not frozen, which would take as long to make as all else of it
class FlatTensor:
    """The elements of a tensor in any order, as a plain, contiguous 1-D tensor on its device.

    ``repeats`` says how often each occurs: an expanded tensor is not materialised.
    """

    values: torch.Tensor
    repeats: int = 1
    is_copy: bool = False  # whether the elements were copied to make it, so that nobody else holds them

    @property
    def count(self) -> int:
        """Elements of the tensor."""
        return self.values.numel() * self.repeats


def accumulates_in(device: torch.device) -> torch.dtype:
    """The type of sums on a device: float64 but for Apple's GPU, which has none."""
    return torch.float32 if device.type == "mps" else torch.float64


def is_distributed(tensor: torch.Tensor) -> TypeGuard[Any]:
    """Whether it is a DTensor; told by its name, since importing its module takes a second."""
    return type(tensor).__name__ == "DTensor" and hasattr(tensor, "placements")


def is_split(tensor: torch.Tensor) -> bool:
    """Whether this rank's memory alone does not say what the tensor's values are."""
    return is_distributed(tensor) and any(
        not placement.is_replicate() and size > 1
        for placement, size in zip(tensor.placements, tensor.device_mesh.mesh.shape, strict=True)
    )


def dtype_name(dtype: torch.dtype) -> str:
    """The name that torch prints, without the prefix, such as "bfloat16"."""
    return str(dtype).removeprefix("torch.")


def is_usual(tensor: torch.Tensor) -> bool:
    """Whether it is what nearly all are, of which detaching is all that there is to do. Takes a microsecond."""
    if type(tensor) not in _OWN_TYPES or tensor.dtype not in _REAL_DTYPES or tensor.layout is not torch.strided:
        return False
    try:
        # The address is 0 where there are no elements, or none in memory.
        return not tensor.is_nested and not tensor.is_neg() and tensor.data_ptr() != 0
    except RuntimeError:  # what wraps a tensor has no address
        return False


def plain(tensor: torch.Tensor, noun: str = "tensor") -> torch.Tensor | Unsupported:
    """The tensor detached from autograd and from its subclass, or why it has no values to read.

    Shares memory with the tensor unless its conjugate or negative view is pending. The noun
    names it in the reason. Never raises.
    """
    try:
        if is_usual(tensor):
            return tensor.detach()
        reason = _unsupported(tensor, noun)
        return Unsupported(reason) if reason else _plain(tensor)
    except (RuntimeError, NotImplementedError, TypeError, AttributeError) as error:
        # A kind that we don't know of; its own words are the best reason there is.
        return Unsupported(f"{type(tensor).__name__}: {str(error).partition(chr(10))[0]}")


def flat(tensor: torch.Tensor, noun: str = "tensor") -> FlatTensor | Unsupported:
    """The elements of a tensor of any shape and strides, or why they can't be measured.

    Costs nothing for tensors that fill their memory, in whatever order of dimensions, and
    for expanded ones; a tensor with gaps is copied. Never raises.
    """
    if is_usual(tensor) and tensor.is_contiguous():
        return FlatTensor(tensor.detach() if tensor.dim() == 1 else tensor.detach().view(-1))
    values = plain(tensor, noun)
    if isinstance(values, Unsupported):
        return values
    if values.is_contiguous():
        return FlatTensor(values.view(-1))
    values, repeats = _without_expansion(values)
    by_stride = sorted(range(values.dim()), key=values.stride, reverse=True)
    ordered = values.permute(by_stride)
    elements = ordered.contiguous()
    return FlatTensor(elements.view(-1), repeats, is_copy=elements is not ordered)


def _unsupported(tensor: torch.Tensor, noun: str) -> str | None:
    if torch.nn.parameter.is_lazy(tensor):
        return "uninitialized parameter: its model has not run yet"
    if tensor.is_nested:
        return f"nested {noun}"
    if is_distributed(tensor):
        return (
            f"sharded {noun}: its parts are on several ranks, which watch() on all of them measures"
            if is_split(tensor)
            else None
        )
    if type(tensor).__torch_dispatch__ is not torch.Tensor.__torch_dispatch__:
        return f"{type(tensor).__name__}: a tensor subclass that computes its own values"
    if tensor.is_meta:
        return f"meta {noun}: it has no values"
    if tensor.is_quantized:
        return f"quantized {noun}"
    if tensor.layout != torch.strided:
        layout = str(tensor.layout).removeprefix("torch.")
        return f"sparse {noun}" if "sparse" in layout else f"{noun} of layout {layout.strip('_')}"
    if tensor.dtype not in MEASURED_DTYPES:
        return f"{noun} of dtype {dtype_name(tensor.dtype)}"
    return None


def _plain(tensor: torch.Tensor) -> torch.Tensor | Unsupported:
    if is_distributed(tensor):  # and all of it is here
        return plain(tensor.to_local())
    with torch._C.DisableTorchFunctionSubclass():
        values = tensor.detach()
        if type(values) is not torch.Tensor:
            values = values.as_subclass(torch.Tensor)
        if values.is_conj() or values.is_neg():
            values = values.resolve_conj().resolve_neg()
    if values._is_zerotensor():  # autograd's stand-in for zeros, without memory
        values = values.new_zeros(()).expand(values.shape)
    # Wrapped tensors (torch.func) raise here, and fully sharded parameters have given their memory back.
    if values.numel() and values.data_ptr() == 0:
        return Unsupported("its memory is released: it is sharded elsewhere")
    return values


def _without_expansion(values: torch.Tensor) -> tuple[torch.Tensor, int]:
    expanded = [dim for dim in range(values.dim()) if values.stride(dim) == 0 and values.size(dim) > 1]
    repeats = math.prod(values.size(dim) for dim in expanded)
    for dim in reversed(expanded):
        values = values.select(dim, 0)
    return values, repeats
