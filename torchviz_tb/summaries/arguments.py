"""What every ``add_*`` method checks before it does anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torchviz_tb.errors import ArgumentError

# What torch's functions raise on arguments that don't fit each other, from somewhere inside.
_MISFITS = (
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
    ZeroDivisionError,
)


@contextmanager
def told(method: str, tag: object, hint: str) -> Iterator[None]:
    """Turns what torch raises on arguments that don't fit into one sentence; what the system raises passes."""
    try:
        yield
    except ArgumentError:
        raise
    except _MISFITS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ArgumentError(f"{method} can't write {tag!r:.80}: {reason:.300}; {hint}") from error


def check_tag(tag: object) -> None:
    """Raises unless it can be a summary's tag."""
    if not isinstance(tag, str):
        raise ArgumentError(f"tag is {tag!r:.60}, not a text: pass for example 'train/loss'")


def check_step(global_step: Any) -> None:
    """Raises unless it can be an event's step: None, or whatever ``int()`` turns into 64 bits."""
    if global_step is None or (type(global_step) is int and -(2**63) <= global_step < 2**63):
        return
    try:
        fits = -(2**63) <= int(global_step) < 2**63
    except (TypeError, ValueError, OverflowError, RuntimeError):
        fits = False
    if not fits:
        raise ArgumentError(
            f"global_step is {global_step!r:.60}, not a whole number of 64 bits: pass the training step"
        )


def check_walltime(walltime: Any) -> None:
    """Raises unless it can be an event's time: None, or seconds since 1970."""
    if walltime is None or isinstance(walltime, (int, float)):
        return
    try:
        float(walltime)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise ArgumentError(
            f"walltime is {walltime!r:.60}, not seconds since 1970: pass time.time(), or .timestamp() of a datetime"
        ) from error
