"""Values to colours in compiled loops; importing this compiles them, or loads what an earlier process kept.

``colors`` has a row of 257 numbers for each of red, green and blue, the last one for NaN. The arithmetic is that of
``lookup.py``, in the type of the values. It runs in blocks, so that it works on several values at a time, and puts
four pixels together in wide numbers, as a store of each byte would cost most of the time.
"""

from typing import Any

import numpy as np

from torchviz_tb.capture.compiled import compiled

_BLOCK = 512
_NAN = np.int32(256)
_8, _16, _24, _32 = (np.uint64(bits) for bits in (8, 16, 24, 32))


@compiled(
    "void(float32[::1], float32, float32, int32[::1])",
    "void(float64[::1], float64, float64, int32[::1])",
)
def _codes(values: Any, low: Any, step: Any, codes: Any) -> None:
    first, last = values.dtype.type(0), values.dtype.type(255)
    for i in range(len(values)):
        number = (values[i] - low) / step
        kept = min(max(number, first), last)
        codes[i] = np.int32(kept) if number == number else _NAN


@compiled("void(uint32[::1], uint8[::1])")
def _store(quads: Any, out: Any) -> None:
    """The first of their bytes, as many as there is room for, at any address."""
    filled = quads.view(np.uint8)
    for i in range(len(out)):
        out[i] = filled[i]


@compiled("void(int32[::1], uint64[::1], uint32[::1])")
def _pixels(codes: Any, pixel: Any, quads: Any) -> None:
    """Of each four pixels the twelve bytes, as three numbers."""
    for i in range(len(codes) // 4):
        a, b = pixel[np.uint32(codes[4 * i])], pixel[np.uint32(codes[4 * i + 1])]
        c, d = pixel[np.uint32(codes[4 * i + 2])], pixel[np.uint32(codes[4 * i + 3])]
        quads[3 * i] = a | (b << _24)
        quads[3 * i + 1] = (b >> _8) | (c << _16)
        quads[3 * i + 2] = (c >> _16) | (d << _8)


@compiled(
    "void(float32[::1], float32, float32, uint64[:, ::1], uint8[::1])",
    "void(float64[::1], float64, float64, uint64[:, ::1], uint8[::1])",
)
def interleaved(values: Any, low: Any, step: Any, colors: Any, out: Any) -> None:
    """Into the bytes of pixels, three for each value."""
    pixel = colors[0] | (colors[1] << _8) | (colors[2] << _16)
    codes, quads = np.zeros(_BLOCK, np.int32), np.empty(_BLOCK // 4 * 3, np.uint32)
    for start in range(0, len(values), _BLOCK):
        size = min(_BLOCK, len(values) - start)
        _codes(values[start : start + size], low, step, codes)
        _pixels(codes, pixel, quads)
        _store(quads, out[3 * start : 3 * (start + size)])


@compiled("void(int32[::1], uint64[::1], uint64[::1], uint32[::1], uint32[::1], uint32[::1])")
def _planes(codes: Any, red_green: Any, blue: Any, reds: Any, greens: Any, blues: Any) -> None:
    """Of each four pixels the four bytes of a channel, as one number."""
    for i in range(len(codes) // 4):
        a, b = np.uint32(codes[4 * i]), np.uint32(codes[4 * i + 1])
        c, d = np.uint32(codes[4 * i + 2]), np.uint32(codes[4 * i + 3])
        both = red_green[a] | (red_green[b] << _8) | (red_green[c] << _16) | (red_green[d] << _24)
        reds[i], greens[i] = both, both >> _32
        blues[i] = blue[a] | (blue[b] << _8) | (blue[c] << _16) | (blue[d] << _24)


@compiled(
    "void(float32[::1], float32, float32, uint64[:, ::1], uint8[::1], uint8[::1], uint8[::1])",
    "void(float64[::1], float64, float64, uint64[:, ::1], uint8[::1], uint8[::1], uint8[::1])",
)
def planes(values: Any, low: Any, step: Any, colors: Any, red: Any, green: Any, blue: Any) -> None:
    """Into the bytes of a plane for each channel, one for each value."""
    red_green, codes = colors[0] | (colors[1] << _32), np.zeros(_BLOCK, np.int32)
    reds, greens = np.empty(_BLOCK // 4, np.uint32), np.empty(_BLOCK // 4, np.uint32)
    blues = np.empty(_BLOCK // 4, np.uint32)
    for start in range(0, len(values), _BLOCK):
        size = min(_BLOCK, len(values) - start)
        _codes(values[start : start + size], low, step, codes)
        _planes(codes, red_green, colors[2], reds, greens, blues)
        _store(reds, red[start : start + size])
        _store(greens, green[start : start + size])
        _store(blues, blue[start : start + size])
