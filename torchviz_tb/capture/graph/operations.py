"""One recorded operation, and how operators tell about themselves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch._ops import HigherOrderOperator, OpOverload
from torch.utils.flop_counter import flop_registry

from torchviz_tb.capture.graph.arguments import RawAttributes

Operator = OpOverload | HigherOrderOperator

# Autograd saves an operation's output through this one; it is shown only if somebody reads it.
SILENT_NAME = "aten.detach"

# They ask about a tensor's metadata, or mark time for the profiler.
_HIDDEN_NAMESPACES = ("prim", "profiler")
# torch.tensor([...]) passes its literal through this; the result is the constant itself.
_HIDDEN_NAMES = ("aten.lift_fresh",)

FlopFormula = Callable[..., int]


class RecordedOperation(NamedTuple):
    """One operation; its fields are not changed any more once it is recorded.

    `reads` has the origins, as in provenance, None for a constant; of each the type that was read from it, None
    where another tensor's memory was written.
    """

    name: str
    scope: int
    reads: Mapping[int | None, int | None]
    outputs: Sequence[int]
    parameters: Sequence[int]
    flops: int
    bytes: int  # of the distinct tensors read and written; 0 for a view
    attributes: RawAttributes = ()
    call: int | None = None
    sequence: int = 0  # autograd's counter: the node made for the operation has this one, if any was made

    @property
    def silent(self) -> bool:
        """Whether it is noise unless somebody reads its result."""
        return self.name == SILENT_NAME


def operation_name(operator: Operator) -> str:
    """Such as "aten.addmm": namespace and name without the overload."""
    if isinstance(operator, OpOverload):
        return operator._schema.name.replace("::", ".")
    return f"{operator.namespace}.{operator.name()}"


def is_hidden(name: str) -> bool:
    """Whether an operation is about no values."""
    return name.partition(".")[0] in _HIDDEN_NAMESPACES or name in _HIDDEN_NAMES


def flop_formula(operator: Operator) -> FlopFormula | None:
    """How torch counts an operator's FLOPs; None if it does not."""
    return flop_registry.get(operator._overloadpacket) if isinstance(operator, OpOverload) else None


class FlopCounter:
    """Counts FLOPs by torch's formulas, once for all operations on the same shapes."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], int] = {}

    def count(self, formula: FlopFormula | None, args: tuple[Any, ...], kwargs: dict[str, Any], result: object) -> int:
        """FLOPs of one operation; 0 where they are not counted."""
        if formula is None:
            return 0
        if not hasattr(formula, "__wrapped__"):  # torch gives it the tensors, not their shapes: it may read values
            return _flops(formula, args, kwargs, result)
        key = formula, *_shapes(args), tuple(_shapes(kwargs.items())), *_shapes((result,))
        try:
            known = self._known.get(key)
        except TypeError:  # an argument that can't be hashed
            return _flops(formula, args, kwargs, result)
        if known is None:
            known = self._known[key] = _flops(formula, args, kwargs, result)
        return known


def _shapes(values: Iterable[object]) -> list[object]:
    """Values with tensors as their shapes, lists as tuples that no shape is equal to."""
    return [
        value.shape
        if isinstance(value, torch.Tensor)
        else (list, *_shapes(value))
        if isinstance(value, (tuple, list))
        else value
        for value in values
    ]


def _flops(formula: FlopFormula, args: tuple[Any, ...], kwargs: dict[str, Any], result: object) -> int:
    try:
        return int(formula(*args, **kwargs, out_val=result))
    except Exception:  # noqa: BLE001 - a formula may not know this kind of tensor; the operation still counts
        return 0


next_sequence: Callable[[], int] = torch._C._autograd._get_sequence_nr
"""The number that autograd will give to the next node made in this thread."""
