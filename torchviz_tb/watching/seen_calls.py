"""Calls of modules, seen as long as somebody else keeps what they were given and returned.

Nothing is kept for it: tensors are known by weak references, and most of them live until the backward, which needs
them. Of those that are let go of before, the simple layers among torch's own can be run again.
"""

import weakref
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import nn

from torchviz_tb.capture.graph.terminals import output_tensors
from torchviz_tb.watching.module_hooks import ModuleCall

# They change nothing, draw nothing at random, and talk to nobody.
_REPEATABLE = frozenset(
    getattr(nn, name)
    for name in (
        *("Linear", "Embedding", "Conv1d", "Conv2d", "Conv3d"),
        *("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "LayerNorm", "RMSNorm", "GroupNorm"),
        *("ReLU", "ELU", "SELU", "GELU", "SiLU", "Sigmoid", "Tanh", "Softplus", "Softmax", "LogSoftmax", "PReLU"),
    )
    if hasattr(nn, name)
)


# What they return is finite if what they are given is.
_HARMLESS = frozenset(
    getattr(nn, name)
    for name in (
        *("Identity", "Flatten", "Unflatten", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"),
        *("ReLU", "ReLU6", "LeakyReLU", "ELU", "CELU", "GELU", "SiLU", "Mish", "Sigmoid", "Tanh", "Softsign"),
        *("Hardswish", "Hardtanh", "Hardsigmoid", "Softmax", "MaxPool1d", "MaxPool2d", "MaxPool3d"),
    )
    if hasattr(nn, name)
)

WeakTensor = tuple["weakref.ref[torch.Tensor]", int, torch.dtype]
"""A tensor that somebody else keeps, or not; the version of its values, and their type."""


RawCall = tuple[str, nn.Module, tuple[WeakTensor, ...], tuple[WeakTensor, ...]]
"""The fields of a SeenCall."""


def can_be_first(module: nn.Module) -> bool:
    """Whether a module can return NaN or infinity where it was given none, as far as we know."""
    return type(module) not in _HARMLESS or "forward" in vars(module)


class SeenCall(NamedTuple):
    """What a module was given and returned."""

    path: str
    module: nn.Module
    given: tuple[WeakTensor, ...]
    returned: tuple[WeakTensor, ...]

    def outputs(self) -> list[torch.Tensor] | None:
        """What it returned, computed again if need be; None where that can't be told."""
        known = _still_there(self.returned)
        if len(known) == len(self.returned):
            return known
        again = self._again()
        return None if again is None else [again]

    def has_returned(self, value: object) -> bool:
        """Whether it has returned this tensor and nothing else."""
        return len(self.returned) == 1 and self.returned[0][0]() is value

    def inputs(self) -> list[torch.Tensor]:
        """Those of the tensors it was given that are still there."""
        return _still_there(self.given)

    @property
    def knows_inputs(self) -> bool:
        """Whether all tensors that it was given are still there."""
        return len(self.inputs()) == len(self.given)

    def _again(self) -> torch.Tensor | None:
        is_repeatable = type(self.module) in _REPEATABLE and "forward" not in vars(self.module)
        inputs = self.inputs()
        if not is_repeatable or (len(inputs), len(self.given), len(self.returned)) != (1, 1, 1):
            return None
        try:
            output = type(self.module).forward(self.module, inputs[0].clone())  # some work in place
        except (RuntimeError, TypeError, ValueError):  # it was given more than a tensor, or ran under another autocast
            return None
        return output if isinstance(output, torch.Tensor) and output.dtype == self.returned[0][2] else None


def seen_call(call: ModuleCall) -> SeenCall:
    """Takes note of a call, and keeps none of its tensors."""
    all_given = tuple(_weak(each) for each in _tensors((*call.args, *call.kwargs.values())))
    return SeenCall(call.path, call.module, all_given, tuple(_weak(each) for each in _tensors((call.output,))))


def quick_call(path: str, module: nn.Module, given: torch.Tensor, output: torch.Tensor) -> RawCall:
    """As ``seen_call``, of a call with one tensor that returned one: half a microsecond.

    Raises:
        RuntimeError: A tensor is of inference mode.
    """
    was_given = weakref.ref(given), given._version, given.dtype
    return path, module, (was_given,), ((weakref.ref(output), output._version, output.dtype),)


def is_of_the_cpu(output: object) -> bool:
    """Whether reading what a module returned waits for no device."""
    return output.is_cpu if isinstance(output, torch.Tensor) else all(each.is_cpu for each in _tensors((output,)))


def _still_there(tensors: tuple[WeakTensor, ...]) -> list[torch.Tensor]:
    """Those that nobody has let go of or changed."""
    found = ((reference(), version) for reference, version, _ in tensors)
    return [tensor for tensor, version in found if tensor is not None and _version(tensor) == version]


def _weak(tensor: torch.Tensor) -> WeakTensor:
    return weakref.ref(tensor), _version(tensor), tensor.dtype


def _tensors(values: tuple[object, ...]) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (tuple, list, Mapping)) or hasattr(value, "__dict__"):
            yield from (tensor for _, tensor in output_tensors(value))


def _version(tensor: torch.Tensor) -> int:
    return -1 if tensor.is_inference() else tensor._version
