"""Which engine measures: the one that was named, otherwise the fastest that is there and ready."""

from torchviz_tb.capture.compilation import Compilation
from torchviz_tb.capture.engines import Engine
from torchviz_tb.capture.engines.numpy import NumpyEngine

_numba = Compilation("torchviz_tb.capture.engines.numba")


def prepare() -> None:
    """Gets the engine ready in the background, and tells a wrong name at once.

    Raises:
        ArgumentError: The environment names an engine that there is not.
    """
    _numba.prepare()


def choose() -> Engine:
    """The engine for the next measurement. Never waits for a compilation, unless numba was asked for by name.

    Raises:
        ArgumentError: The environment names an engine that there is not.
    """
    compiled = _numba.module()
    engine: Engine = NumpyEngine() if compiled is None else compiled.NumbaEngine()
    return engine
