"""Values to colours on the CPU: chunks that stay in the cache, by all threads.

A compiled loop does the work in a chunk where there is one (numba). Otherwise NumPy and torch do, two pixels at a
time, in threads of ours that run side by side.
"""

import threading
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from types import ModuleType
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.compilation import Compilation
from torchviz_tb.colors.colormaps import Color
from torchviz_tb.colors.scale import LAST, Scale
from torchviz_tb.colors.threads import in_threads

Array: TypeAlias = npt.NDArray[Any]
Part: TypeAlias = tuple[int, slice]

_CHUNK = 1 << 19  # values: fewer of them make the threads wait more often for each other, as each call ends
_PAIRS = 1 << 16  # of bytes

_kernels = Compilation("torchviz_tb.colors.numba_kernels")


def look_up_in_threads(
    values: torch.Tensor, scale: Scale, table: torch.Tensor, nan: Color, *, channels_first: bool
) -> torch.Tensor:
    """As ``look_up``, for tensors on the CPU that are not small; uses as many threads as torch does."""
    *stack, height, width = values.shape
    # NumPy asks for large pages, which saves half of the time where memory is fresh.
    shape = (*stack, 3, height, width) if channels_first else (*values.shape, 3)
    pixels = torch.from_numpy(np.empty(shape, np.uint8))
    # With the channels last, a stack of pictures is as good as one tall one.
    pictures = values.contiguous().view(-1, height * width if channels_first else values.numel())
    outs = pixels.numpy().reshape((-1, 3, height * width) if channels_first else (1, -1, 3))
    count = torch.get_num_threads()
    make_chunk = _chunks(scale, table, nan, channels_first=channels_first)
    mine = threading.local()

    def color(given: Part) -> None:
        if not hasattr(mine, "chunk"):
            mine.chunk = make_chunk()
        picture, part = given
        # Infinite values are meant to overflow, into the first or the last colour.
        with np.errstate(over="ignore", invalid="ignore"):
            mine.chunk.color(pictures[picture, part], outs[picture, :, part] if channels_first else outs[picture, part])

    in_threads(color, _parts(pictures, count))
    return pixels


