"""See inside a PyTorch training run, in TensorBoard: model graph, parameter distributions, gradient heatmaps."""

from typing import TYPE_CHECKING

from torchviz_tb.errors import ArgumentError, TorchVizError
from torchviz_tb.version import __version__

if TYPE_CHECKING:
    from torchviz_tb.colors import colorize, colorize_parameters
    from torchviz_tb.diagnosis import Finding, diagnose
    from torchviz_tb.global_writer import GlobalSummaryWriter
    from torchviz_tb.reading import load
    from torchviz_tb.visualizing import Visualizer, visualize_model
    from torchviz_tb.watching import Watch, watch
    from torchviz_tb.writer import SummaryWriter

__all__ = [
    "ArgumentError",
    "Finding",
    "GlobalSummaryWriter",
    "SummaryWriter",
    "TorchVizError",
    "Visualizer",
    "Watch",
    "__version__",
    "colorize",
    "colorize_parameters",
    "diagnose",
    "load",
    "visualize_model",
    "watch",
]

# TensorBoard imports this package to find our plugin and must not import torch because of it,
# which takes seconds and memory: what needs torch is imported when it is first used.
_HOMES = {
    "Finding": "torchviz_tb.diagnosis",
    "GlobalSummaryWriter": "torchviz_tb.global_writer",
    "SummaryWriter": "torchviz_tb.writer",
    "Visualizer": "torchviz_tb.visualizing",
    "Watch": "torchviz_tb.watching",
    "colorize": "torchviz_tb.colors",
    "colorize_parameters": "torchviz_tb.colors",
    "diagnose": "torchviz_tb.diagnosis",
    "load": "torchviz_tb.reading",
    "visualize_model": "torchviz_tb.visualizing",
    "watch": "torchviz_tb.watching",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'torchviz_tb' has no attribute '{name}'")
    from importlib import import_module

    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
