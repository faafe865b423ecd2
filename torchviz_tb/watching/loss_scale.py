"""The loss scale of mixed precision: what gradients are still multiplied by, and which steps it kept from happening.

Where the scale can be seen:

- An optimizer that unscales by itself (``fused=True``) is given the scale and whether a gradient is infinite as
  its attributes ``grad_scale`` and ``found_inf`` while it steps. That needs no help from the user.
- Any other optimizer gets gradients that are unscaled already, and a step that is to be skipped never reaches
  it. Only the scaler knows of that, so it is to be given: ``watch(..., scaler=scaler)``. Its scale falls by its
  backoff factor in ``update()`` for each skipped step, which is seen at the next step, or at the end.
"""

import math
from typing import Protocol

import torch

from torchviz_tb.capture.statistics import Value


class Scaler(Protocol):
    """What we ask of a torch.amp.GradScaler."""

    def get_scale(self) -> float:
        """The scale."""

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied by after a skipped step."""

    def is_enabled(self) -> bool:
        """Whether it scales."""


def pending_scale(optimizer: torch.optim.Optimizer | None) -> torch.Tensor | None:
    """What the gradients are still multiplied by, where the optimizer divides by it itself; only within its step."""
    scale = getattr(optimizer, "grad_scale", None)
    return scale if isinstance(scale, torch.Tensor) else None


def pending_skip(optimizer: torch.optim.Optimizer) -> torch.Tensor | None:
    """Not 0 where the optimizer is about to leave out its update itself; only within its step."""
    found = getattr(optimizer, "found_inf", None)
    return found if isinstance(found, torch.Tensor) else None


@torch.no_grad()
def unscaled(value: Value, scale: torch.Tensor | None) -> Value:
    """A gradient divided by a scale, in float32 where its own type is smaller; what is no tensor stays."""
    if scale is None or not isinstance(value, torch.Tensor) or value.layout != torch.strided:
        return value
    wide = value.float() if value.is_floating_point() and value.dtype.itemsize < 4 else value
    return wide / scale.to(wide.device)


class SkippedSteps:
    """Tells from the scale of a scaler how many steps it has skipped."""

    def __init__(self, scaler: Scaler) -> None:
        self._scaler = scaler
        self._last = self.scale

    @property
    def scale(self) -> float | None:
        """The scale, None where it is switched off. On a device this waits for it, as the scaler's own step does."""
        return self._scaler.get_scale() if self._scaler.is_enabled() else None

    def since_last(self) -> tuple[int, float, float] | None:
        """How many steps were skipped since the last call, and the scale before and after; None for no step.

        A scale that was set by hand to a lower value counts as one.
        """
        before, after = self._last, self.scale
        self._last = after
        if before is None or after is None or not 0 < after < before:
            return None
        count = math.log(after / before) / math.log(self._scaler.get_backoff_factor())
        return max(1, round(count)), before, after
