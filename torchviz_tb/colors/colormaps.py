"""Colormaps by name, and the colours that a caller may choose."""

from typing import TypeAlias

import torch

from torchviz_tb.colors.tables import TABLES
from torchviz_tb.errors import ArgumentError

Color: TypeAlias = tuple[int, int, int]

COLORMAPS = tuple(TABLES)
"""The names of the colormaps; each may end in "_r", which turns it around."""

NAN_COLOR: Color = (255, 0, 255)
"""Magenta, which is in none of the colormaps."""

_REVERSED = "_r"


def color_table(colormap: object) -> torch.Tensor:
    """The 256 colours of a colormap, uint8 of shape (256, 3); raises ArgumentError for a name that is not known."""
    name = colormap.removesuffix(_REVERSED) if isinstance(colormap, str) else ""
    if name not in TABLES:
        raise ArgumentError(
            f"colormap is {colormap!r}, which is not known: choose from {', '.join(COLORMAPS)}, each also with '_r'"
        )
    table = torch.frombuffer(bytearray.fromhex(TABLES[name]), dtype=torch.uint8).view(-1, 3)
    return table if name == colormap else table.flip(0)


def checked_color(color: object) -> Color:
    """Three bytes; raises ArgumentError for anything else."""
    parts = tuple(color) if isinstance(color, (tuple, list)) else ()
    if len(parts) != 3 or not all(type(part) is int and 0 <= part <= 255 for part in parts):
        raise ArgumentError(
            f"nan_color is {color!r}, not red, green and blue from 0 to 255: pass for example (255, 0, 255)"
        )
    return parts
