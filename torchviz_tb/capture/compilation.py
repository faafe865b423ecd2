"""Modules whose functions are compiled as they are imported, by numba or triton. Whoever has none goes on without."""

import importlib
import importlib.util
import os
import threading
import warnings
from types import ModuleType
from typing import Literal

import torch

from torchviz_tb.errors import ArgumentError

VARIABLE = "TORCHVIZ_TB_ENGINE"
"""Names the engine, one of ENGINES; "auto" is the default."""

ENGINES = ("auto", "numpy", "numba", "torch", "triton")

Compiler = Literal["numba", "triton"]

_INSTEAD = {"numba": "numpy", "triton": "torch"}
_INSTALL = {"numba": "pip install 'torchviz_tb[fast]'", "triton": "pip install triton"}
# With triton asked for, tensors on the CPU are still measured as usual.
_WANTED = {"numba": ("auto", "numba", "triton"), "triton": ("auto", "triton")}


class Compilation:
    """One such module, imported in the background: seconds at first, a part of one later."""

    def __init__(self, name: str, compiler: Compiler = "numba") -> None:
        self._name = name
        self._compiler = compiler
        self._thread: threading.Thread | None = None
        self._module: ModuleType | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Begins it, if it is wanted and can be, once. A program that ends meanwhile waits for it.

        Raises:
            ArgumentError: The environment names an engine that there is not.
        """
        if wanted() not in _WANTED[self._compiler] or not _is_installed(self._compiler):
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"torchviz_tb {self._compiler}")
                self._thread.start()

    def module(self) -> ModuleType | None:
        """The module, if it is wanted and ready; waits for it only if its compiler was asked for by name.

        Raises:
            ArgumentError: The environment names an engine that there is not.
        """
        self.prepare()
        name = wanted()
        if name not in _WANTED[self._compiler]:
            return None
        if name == self._compiler and self._thread is not None:
            self._thread.join()
        return self._module

    def _run(self) -> None:
        try:
            self._module = importlib.import_module(self._name)
        except Exception as error:  # noqa: BLE001 (an installation that is broken must not stop a training)
            warnings.warn(
                f"torchviz_tb can't use {self._compiler} and goes on with {_INSTEAD[self._compiler]}: {error!r}",
                stacklevel=2,
            )


def wanted() -> str:
    """The engine that the environment names.

    Raises:
        ArgumentError: There is no such engine.
    """
    name = os.environ.get(VARIABLE, "auto")
    if name not in ENGINES:
        others = ", ".join(repr(each) for each in ENGINES[:-1])
        raise ArgumentError(f"{VARIABLE} is {name!r:.60}, not an engine: set it to {others} or {ENGINES[-1]!r}")
    if name in _INSTALL and not _is_installed(name):
        raise ArgumentError(f"{VARIABLE} is {name!r}, which is not installed: {_INSTALL[name]}")
    return name


def is_tritons(device: torch.device) -> bool:
    """Whether triton can compute there: on CUDA, once the program uses it, or in its own interpreter, by name."""
    if os.environ.get("TRITON_INTERPRET") == "1":
        return wanted() == "triton"
    return device.type == "cuda" and torch.cuda.is_initialized()


def _is_installed(compiler: str) -> bool:
    return importlib.util.find_spec(compiler) is not None
