"""Whatever a user holds numbers in → a numpy array, without losing a bit, or a sentence that says what to pass."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.errors import UnsupportedValue

Array = npt.NDArray[Any]

_INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
_FLOATS = ("float16", "float32", "float64", "complex64", "complex128")

_NUMPY_DTYPES = frozenset(getattr(torch, name) for name in ("bool", *_INTEGERS, *_FLOATS) if hasattr(torch, name))
"""What numpy has too. All others (bfloat16, float8 …) fit into float32 without rounding."""

_NUMBERS = "biufc"


def as_array(value: object, name: str) -> Array:
    """The numbers as a numpy array of their own type; bfloat16 and float8 become float32, in which they are exact.

    Accepts tensors on any device (one copy to the CPU), numpy arrays and scalars, Python numbers, lists of
    all these and everything numpy can read. A lone number becomes an array of one, as torch has it.

    Raises:
        ArgumentError: It holds no numbers that can be read here and now; ``name`` is the argument's.
    """
    if isinstance(value, torch.Tensor):
        return as_tensor(value, name).cpu().numpy()
    if isinstance(value, np.ndarray):
        array = value
    elif np.isscalar(value):
        array = np.array([value])
    else:
        array = _read(value, name)
    if array.dtype.kind not in _NUMBERS:
        raise UnsupportedValue(f"{name} is {_described(value)}, not numbers: pass a torch.Tensor or a numpy array")
    return array


def as_tensor(value: object, name: str) -> torch.Tensor:
    """As ``as_array``, for what needs a tensor: dense, detached, of a type that numpy has; on the device it was on."""
    if not isinstance(value, torch.Tensor):
        return torch.from_numpy(np.ascontiguousarray(as_array(value, name)))
    values = dense(value, name)
    return values if values.dtype in _NUMPY_DTYPES else values.to(torch.float32)


def dense(value: torch.Tensor, name: str) -> torch.Tensor:
    """The tensor of its own type, detached, with its values laid out in memory; raises as ``as_array``."""
    # A subclass may do anything in its own functions; its values are the same without them.
    with torch.no_grad(), torch._C.DisableTorchFunctionSubclass():
        try:
            return _dense(value, name)
        except (RuntimeError, NotImplementedError, TypeError) as error:
            # A kind of tensor that we don't know of; its own words are the best reason there is.
            raise UnsupportedValue(
                f"{name} is {_described(value)}, whose values can't be read ({str(error).partition(chr(10))[0]}): "
                "pass a plain tensor of them"
            ) from error


def _dense(value: torch.Tensor, name: str) -> torch.Tensor:
    remedy = _remedy(value)
    if remedy:
        raise UnsupportedValue(f"{name} is {_described(value)}: {remedy}")
    if hasattr(value, "placements"):  # a DTensor of which every rank holds all
        value = value.to_local()  # type: ignore[attr-defined]
    value = value.detach().resolve_conj().resolve_neg()
    return value.dequantize() if value.is_quantized else value


def _remedy(value: torch.Tensor) -> str | None:
    """What to pass instead of a tensor whose numbers are not all here, or are not laid out as its shape says."""
    if torch.nn.parameter.is_lazy(value):
        return "its model has not run yet, so run it once before"
    if value.is_nested:
        return f"pass {'.values() of it' if value.layout == torch.jagged else 'each tensor of .unbind() by itself'}"
    if hasattr(value, "placements") and not all(placement.is_replicate() for placement in value.placements):
        return "it is spread over ranks, so call .full_tensor() on all of them and pass that"
    if value.is_meta:
        return "it is on the meta device and has no values, so pass a tensor on a real one"
    if value.layout != torch.strided:
        return "it is not dense, so pass .to_dense() of it, or .coalesce().values() for what it stores"
    return None


def _read(value: object, name: str) -> Array:
    try:
        return np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:
        raise UnsupportedValue(
            f"{name} is {_described(value)}, which numpy can't make one array of ({error}): "
            "pass a torch.Tensor or a numpy array"
        ) from error


def _described(value: object) -> str:
    """The kind of a value in a few words, such as "a Tensor of shape (2, 3), torch.float32, torch.sparse_coo"."""
    if isinstance(value, torch.Tensor):
        shape = "" if torch.nn.parameter.is_lazy(value) or value.is_nested else f" of shape {tuple(value.shape)}"
        layout = "" if value.layout == torch.strided else f", {value.layout}"
        return f"a {type(value).__name__}{shape}, {value.dtype}{layout}"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"{value!r:.60}" if np.isscalar(value) or value is None else f"a {type(value).__name__}"
