"""colorize: the values of a tensor as colours."""

from typing import Literal, TypeAlias

import torch

from torchviz_tb.capture.compilation import Compilation, is_tritons
from torchviz_tb.capture.tensors import Unsupported, dtype_name, plain
from torchviz_tb.colors.colormaps import NAN_COLOR, Color, checked_color, color_table
from torchviz_tb.colors.lookup import look_up
from torchviz_tb.colors.lookup_cpu import look_up_in_threads
from torchviz_tb.colors.scale import Scale, check_order, checked_limit, finite_range
from torchviz_tb.errors import ArgumentError

DataFormats: TypeAlias = Literal["CHW", "HWC"]

_MANY = 1 << 16  # elements from which threads are worth it

_cuda = Compilation("torchviz_tb.colors.lookup_cuda", "triton")


@torch.no_grad()
def colorize(
    tensor: torch.Tensor,
    colormap: str = "viridis",
    vmin: float | None = None,
    vmax: float | None = None,
    nan_color: Color = NAN_COLOR,
    *,
    dataformats: DataFormats = "CHW",
) -> torch.Tensor:
    """The values of a tensor as colours, on its own device, ready for ``add_image``.

    Each of the colormap's 256 colours stands for an equal part of the range from vmin to vmax, as in
    matplotlib; values below and above, infinite ones too, get the first and the last. Where all values are
    equal they get the first. One pass over the tensor, and one before it for limits that are not given. On CUDA, with
    triton, nothing waits for the device, unless one limit alone is given.

    Args:
        tensor: Shape (..., height, width), of floats of any type, integers or bools. One of fewer dimensions
            is seen as one row.
        colormap: "viridis", "magma", "inferno", "plasma", "cividis", "coolwarm", "RdBu" or "gray"; with
            "_r" at its end it is turned around.
        vmin: The value of the first colour; the least finite value if not given.
        vmax: The value of the last colour; the greatest finite value if not given.
        nan_color: Red, green and blue from 0 to 255, for NaN.
        dataformats: "CHW" or "HWC", as in ``add_image``.

    Returns:
        uint8 of shape (..., 3, height, width), or (..., height, width, 3) for "HWC".

    Raises:
        ArgumentError: An argument can't be used; the sentence says what is accepted.

    Example:
        >>> colorize(torch.eye(4)).shape
        torch.Size([3, 4, 4])
    """
    values = _checked_values(tensor)
    table, nan = color_table(colormap), checked_color(nan_color)
    if dataformats not in ("CHW", "HWC"):
        raise ArgumentError(f"dataformats is {dataformats!r}: pass 'CHW' (which add_image expects) or 'HWC'")
    low, high = checked_limit("vmin", vmin), checked_limit("vmax", vmax)
    channels_first = dataformats == "CHW"
    on_cuda = _cuda.module() if is_tritons(values.device) else None
    if on_cuda is not None:
        scale = None if low is None and high is None else _scale(values, low, high)
        pixels: torch.Tensor = on_cuda.look_up_on_cuda(values, scale, table, nan, channels_first=channels_first)
        return pixels
    scale = _scale(values, low, high)
    if values.device.type == "cpu" and values.numel() >= _MANY:
        return look_up_in_threads(values, scale, table, nan, channels_first=channels_first)
    return look_up(values, scale, table, nan, channels_first=channels_first)


def _checked_values(tensor: object) -> torch.Tensor:
    """The tensor as a stack of pictures."""
    if not isinstance(tensor, torch.Tensor):
        raise ArgumentError(f"colorize is given a {type(tensor).__name__}: pass torch.as_tensor(...) of it")
    values = plain(tensor)
    if isinstance(values, Unsupported):
        raise ArgumentError(f"colorize can't read the tensor's values ({values.reason}): pass a dense tensor")
    if values.is_complex():
        raise ArgumentError(f"colorize is given {dtype_name(values.dtype)}: pass tensor.abs() or tensor.angle()")
    return values.reshape(1, -1) if values.dim() < 2 else values


def _scale(values: torch.Tensor, low: float | None, high: float | None) -> Scale:
    if low is None or high is None:
        least, greatest = finite_range(values)
        low, high = least if low is None else low, greatest if high is None else high
    check_order(low, high)
    return Scale.between(low, high, values.dtype)
