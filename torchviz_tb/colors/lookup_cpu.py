"""Values to colours on the CPU: chunks that stay in the cache, by all threads.

A compiled loop does the work in a chunk where there is one (numba). Otherwise NumPy does, two pixels at a time, rather
than torch: its calls cost less, and threads of ours run them side by side.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import ModuleType
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.compilation import Compilation
from torchviz_tb.colors.colormaps import Color
from torchviz_tb.colors.scale import LAST, Scale

Array: TypeAlias = npt.NDArray[Any]
Part: TypeAlias = tuple[int, slice]

_CHUNK = 1 << 17  # values: with what is computed from them about 2 MiB
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
    parts = list(_parts(pictures))
    make_chunk = _chunks(scale, table, nan, channels_first=channels_first)

    def color(parts: Sequence[Part]) -> None:
        chunk = make_chunk()
        for picture, part in parts:
            chunk.color(pictures[picture, part], outs[picture, :, part] if channels_first else outs[picture, part])

    count = torch.get_num_threads()
    with ThreadPoolExecutor(count) as threads:
        for _ in threads.map(color, [parts[each::count] for each in range(count)]):
            pass  # an exception in a thread is raised here
    return pixels


def _parts(pictures: torch.Tensor) -> Iterator[Part]:
    count, size = pictures.shape
    for picture in range(count):
        for start in range(0, size, _CHUNK):
            yield picture, slice(start, min(size, start + _CHUNK))


class _Chunk(Protocol):
    """How one thread colours a part."""

    def color(self, values: torch.Tensor, out: Array) -> None:
        """Colours values into three planes, or into interleaved pixels."""


def _chunks(scale: Scale, table: torch.Tensor, nan: Color, *, channels_first: bool) -> Callable[[], _Chunk]:
    kernels = _kernels.module()
    if kernels is not None:
        colors = np.ascontiguousarray(np.concatenate([table.numpy(), np.array([nan], np.uint8)]).T)
        return partial(_CompiledChunk, kernels, scale, colors, channels_first=channels_first)
    return partial(_NumpyChunk, scale, _planes(table) if channels_first else [_interleaved(table)], nan)


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
            self._kernels.interleaved(*given, out)


class _NumpyChunk:
    """The memory that one thread computes in: fresh memory for each chunk would cost more than the computing."""

    def __init__(self, scale: Scale, channels: Sequence[Array], nan: Color) -> None:
        self._scale, self._channels, self._nan = scale, channels, nan
        self._numbers = torch.empty(_CHUNK, dtype=scale.dtype).numpy()
        self._bytes = np.empty(_CHUNK, np.uint8)
        self._pairs = np.empty(_CHUNK // 2, np.intp)

    def color(self, values: torch.Tensor, out: Array) -> None:
        """Colours values into three planes, or into interleaved pixels."""
        numbers = self._scaled(values.to(self._scale.dtype).numpy())
        is_nan = np.isnan(numbers) if np.isnan(numbers.max()) else None
        if is_nan is not None:
            numbers[is_nan] = 0
        self._look_up(numbers, out if len(self._channels) == 3 else out[None])
        if is_nan is not None:
            (out.T if len(self._channels) == 3 else out)[is_nan] = self._nan

    def _scaled(self, values: Array) -> Array:
        """0 to 255, not yet whole, or NaN."""
        numbers, number = self._numbers[: values.size], values.dtype.type
        # Infinite values are meant to overflow, into the first or the last colour.
        with np.errstate(over="ignore", invalid="ignore"):
            np.subtract(values, number(self._scale.low), out=numbers)
            np.divide(numbers, number(self._scale.step), out=numbers)
            return np.clip(numbers, number(0), number(LAST), out=numbers)

    def _look_up(self, numbers: Array, outs: Array) -> None:
        """Two numbers at a time; a last one without a partner by itself."""
        size, even = numbers.size, numbers.size & ~1
        codes, pairs = self._bytes[:size], self._pairs[: even // 2]
        np.copyto(codes, numbers, casting="unsafe")
        np.copyto(pairs, codes[:even].view(np.uint16))
        for table, out in zip(self._channels, outs, strict=True):
            flat, pixel = out.reshape(-1), table.itemsize // 2
            np.take(table, pairs, out=flat[: even * pixel].view(table.dtype), mode="clip")
            if even < size:
                flat[even * pixel :] = np.frombuffer(table[codes[-1]].tobytes(), np.uint8)[:pixel]


def _planes(table: torch.Tensor) -> list[Array]:
    """For each channel, by a pair of numbers, its two bytes."""
    return [np.ascontiguousarray(pairs).view(np.uint16)[:, 0] for pairs in _pairs(table).transpose(2, 0, 1)]


def _interleaved(table: torch.Tensor) -> Array:
    """By a pair of numbers, the six bytes of two pixels."""
    return np.ascontiguousarray(_pairs(table)).reshape(_PAIRS, 6).view("V6")[:, 0]


def _pairs(table: torch.Tensor) -> npt.NDArray[np.uint8]:
    """Both colours of every pair of numbers, as it lies in memory: pairs × 2 × 3."""
    numbers = np.arange(_PAIRS, dtype=np.uint16).view(np.uint8).reshape(_PAIRS, 2)
    return table.numpy()[numbers]
