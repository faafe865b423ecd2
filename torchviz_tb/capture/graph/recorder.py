"""The dispatch mode that sees every ATen operation of one forward."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch._ops import OpOverload

from torchviz_tb.capture.graph.arguments import RawAttributes, sorted_arguments, tensors_of
from torchviz_tb.capture.graph.dispatch_mode import RecordingMode
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
)
from torchviz_tb.capture.graph.provenance import Provenance
from torchviz_tb.capture.graph.scopes import Scopes
from torchviz_tb.capture.graph.tensor_types import TypeTable
from torchviz_tb.records.graph_bounds import MAX_OPERATIONS

_is_inference = torch.is_inference_mode_enabled

_new = tuple.__new__  # which makes a named tuple in half the time of its own call
_ROOM = (1 / 4, 1 / 16)  # share of the bound that merging must free: as much as possible, not less than pays

# They turn values into Python numbers; others without a tensor as result are about metadata.
_VALUE_READS = ("aten._local_scalar_dense", "aten.equal")


class _Traits(NamedTuple):
    """What is known of an operator by its schema."""

    operator: Operator
    call: Callable[..., Any]  # it, or what its own call calls
    name: str
    arguments: tuple[str, ...]
    written: tuple[tuple[int, str], ...]  # position and name of the arguments that it writes
    hidden: bool
    flops: FlopFormula | None


_Reading = tuple[
    dict[int | None, int | None],
    list[int],
    list[int | None],
    dict[int, int],
    list[torch.Tensor],
    RawAttributes,
    int,
]
"""What an operation is about to read and write; taken before it runs, as it may write in place: origins, with the type
that was read; parameters; keys of storages; bytes of each tensor, by its id; what will be written; attributes;
autograd's next number."""


class Recorder(RecordingMode):
    """Records operations while `recording`; runs each exactly once, whatever happens to the record.

    Our own fault is kept in `fault` and ends the record, never the forward. What happens here happens for each
    operation while the forward waits, so it is kept to what can't be told later.
    """

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
        self._known_traits: dict[int, _Traits] = {}  # by id: an operator's own hash is slow; they are kept
        self._full = False
        self.merged_below: int | None = None  # depth of module calls below which operations were merged

    def run(self, func: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Runs the operation and records it."""
        if not self.recording:
            return func(*args, **kwargs)
        if _is_inference() and isinstance(func, OpOverload):
            # Inference mode brings composite operations here whole, such as linear.
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        call: Callable[..., Any] = func
        try:
            traits = self._known_traits.get(id(func)) or self._add_traits(func)
            call = traits.call
            reading = self._read(traits, args, kwargs)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is ours and must not reach the forward
            self._end_by(fault)
        result = call(*args, **kwargs)
        if self.recording:
            try:
                self._record(traits, args, kwargs, result, reading)
            except Exception as fault:  # noqa: BLE001
                self._end_by(fault)
        return result

    def _end_by(self, fault: Exception) -> None:
        self.fault = fault
        self.recording = False

    def _read(self, traits: _Traits, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Reading:
        if len(self.operations) >= self._bound and not self._full:
            self._make_room()  # first, since it changes the numbers of origins
        tensors, attributes = sorted_arguments(traits.arguments, args, kwargs)
        written = _written(traits, args, kwargs) if traits.written else []
        origins: dict[int | None, int | None] = {}
        parameters: list[int] = []
        storages: list[int | None] = []
        moved: dict[int, int] = {}
        for tensor in tensors:
            producer, writer, positions, storage = self._provenance.read(tensor)
            kind, moved[id(tensor)] = self._types.index_and_bytes(tensor)
            storages.append(storage)
            if producer is not None:
                origins[producer] = kind
            if writer is not None:
                origins.setdefault(writer, kind if producer is None else None)
            if positions:
                parameters += positions
            elif producer is None and writer is None:
                self.unseen += tensor.grad_fn is not None
                origins[None] = None
        if written and self._before_write is not None:
            for tensor in written:
                self._before_write(tensor)
        return origins, parameters, storages, moved, written, attributes, next_sequence()

    def _record(
        self, traits: _Traits, args: tuple[Any, ...], kwargs: dict[str, Any], result: object, reading: _Reading
    ) -> None:
        origins, parameters, storages, moved, written, attributes, sequence = reading
        results = [result] if isinstance(result, torch.Tensor) else tensors_of((result,)) or written
        if traits.hidden or not (results or traits.name in _VALUE_READS):
            return
        origin = len(self.operations)
        if origin >= self._bound:
            self.dropped += traits.name != SILENT_NAME
            return
        is_view = bool(results) and not written
        outputs = []
        for tensor in results:
            is_view &= self._provenance.returned(tensor, origin, storages)
            kind, moved[id(tensor)] = self._types.index_and_bytes(tensor)
            outputs.append(kind)
        for tensor in written:
            self._provenance.wrote(tensor, origin)
        scope = self._scopes.current
        operation = (
            traits.name,
            scope,
            origins,
            outputs,
            tuple(dict.fromkeys(parameters)) if len(parameters) > 1 else parameters,
            0 if traits.flops is None else self._flops.count(traits.flops, args, kwargs, result),
            0 if is_view else sum(moved.values()),
            attributes,
            self._calls.current(scope),
            sequence - 1,  # autograd made the operation's node just before
        )
        self.operations.append(_new(RecordedOperation, operation))

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
        traits = self._known_traits[id(func)] = _traits_of(func)
        return traits


def _written(traits: _Traits, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
    return tensors_of(args[position] if position < len(args) else kwargs.get(name) for position, name in traits.written)


def _traits_of(func: Operator) -> _Traits:
    name = operation_name(func)
    hidden = is_hidden(name)
    if not isinstance(func, OpOverload):
        return _Traits(func, func, name, (), (), hidden=hidden, flops=None)
    schema = func._schema
    return _Traits(
        operator=func,
        call=func._op if type(func) is OpOverload else func,
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
