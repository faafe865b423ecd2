"""A model's state around a forward that is not the user's own: kept, and put back."""

import contextlib
import operator
import random
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from torchviz_tb.capture.graph.provenance import storage_key

_CONTAINERS = frozenset((dict, OrderedDict, set, list))


class Preserved:
    """Puts a model and the tensors it is given back as they were.

    Buffers are copied at once: BatchNorm's kernels write them without telling anybody. Parameters, gradients and
    inputs are copied just before an operation writes them (`before_write`), so that a large model costs no memory.
    Modules get back what their `__dict__` held; one that the forward turned into another class (a lazy module
    that initialised itself) stays as it became.
    """

    def __init__(self, model: nn.Module, inputs: Iterable[torch.Tensor]) -> None:
        modules = list(model.modules())
        parameters = _distinct(module._parameters for module in modules)
        self._gradients = [(parameter, parameter.grad) for parameter in parameters]
        watched = [*parameters, *(grad for _, grad in self._gradients if grad is not None), *inputs]
        self._watched: dict[int, list[torch.Tensor]] = {}
        for tensor in watched:
            key = storage_key(tensor)
            if key is not None and not tensor.is_meta:
                self._watched.setdefault(key, []).append(tensor)
        buffers = _distinct(module._buffers for module in modules)
        self._copies = [(buffer, _copy(buffer)) for buffer in buffers if _has_values(buffer)]
        self._modules = [_ModuleState(module) for module in modules]
        self._generators = _generator_states()

    def before_write(self, tensor: torch.Tensor) -> None:
        """Copies what shares memory with a tensor that is about to be written."""
        for watched in self._watched.pop(storage_key(tensor) or 0, []):
            self._copies.append((watched, _copy(watched)))

    def restore(self) -> None:
        """Puts everything back."""
        for module in self._modules:
            module.restore()
        for tensor, copy in self._copies:
            _write_back(tensor, copy)
        for parameter, gradient in self._gradients:
            if parameter.grad is not gradient:
                parameter.grad = gradient
        for put_back in self._generators:
            put_back()


@contextlib.contextmanager
def preserved(model: nn.Module, inputs: Iterable[torch.Tensor]) -> Iterator[Preserved]:
    """Leaves the model, the inputs and the random generators at the end as they were at the start."""
    state = Preserved(model, inputs)
    try:
        yield state
    finally:
        state.restore()


class _ModuleState:
    """What a module's `__dict__` holds, one level into the containers: parameters, buffers, submodules, hooks."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._class = type(module)
        self._training = module.training
        self._attributes = dict(module.__dict__)
        held = [value for value in self._attributes.values() if type(value) in _CONTAINERS]
        # Most are empty: a module has a dozen, and to copy them all takes longer than all else.
        self._empty: list[Any] = [value for value in held if not value]
        self._filled: list[tuple[Any, Any]] = [(value, value.copy()) for value in held if value]

    def restore(self) -> None:
        if type(self._module) is not self._class:
            return
        if any(self._empty):
            for container in self._empty:
                container.clear()
        for container, content in self._filled:
            _refill(container, content)
        _refill(self._module.__dict__, self._attributes)
        if self._module.training != self._training:  # a scripted module keeps it elsewhere
            self._module.training = self._training


def _refill(container: Any, content: Any) -> None:
    if isinstance(container, list):
        container[:] = content
    elif not _same_items(container, content):
        container.clear()
        container.update(content)


def _same_items(container: Any, content: Any) -> bool:
    """Whether nothing changed, by identity: values may be tensors, which don't compare to a bool."""
    if isinstance(container, set):
        return bool(container == content)
    same_keys = len(container) == len(content) and all(map(operator.is_, container, content))
    return same_keys and all(map(operator.is_, container.values(), content.values()))


def _distinct(held: Iterable[Mapping[str, torch.Tensor | None]]) -> list[torch.Tensor]:
    """The tensors that modules hold, each once; as `model.parameters()` gives them, at a third of its cost."""
    by_id = {id(tensor): tensor for tensors in held if tensors for tensor in tensors.values()}
    return [tensor for tensor in by_id.values() if tensor is not None]


def _has_values(tensor: torch.Tensor) -> bool:
    return storage_key(tensor) is not None and not tensor.is_meta


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().clone()


def _write_back(tensor: torch.Tensor, copy: torch.Tensor) -> None:
    # Through .data, which leaves the version counter alone: a graph that the user built before stays valid.
    with torch.inference_mode(tensor.is_inference()), torch.no_grad():
        if not torch.equal(tensor.data, copy):  # an expanded tensor can't be written, but won't have changed
            tensor.data.copy_(copy)


def _generator_states() -> list[Callable[[], None]]:
    cpu, python = torch.get_rng_state(), random.getstate()
    numpy = np.random.get_state()
    states: list[Callable[[], None]] = [
        lambda: torch.set_rng_state(cpu),
        lambda: random.setstate(python),
        lambda: np.random.set_state(numpy),
    ]
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        cuda = torch.cuda.get_rng_state_all()
        states.append(lambda: torch.cuda.set_rng_state_all(cuda))
    return states
