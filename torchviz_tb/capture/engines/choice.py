"""Which engine measures: the one that was named, otherwise the fastest that is there and ready."""

import torch

from torchviz_tb.capture.compilation import Compilation
from torchviz_tb.capture.engines import DeviceEngine, Engine
from torchviz_tb.capture.engines.numpy import NumpyEngine

_numba = Compilation("torchviz_tb.capture.engines.numba")


def prepare() -> None:
    """Gets the engine ready in the background, and tells a wrong name at once.

    Raises:
        ArgumentError: The environment names an engine that there is not.
    """
    _numba.prepare()


def choose(device: torch.device) -> Engine | DeviceEngine:  # noqa: ARG001
    """The engine for the next measurement on a device.

    Never waits for a compilation, unless numba was asked for by name.

    Raises:
        ArgumentError: The environment names an engine that there is not.
    """
    compiled = _numba.module()
    engine: Engine = NumpyEngine() if compiled is None else compiled.NumbaEngine()
    return engine
