"""Which engine measures: the one that was named, otherwise the fastest that is there and ready."""

import importlib
import importlib.util
import os
import threading
import warnings

from torchviz_tb.capture.engines import Engine
from torchviz_tb.capture.engines.numpy import NumpyEngine
from torchviz_tb.errors import ArgumentError

VARIABLE = "TORCHVIZ_TB_ENGINE"
"""Names the engine: "numpy", "numba", or "auto", which is the default."""

_NUMBA = "torchviz_tb.capture.engines.numba"


class _Compilation:
    """The import of the numba engine, which compiles: seconds at first, a part of one later."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begins it in the background, once. A program that ends meanwhile waits for it."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="torchviz_tb numba")
                self._thread.start()

    def engine(self, *, wait: bool) -> Engine | None:
        """The engine, if it is ready."""
        self.start()
        if wait and self._thread is not None:
            self._thread.join()
        return self._engine

    def _run(self) -> None:
        try:
            self._engine = importlib.import_module(_NUMBA).NumbaEngine()
        except Exception as error:  # noqa: BLE001 (an installation that is broken must not stop a training)
            warnings.warn(f"torchviz_tb can't use numba and goes on with numpy: {error!r}", stacklevel=2)


_compilation = _Compilation()


def prepare() -> None:
    """Gets the engine ready in the background, and tells a wrong name at once.

    Raises:
        ArgumentError: The environment names an engine that there is not.
    """
    if _wanted() != "numpy" and _has_numba():
        _compilation.start()


def choose() -> Engine:
    """The engine for the next measurement. Never waits for a compilation, unless numba was asked for by name.

    Raises:
        ArgumentError: The environment names an engine that there is not.
    """
    wanted = _wanted()
    if wanted == "numpy" or not _has_numba():
        return NumpyEngine()
    return _compilation.engine(wait=wanted == "numba") or NumpyEngine()


def _wanted() -> str:
    wanted = os.environ.get(VARIABLE, "auto")
    if wanted not in ("auto", "numpy", "numba"):
        raise ArgumentError(f"{VARIABLE} is {wanted!r:.60}, not an engine: set it to 'auto', 'numpy' or 'numba'")
    if wanted == "numba" and not _has_numba():
        raise ArgumentError(f"{VARIABLE} is 'numba', which is not installed: pip install 'torchviz_tb[fast]'")
    return wanted


def _has_numba() -> bool:
    return importlib.util.find_spec("numba") is not None
