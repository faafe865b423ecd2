"""The triton engine's kernels: one program a piece, whatever tensor it is of (``device_layout`` says what they fill).

A row of ``pieces`` is (address, elements, part, type, row in sums and counts). Types are the places in TYPES; those
from EIGHT_BITS on have elements of 8 bits, whose values are looked up in a row of ``values_of_codes``.
Numbers of columns must be those of ``device_layout``; a test holds them to it.
"""

import triton
import triton.language as tl

COLUMNS = tl.constexpr(5)
ADDRESS, ELEMENTS, PART, TYPE, ROW = (tl.constexpr(i) for i in range(5))
FLOAT32, BFLOAT16, FLOAT16, FLOAT64, EIGHT_BITS = (tl.constexpr(i) for i in range(5))

SUMS, COUNTS, KEYS, CELLS = tl.constexpr(7), tl.constexpr(7), tl.constexpr(1 << 12), tl.constexpr(1 << 16)
_REST_BITS, _REST = tl.constexpr(20), tl.constexpr((1 << 20) - 1)
_MAGNITUDE, _INFINITE, _NAN = tl.constexpr(0x7FFFFFFF), tl.constexpr(0x7F800000), tl.constexpr(0x7FC00000)
_LARGEST = tl.constexpr(0x7F7FFFFF)
_WIDE_MAGNITUDE, _WIDE_INFINITE = tl.constexpr((1 << 63) - 1), tl.constexpr(0x7FF << 52)
_LARGE, _SMALL = tl.constexpr(2.0**400), tl.constexpr(2.0**-400)
_DENORMAL, _DENORMALS_PER_ONE = tl.constexpr(2.0**-126), tl.constexpr(2.0**149)


@triton.jit
def _typed(address, dtype: tl.constexpr, aligned: tl.constexpr):
    pointer = address.to(tl.pointer_type(dtype))
    return tl.multiple_of(pointer, 16) if aligned else pointer


@triton.jit
def _load(piece, values_of_codes, places, mask, wide: tl.constexpr, aligned: tl.constexpr):
    """Values in float32, or float64 if they are wide; NaN where there is none."""
    address, kind = tl.load(piece + ADDRESS), tl.load(piece + TYPE)
    if wide:
        values = tl.load(_typed(address, tl.float64, aligned) + places, mask=mask, other=float("nan"))
    elif kind == FLOAT32:
        values = tl.load(_typed(address, tl.float32, aligned) + places, mask=mask, other=float("nan"))
    elif kind == BFLOAT16:
        # By its bits, so that nothing takes denormals for zeros.
        codes = tl.load(_typed(address, tl.uint16, aligned) + places, mask=mask, other=0x7FC0).to(tl.int32)
        values = (codes << 16).to(tl.float32, bitcast=True)
    elif kind == FLOAT16:
        values = tl.load(_typed(address, tl.float16, aligned) + places, mask=mask, other=float("nan")).to(tl.float32)
    else:
        codes = tl.load(_typed(address, tl.uint8, aligned) + places, mask=mask, other=0).to(tl.int32)
        values = tl.load(values_of_codes + (kind - EIGHT_BITS) * 256 + codes, mask=mask, other=float("nan"))
    return values


@triton.jit
def _patterns(values, wide: tl.constexpr):
    """The float32 patterns of values, those of float64 cut towards zero as ``float32_patterns`` does."""
    if wide:
        bits = values.to(tl.int64, bitcast=True)
        magnitudes = bits & _WIDE_MAGNITUDE
        size = magnitudes.to(tl.float64, bitcast=True)
        cut = tl.minimum((magnitudes >> 29) - (896 << 23), _LARGEST)
        is_small = size < _DENORMAL
        denormals = (tl.where(is_small, size, 0.0) * _DENORMALS_PER_ONE).to(tl.int64)
        cut = tl.where(is_small, tl.where((denormals == 0) & (magnitudes > 0), 1, denormals), cut)
        cut = tl.where(magnitudes == _WIDE_INFINITE, _INFINITE, tl.where(magnitudes > _WIDE_INFINITE, _NAN, cut))
        patterns = cut.to(tl.int32) | ((bits >> 63).to(tl.int32) << 31)
    else:
        patterns = values.to(tl.int32, bitcast=True)
    return patterns


