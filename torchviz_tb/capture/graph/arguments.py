"""What an operation is given: tensors, and the rest as it will be shown."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

RawAttributes = tuple[tuple[str, object], ...]

# Of these all are shown, by their very type: to ask whether something else is a tensor takes longer.
_PLAIN = frozenset((bool, int, float, complex, str, torch.dtype, torch.device, torch.layout, torch.memory_format))


def tensors_of(values: Iterable[object]) -> list[torch.Tensor]:
    """The tensors among an operation's arguments or results, in order."""
    found: list[torch.Tensor] = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            found += tensors_of(value)
        elif isinstance(value, dict):
            found += tensors_of(value.values())
    return found


def sorted_arguments(
    names: Sequence[str], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[list[torch.Tensor], RawAttributes]:
    """The tensors in order, and name and value of all else that may be shown; formatting waits until later.

    An operator without a schema has no names; of it only keyword arguments can be shown.
    """
    tensors: list[torch.Tensor] = []
    attributes: list[tuple[str, object]] = []
    named: Iterable[tuple[str, Any]] = zip(names or itertools.repeat(""), args, strict=False)
    for name, value in itertools.chain(named, kwargs.items()) if kwargs else named:
        if isinstance(value, torch.Tensor):
            tensors.append(value)
        elif type(value) in _PLAIN or (type(value) is list and value and type(value[0]) is int):  # such as sizes
            attributes.append((name, value))
        elif value is not None:
            within = tensors_of((value,))
            tensors += within
            if not within and _is_shown(value):
                attributes.append((name, value))
    return tensors, tuple(attributes) if names or not args else tuple(item for item in attributes if item[0])


def _is_shown(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return not value or value[0] is not None
    # By its very type: an isinstance of torch's Generator is slow, and nobody derives from it.
    return type(value) is not torch.Generator
