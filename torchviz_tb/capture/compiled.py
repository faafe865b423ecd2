"""How our functions are compiled. Imports numba: only modules that a ``Compilation`` imports may import this."""

from collections.abc import Callable
from typing import Any

from numba import njit

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