@triton.jit
def _scale(piece, elements, block: tl.constexpr, aligned: tl.constexpr):
    """What float64 values are divided by, so that their squares are safe; as ``scale_for``."""
    largest = tl.zeros((), tl.int64)
    for start in range(0, elements, block):
        places = start + tl.arange(0, block)
        values = tl.load(
            _typed(tl.load(piece + ADDRESS), tl.float64, aligned) + places, mask=places < elements, other=0.0
        )
        magnitudes = values.to(tl.int64, bitcast=True) & _WIDE_MAGNITUDE
        largest = tl.maximum(largest, tl.max(tl.where(magnitudes < _WIDE_INFINITE, magnitudes, 0), 0))
    size = largest.to(tl.float64, bitcast=True)
    power = (tl.maximum(largest >> 52, 2) << 52).to(tl.float64, bitcast=True)
    return tl.where((size > _SMALL) & (size < _LARGE), 1.0, power)


@triton.jit
def _take(
    values,
    mask,
    center,
    scale,
    total,
    squares,
    l1,
    low,
    high,
    lowest,
    zeros,
    minus_zeros,
    nan,
    pos_inf,
    neg_inf,
    table,
    histograms: tl.constexpr,
    wide: tl.constexpr,
):
    """All that a piece adds up, with one block more."""
    patterns = _patterns(values, wide)
    magnitudes = patterns & _MAGNITUDE
    finite = magnitudes < _INFINITE
    number = tl.where(finite, values.to(tl.float64), 0.0) / scale if wide else tl.where(finite, values, 0.0)
    distance = tl.where(finite, number.to(tl.float64) - center, 0.0)
    total += tl.sum(distance, 0)
    squares += tl.sum(distance * distance, 0)
    l1 += tl.sum(tl.abs(number).to(tl.float64), 0)
    low = tl.minimum(low, tl.min(tl.where(finite, values, float("inf")), 0))
    high = tl.maximum(high, tl.max(tl.where(finite, values, float("-inf")), 0))
    least = tl.min(tl.where(mask, magnitudes, _MAGNITUDE), 0)
    if (least == 0) | (tl.max(tl.where(mask, magnitudes, 0), 0) >= _INFINITE):
        zero, infinite = mask & (magnitudes == 0), mask & (magnitudes == _INFINITE)
        zeros += tl.sum(zero.to(tl.int32), 0)
        minus_zeros += tl.sum((zero & (patterns < 0)).to(tl.int32), 0)
        nan += tl.sum((mask & (magnitudes > _INFINITE)).to(tl.int32), 0)
        pos_inf += tl.sum((infinite & (patterns > 0)).to(tl.int32), 0)
        neg_inf += tl.sum((infinite & (patterns < 0)).to(tl.int32), 0)
        least = tl.min(tl.where(finite & (magnitudes > 0), magnitudes, _MAGNITUDE), 0)
    lowest = tl.minimum(lowest, least)
    if histograms:
        # Lanes without an element hold NaN, whose entries nobody reads.
        table += tl.histogram((patterns >> _REST_BITS) & (KEYS - 1), KEYS)
    return total, squares, l1, low, high, lowest, zeros, minus_zeros, nan, pos_inf, neg_inf, table


