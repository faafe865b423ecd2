"""Values to colours on CUDA: one kernel that reads each value once and writes its pixel, one that finds the limits."""

import triton
import triton.language as tl

_LAST, _NAN, _COLORS = tl.constexpr(255), tl.constexpr(256), tl.constexpr(257)
_MAGNITUDE, _INFINITE = tl.constexpr(0x7FFFFFFF), tl.constexpr(0x7F800000)
_WIDE_MAGNITUDE, _WIDE_INFINITE = tl.constexpr((1 << 63) - 1), tl.constexpr(0x7FF << 52)


@triton.jit
def find_range(values, found, count, block: tl.constexpr, wide: tl.constexpr):
    """Least and greatest finite value into ``found``, as integers that are ordered as the values are."""
    places = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    loaded = tl.load(values + places, mask=places < count, other=float("nan"))
    if wide:
        bits = loaded.to(tl.int64, bitcast=True)
        finite = (bits & _WIDE_MAGNITUDE) < _WIDE_INFINITE
        keys = bits ^ ((bits >> 63) & _WIDE_MAGNITUDE)
        least, greatest = tl.where(finite, keys, _WIDE_MAGNITUDE), tl.where(finite, keys, -_WIDE_MAGNITUDE - 1)
    else:
        bits = loaded.to(tl.float32).to(tl.int32, bitcast=True)
        finite = (bits & _MAGNITUDE) < _INFINITE
        keys = bits ^ ((bits >> 31) & _MAGNITUDE)
        least, greatest = tl.where(finite, keys, _MAGNITUDE), tl.where(finite, keys, -_MAGNITUDE - 1)
    tl.atomic_min(found, tl.min(least, 0), sem="relaxed")
    tl.atomic_max(found + 1, tl.max(greatest, 0), sem="relaxed")


@triton.jit
def color(values, scale, colors, out, count, block: tl.constexpr, wide: tl.constexpr, channels_first: tl.constexpr):
    """A picture of ``count`` values for each program of the second axis.

    ``scale`` is (low, step, whether to compute in float64); ``colors`` has rows of 257 bytes for red, green and blue.
    """
    places = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    mask, picture = places < count, tl.program_id(1).to(tl.int64) * count
    loaded = tl.load(values + picture + places, mask=mask, other=0.0)
    if not wide:
        loaded = loaded.to(tl.float32)
    low, step = tl.load(scale), tl.load(scale + 1)
    is_nan = loaded != loaded
    if tl.load(scale + 2) != 0:
        number = (loaded.to(tl.float64) - low) / step
        codes = tl.minimum(tl.maximum(number, 0.0), 255.0).to(tl.int32)
    else:
        # Rounded as IEEE says, so that a colour is the same on every device.
        short = tl.div_rn(
            loaded.to(tl.float32) - low.to(tl.float32), step.to(tl.float32) + tl.zeros((block,), tl.float32)
        )
        codes = tl.minimum(tl.maximum(short, 0.0), 255.0).to(tl.int32)
    codes = tl.where(is_nan, _NAN, codes)
    for channel in tl.static_range(3):
        parts = tl.load(colors + channel * _COLORS + codes, mask=mask, other=0)
        if channels_first:
            tl.store(out + picture * 3 + channel * count + places, parts, mask=mask)
        else:
            tl.store(out + (picture + places) * 3 + channel, parts, mask=mask)
