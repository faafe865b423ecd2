"""Values as colours: any tensor as a picture, on its own device."""

from torchviz_tb.colors.coloring import colorize
from torchviz_tb.colors.colormaps import COLORMAPS
from torchviz_tb.colors.parameters import colorize_parameters

__all__ = ["COLORMAPS", "colorize", "colorize_parameters"]
