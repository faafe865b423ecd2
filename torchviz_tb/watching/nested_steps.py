"""Optimizers whose step() calls the step() of their base class: torch calls the hooks for both."""

import sys
from types import FrameType, FunctionType

import torch


def is_within_its_own_step(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a hook is called for a step that is part of another one of the same optimizer.

    Asked of the stack: a step that raised leaves nothing behind that tells a second attempt from a step within.
    """
    codes = [step.__code__ for each in type(optimizer).__mro__ if (step := _hooked_step(each)) is not None]
    if len(codes) < 2:  # nearly all
        return False
    running = 0
    frame: FrameType | None = sys._getframe()
    while frame is not None and running < 2:
        if frame.f_code in codes and optimizer is frame.f_locals.get("args", (None,))[0]:
            running += 1
        frame = frame.f_back
    return running == 2


def _hooked_step(kind: type) -> FunctionType | None:
    """The step that a class defines, if torch has wrapped it in what calls the hooks."""
    step = vars(kind).get("step")
    return step if isinstance(step, FunctionType) and getattr(step, "hooked", False) else None
