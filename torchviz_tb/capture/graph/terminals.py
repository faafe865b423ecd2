"""The tensors among a model's inputs and outputs, by the names that a user would write."""

import dataclasses
import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

DEPTH_BOUND = 16  # containers within containers
ITEM_BOUND = 100_000  # values looked at

_Leaf = (str, bytes, int, float, complex, type(None), torch.dtype, torch.device)
_Opaque = (nn.Module, type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)

NamedTensor = tuple[str, torch.Tensor]


def input_tensors(
    forward: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Iterator[NamedTensor]:
    """Tensors that a call is given, named from the signature: "x", "args[0]", "batch['ids']"."""
    walk = _Walk()
    for name, value in _bound_arguments(forward, args, kwargs):
        yield from walk.tensors(name, value)


def output_tensors(result: object) -> Iterator[NamedTensor]:
    """Tensors that a call returned: "output", "output[1]", or the field that holds them, such as "loss"."""
    return _Walk().tensors("", result)


def _bound_arguments(
    forward: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Iterator[tuple[str, object]]:
    try:
        signature = inspect.signature(forward)
        bound = signature.bind(*args, **kwargs)
    except (TypeError, ValueError):  # no signature (a scripted method), or a call that will raise by itself
        yield "args", args
        yield from kwargs.items()
        return
    for name, value in bound.arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            yield from value.items()
        else:
            yield name, value


class _Walk:
    """Finds tensors in any object, each container once, within bounds."""

    def __init__(self) -> None:
        self._seen: dict[int, object] = {}
        self._items = 0

    def tensors(self, name: str, value: object, depth: int = 0) -> Iterator[NamedTensor]:
        self._items += 1
        if isinstance(value, torch.Tensor):
            yield name or "output", value
        elif not isinstance(value, (*_Leaf, *_Opaque)) and depth < DEPTH_BOUND and id(value) not in self._seen:
            self._seen[id(value)] = value
            for child, item in _children(name, value):
                if self._items < ITEM_BOUND:
                    yield from self.tensors(child, item, depth + 1)


def _children(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, item in list(value.items()):
            yield _key_name(name, key), item
    elif isinstance(value, (tuple, list, set, frozenset)):
        fields = getattr(type(value), "_fields", None)
        for index, item in enumerate(value):
            yield _field_name(name, fields[index]) if fields else f"{name or 'output'}[{index}]", item
    elif dataclasses.is_dataclass(value):
        for item_field in dataclasses.fields(value):
            yield _field_name(name, item_field.name), getattr(value, item_field.name, None)
    else:
        for key, item in list(getattr(value, "__dict__", {}).items()):
            yield _field_name(name, key), item


def _key_name(name: str, key: object) -> str:
    if not name and isinstance(key, str):
        return key
    return f"{name or 'output'}[{key!r}]"


def _field_name(name: str, field: str) -> str:
    return f"{name}.{field}" if name else field
