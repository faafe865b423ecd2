"""Visualizer: a model with eyes, as thin as can be on top of the writer and the watch."""

from torchviz_tb.visualizing.visualizer import Visualizer, visualize_model

__all__ = ["Visualizer", "visualize_model"]
