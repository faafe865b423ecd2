"""Modules that numba compiles as they are imported: the extra ``[fast]``. Whoever has none goes on without."""

import importlib
import importlib.util
import os
import threading
import warnings
from types import ModuleType

from torchviz_tb.errors import ArgumentError

VARIABLE = "TORCHVIZ_TB_ENGINE"
"""Names the engine: "numpy", "numba", or "auto", which is the default."""


class Compilation:
    """One such module, imported in the background: seconds at first, a part of one later."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._module: ModuleType | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Begins it, if it is wanted and can be, once. A program that ends meanwhile waits for it.

        Raises:
            ArgumentError: The environment names an engine that there is not.
        """
        if wanted() == "numpy" or not _has_numba():
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="torchviz_tb numba")
                self._thread.start()

    def module(self) -> ModuleType | None:
        """The module, if it is wanted and ready; waits for it only if numba was asked for by name.

        Raises:
            ArgumentError: The environment names an engine that there is not.
        """
        self.prepare()
        if wanted() == "numpy":
            return None
        if wanted() == "numba" and self._thread is not None:
            self._thread.join()
        return self._module

    def _run(self) -> None:
        try:
            self._module = importlib.import_module(self._name)
        except Exception as error:  # noqa: BLE001 (an installation that is broken must not stop a training)
            warnings.warn(f"torchviz_tb can't use numba and goes on with numpy: {error!r}", stacklevel=2)


def wanted() -> str:
    """The engine that the environment names.

    Raises:
        ArgumentError: There is no such engine.
    """
    name = os.environ.get(VARIABLE, "auto")
    if name not in ("auto", "numpy", "numba"):
        raise ArgumentError(f"{VARIABLE} is {name!r:.60}, not an engine: set it to 'auto', 'numpy' or 'numba'")
    if name == "numba" and not _has_numba():
        raise ArgumentError(f"{VARIABLE} is 'numba', which is not installed: pip install 'torchviz_tb[fast]'")
    return name


def _has_numba() -> bool:
    return importlib.util.find_spec("numba") is not None
