"""One recorded operation, and how operators tell about themselves."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch._ops import HigherOrderOperator, OpOverload

from torchviz_tb.capture.graph.attributes import RawAttributes

Operator = OpOverload | HigherOrderOperator

# Autograd saves an operation's output through this one; it is shown only if somebody reads it.
SILENT_NAME = "aten.detach"


@dataclass(slots=True)
class RecordedOperation:
    """One operation; `origins` as in provenance, None for a constant.

    Of each origin `read_types` tells what was read from it, None where another tensor's memory was written.
    """

    name: str
    scope: int
    origins: tuple[int | None, ...]
    outputs: tuple[int, ...]
    parameters: tuple[int, ...]
    flops: int
    read_types: tuple[int | None, ...]
    bytes: int  # of the distinct tensors read and written; 0 for a view
    attributes: RawAttributes = ()
    call: int | None = None
    sequence: int = 0  # autograd's counter: the node made for the operation has this one, if any was made

    @property
    def silent(self) -> bool:
        """Whether it is noise unless somebody reads its result."""
        return self.name == SILENT_NAME


def tensors_of(value: object) -> Iterator[torch.Tensor]:
    """The tensors among an operation's arguments or results, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors_of(item)
    elif isinstance(value, dict):
        yield from tensors_of(list(value.values()))


def operation_name(operator: Operator) -> str:
    """Such as "aten.addmm": namespace and name without the overload."""
    if isinstance(operator, OpOverload):
        return operator._schema.name.replace("::", ".")
    return f"{operator.namespace}.{operator.name()}"