@triton.jit
def scan(
    pieces,
    values_of_codes,
    sums,
    counts,
    tables,
    block: tl.constexpr,
    histograms: tl.constexpr,
    wide: tl.constexpr,
    aligned: tl.constexpr,
):
    """The first pass: a row of sums and counts for each piece, and its elements added to the table of its part."""
    piece = pieces + tl.program_id(0).to(tl.int64) * COLUMNS
    elements = tl.load(piece + ELEMENTS).to(tl.int32)
    lanes = tl.arange(0, block)
    scale = _scale(piece, elements, block, aligned) if wide else tl.full((), 1.0, tl.float64)
    # Sums are of differences from the mean of the first block: what cancels in the end is next to nothing.
    values = _load(piece, values_of_codes, lanes, lanes < elements, wide, aligned)
    finite = (_patterns(values, wide) & _MAGNITUDE) < _INFINITE
    first = tl.sum(finite.to(tl.int32), 0)
    center = tl.sum(tl.where(finite, values.to(tl.float64), 0.0) / scale, 0) / tl.maximum(first, 1)
    total, squares, l1 = tl.zeros((), tl.float64), tl.zeros((), tl.float64), tl.zeros((), tl.float64)
    low, high = tl.full((), float("inf"), values.dtype), tl.full((), float("-inf"), values.dtype)
    zeros, minus_zeros = tl.zeros((), tl.int32), tl.zeros((), tl.int32)
    nan, pos_inf, neg_inf = tl.zeros((), tl.int32), tl.zeros((), tl.int32), tl.zeros((), tl.int32)
    lowest = tl.full((), _MAGNITUDE, tl.int32)
    table = tl.zeros((KEYS,), tl.int32)
    # Whole blocks first: their masks let loads be wide. Each block is on its way while the one before is looked at.
    whole = elements // block * block
    values = _load(piece, values_of_codes, lanes, lanes < whole, wide, aligned)
    for start in range(0, whole, block):
        places = start + block + lanes
        ahead = _load(piece, values_of_codes, places, places < whole, wide, aligned)
        # fmt: off
        total, squares, l1, low, high, lowest, zeros, minus_zeros, nan, pos_inf, neg_inf, table = _take(
            values, lanes >= 0, center, scale, total, squares, l1, low, high, lowest,
            zeros, minus_zeros, nan, pos_inf, neg_inf, table, histograms, wide,
        )
        # fmt: on
        values = ahead
    if whole < elements:
        places = whole + lanes
        values = _load(piece, values_of_codes, places, places < elements, wide, aligned)
        # fmt: off
        total, squares, l1, low, high, lowest, zeros, minus_zeros, nan, pos_inf, neg_inf, table = _take(
            values, places < elements, center, scale, total, squares, l1, low, high, lowest,
            zeros, minus_zeros, nan, pos_inf, neg_inf, table, histograms, wide,
        )
        # fmt: on
    count = elements - nan - pos_inf - neg_inf
    mean = total / tl.maximum(count, 1)
    row = sums + tl.load(piece + ROW) * SUMS
    tl.store(row + 0, count.to(tl.float64))
    tl.store(row + 1, low.to(tl.float64))
    tl.store(row + 2, high.to(tl.float64))
    tl.store(row + 3, center + mean)
    tl.store(row + 4, tl.maximum(squares - mean * total, 0.0))
    tl.store(row + 5, l1)
    tl.store(row + 6, scale)
    row = counts + tl.load(piece + ROW) * COUNTS
    tl.store(row + 0, zeros.to(tl.int64))
    tl.store(row + 1, minus_zeros.to(tl.int64))
    tl.store(row + 2, nan.to(tl.int64))
    tl.store(row + 3, pos_inf.to(tl.int64))
    tl.store(row + 4, neg_inf.to(tl.int64))
    largest = tl.maximum(tl.abs(low), tl.abs(high))
    highest = _patterns(tl.where(count > 0, largest, 0.0).to(values.dtype), wide)
    tl.store(row + 5, lowest.to(tl.int64))
    tl.store(row + 6, highest.to(tl.int64))
    if histograms:
        entries = tables + tl.load(piece + PART) * KEYS + tl.arange(0, KEYS)
        tl.atomic_add(entries, table, mask=table > 0, sem="relaxed")


@triton.jit(do_not_specialize=["slots"])
def refine(
    pieces,
    values_of_codes,
    slot_of_part,
    starts,
    shifts,
    cells,
    least,
    greatest,
    slots,
    block: tl.constexpr,
    wide: tl.constexpr,
    aligned: tl.constexpr,
):
    """The second pass, of pieces whose part has a slot: their elements by cells; all others end at once."""
    piece = pieces + tl.program_id(0).to(tl.int64) * COLUMNS
    slot = tl.load(slot_of_part + tl.load(piece + PART))
    if slot < slots:
        elements, shift = tl.load(piece + ELEMENTS).to(tl.int32), tl.load(shifts + slot)
        for start in range(0, elements, block):
            places = start + tl.arange(0, block)
            mask = places < elements
            patterns = _patterns(_load(piece, values_of_codes, places, mask, wide, aligned), wide)
            magnitudes = patterns & _MAGNITUDE
            counted = mask & (magnitudes > 0) & (magnitudes < _INFINITE)
            keys, rests = (patterns >> _REST_BITS) & (KEYS - 1), magnitudes & _REST
            cell = tl.load(starts + slot * KEYS + keys, mask=counted, other=0) + (rests >> shift) + slot * CELLS
            rests &= (1 << shift) - 1
            tl.atomic_add(cells + cell, 1, mask=counted, sem="relaxed")
            tl.atomic_min(least + cell, rests, mask=counted, sem="relaxed")
            tl.atomic_max(greatest + cell, rests, mask=counted, sem="relaxed")
