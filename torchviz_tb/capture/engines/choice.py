"""Which engine measures: the one that was named, otherwise the fastest for the device that is there and ready."""

import torch

from torchviz_tb.capture.compilation import Compilation, is_tritons, wanted
from torchviz_tb.capture.engines import DeviceEngine, Engine
from torchviz_tb.capture.engines.numpy import NumpyEngine
from torchviz_tb.capture.engines.torch import TorchEngine

_numba = Compilation("torchviz_tb.capture.engines.numba")
_triton = Compilation("torchviz_tb.capture.engines.triton", "triton")


def prepare() -> None:
    """Gets the engines ready in the background, and tells a wrong name at once.

    Raises:
        ArgumentError: The environment names an engine that there is not.
    """
    _numba.prepare()
    if is_tritons(torch.device("cuda")):
        _triton.prepare()


def choose(device: torch.device) -> Engine | DeviceEngine:
    """The engine for the next measurement on a device.

    On the CPU numba if it is ready, else numpy; on CUDA triton if it is ready, else torch; on any other device
    torch. numpy and numba, if named, copy from any device; torch, if named, measures on every device. Never waits
    for a compilation, unless numba or triton was asked for by name.

    Raises:
        ArgumentError: The environment names an engine that there is not.
    """
    name = wanted()
    if name != "torch" and is_tritons(device):
        kernels = _triton.module()
        if kernels is not None:
            on_device: DeviceEngine = kernels.TritonEngine()
            return on_device
    if name == "torch" or (device.type != "cpu" and name not in ("numpy", "numba")):
        return TorchEngine()
    compiled = _numba.module()
    engine: Engine = NumpyEngine() if compiled is None else compiled.NumbaEngine()
    return engine
