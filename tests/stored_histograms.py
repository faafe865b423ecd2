"""Reads stored histograms the plain way, straight from what records.proto says."""

import numpy as np

from torchviz_tb.records import records_pb2 as pb


def indices(record: pb.Histogram) -> np.ndarray:
    """Signed index of each occupied bin."""
    return np.cumsum([record.first, *record.steps])[: len(record.counts)].astype(np.int64)


def edges(record: pb.Histogram, index: int) -> tuple[float, float]:
    """Lower and upper value of a bin, by walking through the binades."""
    number = abs(index) - 1
    for exponent in range(256):
        bits = record.mantissa_bits
        if exponent < record.taper_exponent:
            bits = max(0, bits - (record.taper_exponent - exponent))
        if number < 2**bits:
            inner, outer = (_value(exponent, (number + k) / 2**bits) for k in (0, 1))
            return (inner, outer) if index > 0 else (-outer, -inner)
        number -= 2**bits
    raise AssertionError(f"bin {index} is beyond the last binade")


def _value(exponent: int, fraction: float) -> float:
    return fraction * 2.0**-126 if exponent == 0 else (1 + fraction) * 2.0 ** (exponent - 127)


def quantile(record: pb.Histogram, q: float) -> float:
    """The quantile of the finite values, each bin's mass spread evenly."""
    masses = [(*edges(record, int(i)), count) for i, count in zip(indices(record), record.counts, strict=True)]
    bins = sorted([*masses, (0.0, 0.0, record.zeros)])
    left = q * sum(count for _, _, count in bins)
    for lower, upper, count in bins:
        if left <= count:
            return lower + (upper - lower) * left / count if count else lower
        left -= count
    return bins[-1][1]