def _parts(pictures: torch.Tensor, threads: int) -> Iterator[Part]:
    count, size = pictures.shape
    share = -(-size // threads)
    chunk = min(_CHUNK, share + share % 2)  # an even number, as pixels are coloured in pairs
    for picture in range(count):
        for start in range(0, size, chunk):
            yield picture, slice(start, min(size, start + chunk))


class _Chunk(Protocol):
    """How one thread colours a part."""

    def color(self, values: torch.Tensor, out: Array) -> None:
        """Colours values into three planes, or into interleaved pixels."""


def _chunks(scale: Scale, table: torch.Tensor, nan: Color, *, channels_first: bool) -> Callable[[], _Chunk]:
    kernels = _kernels.module()
    if kernels is not None:
        colors = np.concatenate([table.numpy(), np.array([nan], np.uint8)]).T.astype(np.uint64, order="C")
        return partial(_CompiledChunk, kernels, scale, colors, channels_first=channels_first)
    return partial(_LibraryChunk, scale, table.numpy(), nan, channels_first=channels_first)


class _CompiledChunk:
    """One loop over the values."""

    def __init__(self, kernels: ModuleType, scale: Scale, colors: Array, *, channels_first: bool) -> None:
        self._kernels, self._scale, self._colors, self._channels_first = kernels, scale, colors, channels_first

    def color(self, values: torch.Tensor, out: Array) -> None:
        """See _Chunk."""
        array = values.to(self._scale.dtype).numpy()
        number = array.dtype.type
        given = array, number(self._scale.low), number(self._scale.step), self._colors
        if self._channels_first:
            self._kernels.planes(*given, *out)
        else:
            self._kernels.interleaved(*given, out.reshape(-1))


class _Buffers:
    """The memory for a chunk of so many values: fresh memory for each would cost more than the computing.

    The same memory as a tensor and as an array, as even making views costs more than some of the steps. Colours
    take the place of the numbers that they were found by: two values are as long as a pair's colours, or longer.
    """

    def __init__(self, size: int, dtype: torch.dtype) -> None:
        self.numbers: Array = torch.empty(size, dtype=dtype, device="cpu").numpy()
        self.codes = np.empty(size, np.uint8)
        self.code_pairs = self.codes[: size // 2 * 2].view(np.uint16)
        self.pairs = torch.empty(size // 2, dtype=torch.int32, device="cpu")
        self.pair_array: Array = self.pairs.numpy()
        self.color_array: Array = self.numbers[: size // 2 * 2].view(np.int64)[: size // 2]
        self.colors = torch.from_numpy(self.color_array)


class _LibraryChunk:
    """Each step by that one of NumPy and torch which does it faster."""

    def __init__(self, scale: Scale, table: Array, nan: Color, *, channels_first: bool) -> None:
        number = torch.empty(0, dtype=scale.dtype, device="cpu").numpy().dtype.type
        self._low, self._step, self._dtype = number(scale.low), number(scale.step), scale.dtype
        self._table, self._nan, self._channels_first = table, nan, channels_first
        self._of_pairs = torch.from_numpy(_colors_of_pairs(table.tobytes(), channels_first=channels_first))
        self._put = _put_planes if channels_first else _put_pixels
        self._buffers: dict[int, _Buffers] = {}  # for all chunks but the last one of a picture it is one size

    def color(self, values: torch.Tensor, out: Array) -> None:
        """Colours values into three planes, or into interleaved pixels."""
        size = values.numel()
        buffers = self._buffers.get(size)
        if buffers is None:
            buffers = self._buffers[size] = _Buffers(size, self._dtype)
        self._scale_into(buffers, values.to(self._dtype).numpy())
        numbers, codes = buffers.numbers, buffers.codes
        least, greatest = numbers.min(), numbers.max()  # NaN, if any is
        is_nan = np.isnan(numbers) if np.isnan(greatest) else None
        if is_nan is not None:
            numbers[is_nan] = 0
        if not (least >= 0 and greatest < LAST + 1):
            np.clip(numbers, 0, LAST, out=numbers)
        np.copyto(codes, numbers, casting="unsafe")
        if size > 1:  # two pixels at a time, for which a number of 8 bytes has room
            np.copyto(buffers.pair_array, buffers.code_pairs)
            torch.index_select(self._of_pairs, 0, buffers.pairs, out=buffers.colors)
            self._put(buffers.color_array, out)
        pixels = out.T if self._channels_first else out
        if size % 2:  # a last one without a partner
            pixels[-1] = self._table[codes[-1]]
        if is_nan is not None:
            pixels[is_nan] = self._nan

    def _scale_into(self, buffers: _Buffers, values: Array) -> None:
        """Within the limits 0 to 256, not yet whole; NaN stays NaN."""
        if self._low:
            values = np.subtract(values, self._low, out=buffers.numbers)
        np.divide(values, self._step, out=buffers.numbers)


def _put_planes(colors: Array, out: Array) -> None:
    """Numbers of three times two bytes into three planes; overwrites them."""
    for plane, channel in enumerate(out):
        if plane:
            np.right_shift(colors, 16, out=colors)
        np.copyto(channel[: 2 * len(colors)].view(np.uint16), colors, casting="unsafe")


def _put_pixels(colors: Array, out: Array) -> None:
    """Six bytes of each number, one after the other: as 8 bytes, two of which the next number overwrites."""
    last = len(colors) - 1
    flat = out.reshape(-1)
    np.copyto(np.ndarray(last, colors.dtype, flat, strides=(6,)), colors[:last])
    flat[6 * last : 6 * last + 6] = colors[last:].view(np.uint8)[:6]


@lru_cache(maxsize=4)
def _colors_of_pairs(table: bytes, *, channels_first: bool) -> npt.NDArray[np.int64]:
    """By a pair of codes, six bytes of 8: both reds, greens and blues, or one colour after the other."""
    codes = np.arange(_PAIRS, dtype=np.uint16).view(np.uint8).reshape(_PAIRS, 2)
    colors = np.frombuffer(table, np.uint8).reshape(-1, 3)[codes]
    filled = np.zeros((_PAIRS, 8), np.uint8)
    filled[:, :6] = (colors.transpose(0, 2, 1) if channels_first else colors).reshape(_PAIRS, 6)
    return filled.view(np.int64)[:, 0]
