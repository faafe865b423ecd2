"""The dispatch mode that sees every ATen operation of one forward."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode

from torchviz_tb.capture.graph.attributes import raw_attributes
from torchviz_tb.capture.graph.function_calls import FunctionCalls
from torchviz_tb.capture.graph.merging import Merged, merge_below, merge_deepest
from torchviz_tb.capture.graph.operations import (
    SILENT_NAME,
    FlopCounter,
    FlopFormula,
    Operator,
    RecordedOperation,
    flop_formula,
    is_hidden,
    next_sequence,
    operation_name,
    tensors_of,
)
from torchviz_tb.capture.graph.provenance import Provenance
from torchviz_tb.capture.graph.scopes import Scopes
from torchviz_tb.capture.graph.tensor_types import TypeTable
from torchviz_tb.records.graph_bounds import MAX_OPERATIONS

_ROOM = (1 / 4, 1 / 16)  # share of the bound that merging must free: as much as possible, not less than pays

# They turn values into Python numbers; others without a tensor as result are about metadata.
_VALUE_READS = ("aten._local_scalar_dense", "aten.equal")


class _Traits(NamedTuple):
    """What is known of an operator by its schema."""

    name: str
    arguments: tuple[str, ...]
    written: tuple[tuple[int, str], ...]  # position and name of the arguments that it writes
    hidden: bool
    flops: FlopFormula | None


@dataclass(slots=True)
class _Reading:
    """What an operation is about to read and write; taken before it runs, as it may write in place."""

    traits: _Traits
    origins: dict[int | None, int | None]  # with the type that was read
    parameters: dict[int, None]
    storages: set[int | None]
    moved: dict[int, int]  # bytes of each tensor, by its id
    written: list[torch.Tensor]
    sequence: int
    is_all_tensors: bool = False  # so that there are no attributes


class Recorder(TorchDispatchMode):
    """Records operations while `recording`; runs each exactly once, whatever happens to the record.

    Our own fault is kept in `fault` and ends the record, never the forward.
    """

    supports_higher_order_operators = True

    def __init__(
        self,
        scopes: Scopes,
        provenance: Provenance,
        types: TypeTable,
        calls: FunctionCalls,
        *,
        before_write: Callable[[torch.Tensor], None] | None = None,
        operation_bound: int = MAX_OPERATIONS,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[RecordedOperation] = []
        self.dropped = 0
        self.unseen = 0  # reads of values that came from computations outside the record
        self.recording = True
        self.fault: Exception | None = None
        self.rehearsal = before_write is not None  # the forward is not the user's own, and will be undone
        self._scopes = scopes
        self._provenance = provenance
        self._types = types
        self._before_write = before_write
        self._bound = operation_bound
        self._calls = calls
        self._flops = FlopCounter()
        self._known_traits: dict[Operator, _Traits] = {}
        self._full = False
        self.merged_below: int | None = None  # depth of module calls below which operations were merged

    @classmethod
    def is_infra_mode(cls) -> bool:
        """Lets torch.compile go on below us: under other modes it gives a function up for the whole process."""
        return True

    def __torch_dispatch__(
        self, func: Operator, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Runs the operation and records it."""
        kwargs = kwargs or {}
        if self.recording and isinstance(func, OpOverload) and torch.is_inference_mode_enabled():
            # Inference mode brings composite operations here whole, such as linear.
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        reading = None
        if self.recording:
            try:
                reading = self._read(func, args, kwargs)
            except Exception as fault:  # noqa: BLE001 - whatever it is, it is ours and must not reach the forward
                self._end_by(fault)
        result = func(*args, **kwargs)
        if reading is not None and self.recording:
            try:
                self._record(args, kwargs, result, reading)
            except Exception as fault:  # noqa: BLE001
                self._end_by(fault)
        return result

    def _end_by(self, fault: Exception) -> None:
        self.fault = fault
        self.recording = False

    def _read(self, func: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Reading:
        if len(self.operations) >= self._bound and not self._full:
            self._make_room()  # first, since it changes the numbers of origins
        traits = self._known_traits.get(func) or self._add_traits(func)
        written = _written(traits, args, kwargs) if traits.written else []
        reading = _Reading(traits, {}, {}, set(), {}, written, next_sequence())
        tensors = tensors_of(args)
        reading.is_all_tensors = not kwargs and len(tensors) == len(args) and all(map(operator.is_, tensors, args))
        if kwargs:
            tensors += tensors_of(kwargs.values())
        for tensor in tensors:
            self._read_tensor(tensor, reading)
        if self._before_write is not None:
            for tensor in written:
                self._before_write(tensor)
        return reading

    def _read_tensor(self, tensor: torch.Tensor, reading: _Reading) -> None:
        producer, writer, parameters, storage = self._provenance.read(tensor)
        kind, reading.moved[id(tensor)] = self._types.index_and_bytes(tensor)
        reading.storages.add(storage)
        if producer is not None:
            reading.origins[producer] = kind
        if writer is not None:
            reading.origins.setdefault(writer, kind if producer is None else None)
        for position in parameters:
            reading.parameters[position] = None
        if producer is None and writer is None and not parameters:
            self.unseen += tensor.grad_fn is not None
            reading.origins[None] = None

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: object, reading: _Reading) -> None:
        traits = reading.traits
        results = tensors_of((result,)) or reading.written
        if traits.hidden or not (results or traits.name in _VALUE_READS):
            return
        if len(self.operations) >= self._bound:
            self.dropped += traits.name != SILENT_NAME
            return
        origin = len(self.operations)
        is_view = bool(results) and not reading.written
        outputs = []
        for tensor in results:
            is_view &= self._provenance.returned(tensor, origin, reading.storages)
            kind, reading.moved[id(tensor)] = self._types.index_and_bytes(tensor)
            outputs.append(kind)
        for tensor in reading.written:
            self._provenance.wrote(tensor, origin)
        scope = self._scopes.current
        self.operations.append(
            RecordedOperation(
                traits.name,
                scope,
                tuple(reading.origins),
                tuple(outputs),
                tuple(reading.parameters),
                self._flops.count(traits.flops, args, kwargs, result) if traits.flops is not None else 0,
                tuple(reading.origins.values()),
                0 if is_view else sum(reading.moved.values()),
                () if reading.is_all_tensors else raw_attributes(traits.arguments, args, kwargs),
                self._calls.current(scope),
                reading.sequence - 1,  # autograd made the operation's node just before
            )
        )

    def _make_room(self) -> None:
        """Merges the operations of the deepest module calls, if that helps."""
        for room in _ROOM:
            limit = int(self._bound * (1 - room))
            merged = merge_deepest(self.operations, self._scopes.recorded, limit, self.merged_below)
            if merged is not None:
                self._take(merged)
                return
        self._full = True

    def finish(self) -> None:
        """Merges what ran after the last merging as deep as what ran before it."""
        if self.merged_below is not None:
            self._take(merge_below(self.operations, self._scopes.recorded, self.merged_below))

    def _take(self, merged: Merged) -> None:
        self.operations, number = merged.operations, merged.number
        self.merged_below = merged.depth
        self._provenance.renumber(lambda origin: number[origin] if origin >= 0 else origin)

    def _add_traits(self, func: Operator) -> _Traits:
        traits = self._known_traits[func] = _traits_of(func)
        return traits


def _written(traits: _Traits, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
    return tensors_of(args[position] if position < len(args) else kwargs.get(name) for position, name in traits.written)


def _traits_of(func: Operator) -> _Traits:
    name = operation_name(func)
    hidden = is_hidden(name)
    if not isinstance(func, OpOverload):
        return _Traits(name, (), (), hidden=hidden, flops=None)
    schema = func._schema
    return _Traits(
        name=name,
        arguments=tuple(argument.name for argument in schema.arguments),
        written=tuple(
            (position, argument.name)
            for position, argument in enumerate(schema.arguments)
            if argument.alias_info is not None and argument.alias_info.is_write
        ),
        hidden=hidden,
        flops=flop_formula(func),
    )
