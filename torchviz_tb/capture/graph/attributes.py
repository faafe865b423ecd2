"""Arguments of operations that are not tensors, as short texts for people."""

from collections.abc import Iterable
from typing import Any

import torch

_VALUE_BOUND = 80  # characters
_ATTRIBUTE_BOUND = 16  # for one operation

RawAttributes = tuple[tuple[str, object], ...]


def raw_attributes(names: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> RawAttributes:
    """Name and value of what may be shown; formatting waits until the forward is over."""
    found = [
        (name, value)
        for name, value in zip(names, args, strict=False)
        if value is not None and not isinstance(value, torch.Tensor) and _is_shown(value)
    ]
    if kwargs:
        found += [(name, value) for name, value in kwargs.items() if value is not None and _is_shown(value)]
    return tuple(found)


def _is_shown(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return not value or not isinstance(value[0], (torch.Tensor, type(None)))
    # By its very type: an isinstance of torch's Generator is slow, and nobody derives from it.
    return not isinstance(value, torch.Tensor) and type(value) is not torch.Generator


class AttributeTable:
    """Gives every distinct (name, text) an index."""

    def __init__(self) -> None:
        self._indices: dict[tuple[str, str], int] = {}

    def indices(self, attributes: RawAttributes) -> Iterable[int]:
        """Indices of an operation's attributes, added where they are new."""
        for name, value in attributes[:_ATTRIBUTE_BOUND]:
            yield self._indices.setdefault((name, _text(value)), len(self._indices))

    def items(self) -> list[tuple[str, str]]:
        """All of them, in the order of their indices."""
        return list(self._indices)


def _text(value: object) -> str:
    text = repr(list(value)) if isinstance(value, (list, tuple)) else str(value)
    text = text.replace("torch.", "")
    return text if len(text) <= _VALUE_BOUND else text[: _VALUE_BOUND - 1] + "…"
