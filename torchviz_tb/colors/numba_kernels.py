"""Values to colours in compiled loops; importing this compiles them, or loads what an earlier process kept.

``colors`` has a row of 257 bytes for each of red, green and blue, the last one for NaN. The arithmetic is that of
``lookup.py``, in the type of the values; in blocks, so that it runs on several values at a time.
"""

from typing import Any

import numpy as np

from torchviz_tb.capture.compiled import compiled

_BLOCK = 2048
_NAN = np.int32(256)


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


@compiled(
    "void(float32[::1], float32, float32, uint8[:, ::1], uint8[:, ::1])",
    "void(float64[::1], float64, float64, uint8[:, ::1], uint8[:, ::1])",
)
def interleaved(values: Any, low: Any, step: Any, colors: Any, out: Any) -> None:
    """Into pixels [values, 3]."""
    codes = np.empty(_BLOCK, np.int32)
    for start in range(0, len(values), _BLOCK):
        size = min(_BLOCK, len(values) - start)
        _codes(values[start : start + size], low, step, codes)
        for i in range(size):
            code = np.uint32(codes[i])
            out[start + i, 0], out[start + i, 1], out[start + i, 2] = colors[0, code], colors[1, code], colors[2, code]


@compiled("void(int32[::1], uint8[::1], uint8[::1])")
def _plane(codes: Any, channel: Any, out: Any) -> None:
    for i in range(len(codes)):
        out[i] = channel[np.uint32(codes[i])]


@compiled(
    "void(float32[::1], float32, float32, uint8[:, ::1], uint8[::1], uint8[::1], uint8[::1])",
    "void(float64[::1], float64, float64, uint8[:, ::1], uint8[::1], uint8[::1], uint8[::1])",
)
def planes(values: Any, low: Any, step: Any, colors: Any, red: Any, green: Any, blue: Any) -> None:
    """Into a plane [values] for each channel."""
    codes = np.empty(_BLOCK, np.int32)
    for start in range(0, len(values), _BLOCK):
        size = min(_BLOCK, len(values) - start)
        _codes(values[start : start + size], low, step, codes)
        _plane(codes[:size], colors[0], red[start : start + size])
        _plane(codes[:size], colors[1], green[start : start + size])
        _plane(codes[:size], colors[2], blue[start : start + size])
