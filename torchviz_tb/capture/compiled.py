"""How our functions are compiled. Imports numba: only modules that a ``Compilation`` imports may import this."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.numpy_support import carray

Kernel = Callable[..., Any]


def compiled(*signatures: str, **options: Any) -> Callable[[Kernel], Kernel]:
    """Compiled now, without the interpreter's lock, and kept on disk where there is a place for it."""

    def decorate(function: Kernel) -> Kernel:
        settings = {"nogil": True, "error_model": "numpy", **options}
        try:
            kernel: Kernel = njit(list(signatures), cache=True, **settings)(function)
        except RuntimeError:  # neither our own directory nor the user's cache may be written to
            kernel = njit(list(signatures), **settings)(function)
        return kernel

    return decorate


def _inside(function: Kernel) -> Kernel:
    """A function that only compiled code can call, as it says itself which instructions it is."""
    kernel: Kernel = intrinsic(function)
    return kernel


@_inside
def _pointer(_typing: Any, address: Any) -> Any:
    """The pointer of an address."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(address), generate


@_inside
def take_number(_typing: Any, _address: Any) -> Any:
    """The integer at an address, which is then one more. Safe between threads."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        number = builder.inttoptr(arguments[0], cgutils.intp_t.as_pointer())
        return builder.atomic_rmw("add", number, cgutils.intp_t(1), "monotonic")

    return types.intp(types.intp), generate


def array_at(dtype: type[np.generic]) -> Kernel:
    """For inside compiled code: a function of address and length that gives the 1-D array there."""

    @njit(inline="always")
    def at(address: int, length: int) -> Any:
        return carray(_pointer(address), (length,), dtype)

    kernel: Kernel = at
    return kernel
