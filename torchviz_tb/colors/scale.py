"""Which value gets which of the 256 colours."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from torchviz_tb.colors.threads import in_threads
from torchviz_tb.errors import ArgumentError

LAST = 255
"""The number of the last colour; a colormap's first is 0."""

_WIDE = (torch.float64, torch.int32, torch.int64)
# Differences of values up to here fit float32, and steps down to here keep all of its bits.
_LARGEST, _SMALLEST = 1e38, 1e-36
_LARGE = 1 << 19  # values: a part for a thread


@dataclass(frozen=True)
class Scale:
    """Value x gets the colour floor((x - low) / step), kept to 0 … 255; computed in ``dtype``."""

    low: float
    step: float
    dtype: torch.dtype

    @classmethod
    def between(cls, low: float, high: float, dtype: torch.dtype) -> "Scale":
        """256 equal steps from low to high for values of a type; if both are equal, all above gets the last colour."""
        # Of each half, as the range of two large numbers may be infinite.
        step = high / (LAST + 1) - low / (LAST + 1)
        fits = max(-low, high) < _LARGEST and (step > _SMALLEST or low == high)
        computed = computed_in(dtype) if fits else torch.float64
        return cls(low, step or torch.finfo(computed).tiny, computed)


def computed_in(dtype: torch.dtype) -> torch.dtype:
    """The type in which values of a type are scaled, as long as the range allows it."""
    is_wide = dtype in _WIDE or (str(dtype).startswith("torch.uint") and dtype != torch.uint8)
    return torch.float64 if is_wide else torch.float32


def scale_on_device(low: torch.Tensor, high: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """As ``Scale.between``, of two float64 on a device that are not read: low, step, and 1 where float64 is needed."""
    step = high / (LAST + 1) - low / (LAST + 1)
    fits = (torch.maximum(-low, high) < _LARGEST) & ((step > _SMALLEST) | (low == high))
    is_wide = ~fits | (computed_in(dtype) == torch.float64)
    tiny = torch.where(is_wide, torch.finfo(torch.float64).tiny, torch.finfo(torch.float32).tiny)
    return torch.stack([low, step.where(step != 0, tiny.to(torch.float64)), is_wide.to(torch.float64)])


def finite_range(values: torch.Tensor) -> tuple[float, float]:
    """Least and greatest finite value; (0, 0) where there is none. Costs a pass, and a copy if some are not finite."""
    if values.numel() == 0:
        return 0.0, 0.0
    comparable = _comparable(values)
    low, high = _extremes(comparable)
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    finite = comparable[torch.isfinite(comparable)]
    return finite_range(finite)


def _extremes(values: torch.Tensor) -> tuple[float, float]:
    """NaN, if any is."""
    if values.device.type == "cpu" and values.numel() > _LARGE and values.dtype in (torch.float32, torch.float64):
        array = values.reshape(-1).numpy()
        parts = (array[start : start + _LARGE] for start in range(0, len(array), _LARGE))
        lows, highs = zip(*in_threads(lambda part: (part.min(), part.max()), parts), strict=True)
        return float(np.min(lows)), float(np.max(highs))
    low, high = torch.stack(torch.aminmax(values)).to(torch.float64).tolist()  # one wait for a device
    return low, high


def checked_limit(name: str, limit: object) -> float | None:
    """A finite number or None; raises ArgumentError for anything else."""
    if limit is None:
        return None
    try:
        number = float(limit)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, RuntimeError):
        number = math.nan
    if not math.isfinite(number):
        raise ArgumentError(f"{name} is {limit!r}, not a finite number: leave it out to take it from the tensor")
    return number


def check_order(low: float, high: float) -> None:
    """Raises if the limits are the wrong way round."""
    if low > high:
        raise ArgumentError(
            f"the colours would go from {low:g} down to {high:g}: vmin must not be above vmax, and what is not given "
            "is taken from the tensor; to turn the colours around, add '_r' to the colormap's name"
        )


def _comparable(values: torch.Tensor) -> torch.Tensor:
    """In a type for which torch knows minimum and maximum."""
    if values.dtype.is_floating_point and values.dtype.itemsize == 1:
        return values.to(torch.float32)
    if str(values.dtype) in ("torch.uint16", "torch.uint32", "torch.uint64"):
        return values.to(torch.float64)
    return values
