"""Values to colours on CUDA, by kernels of triton's: importing this needs triton."""

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch

from torchviz_tb.capture.transfer import to_device
from torchviz_tb.colors import triton_kernels as kernels
from torchviz_tb.colors.colormaps import Color
from torchviz_tb.colors.scale import Scale, computed_in, scale_on_device

_BLOCK, _RANGE_BLOCK = 1 << 10, 1 << 13


def look_up_on_cuda(
    values: torch.Tensor, scale: Scale | None, table: torch.Tensor, nan: Color, *, channels_first: bool
) -> torch.Tensor:
    """As ``look_up``, in one launch; without a scale from the least finite value to the greatest, found in another.

    Neither waits for the device. Types that are not floats of 16 bits or more are converted first.
    """
    *stack, height, width = values.shape
    pixels = torch.empty(
        (*stack, 3, height, width) if channels_first else (*values.shape, 3), dtype=torch.uint8, device=values.device
    )
    if not values.numel():
        return pixels
    colors = np.concatenate([table.numpy(), np.array([nan], np.uint8)]).T
    pictures = values.numel() // (height * width) if channels_first else 1
    with _current(values.device):
        readable = _readable(values)
        numbers = _found(readable, values.dtype) if scale is None else _given(scale, values.device)
        count = readable.numel() // pictures
        kernels.color[(-(-count // _BLOCK), pictures)](
            readable,
            numbers,
            to_device(colors, values.device),
            pixels,
            count,
            block=_BLOCK,
            wide=readable.dtype == torch.float64,
            channels_first=channels_first,
        )
    return pixels


def _readable(values: torch.Tensor) -> torch.Tensor:
    floats = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    return (values if values.dtype in floats else values.to(computed_in(values.dtype))).contiguous()


def _given(scale: Scale, device: torch.device) -> torch.Tensor:
    return to_device(np.array([scale.low, scale.step, scale.dtype == torch.float64]), device)


def _found(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The scale over all finite values, on the device."""
    is_wide = values.dtype == torch.float64
    kind = torch.int64 if is_wide else torch.int32
    largest = torch.iinfo(kind).max
    nothing = np.array([largest, -largest - 1], np.int64 if is_wide else np.int32)
    found = to_device(nothing, values.device)  # numbers set one by one would be waited for
    programs = -(-values.numel() // _RANGE_BLOCK)
    kernels.find_range[(programs,)](values, found, values.numel(), block=_RANGE_BLOCK, wide=is_wide)
    patterns = found ^ ((found >> (8 * kind.itemsize - 1)) & largest)
    limits = patterns.view(torch.float64 if is_wide else torch.float32).to(torch.float64)
    low, high = limits.where(found[0] <= found[1], 0.0)
    return scale_on_device(low, high, dtype)


def _current(device: torch.device) -> AbstractContextManager[object]:
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
