"""Ties a model and its optimizers to a writer: when to sample, what to sample, and how never to hurt the run."""

from torchviz_tb.watching.handle import Watch
from torchviz_tb.watching.start import watch

__all__ = ["Watch", "watch"]
