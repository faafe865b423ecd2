"""Values to colours by torch's own operations: any device, any size."""

import torch

from torchviz_tb.colors.colormaps import Color
from torchviz_tb.colors.scale import LAST, Scale


def look_up(
    values: torch.Tensor, scale: Scale, table: torch.Tensor, nan: Color, *, channels_first: bool
) -> torch.Tensor:
    """Shape (..., height, width) to (..., height, width, 3), or (..., 3, height, width) with channels first."""
    colors = torch.cat([table, torch.tensor([nan], dtype=torch.uint8, device="cpu")]).to(values.device)
    numbers = values.to(scale.dtype).sub(scale.low).div_(scale.step).clamp_(0, LAST)
    # NaN has a colour of its own behind the last; as a number it would be converted to anything.
    pixels = colors[torch.where(numbers.isnan(), LAST + 1, numbers).to(torch.int64)]
    return pixels.movedim(-1, -3).contiguous() if channels_first else pixels
