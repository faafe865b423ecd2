"""How far a training loop is: a bar in the terminal, and moments to be recorded."""

from torchviz_tb.progress.loop import Moment, Progress

__all__ = ["Moment", "Progress"]
