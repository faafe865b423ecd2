"""The dispatch mode that sees every ATen operation of one forward."""

from collections.abc import Callable, Iterator, Sequence
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
    FlopFormula,
    Operator,
    RecordedOperation,
    count_flops,
    flop_formula,
    is_hidden,
    next_sequence,
    operation_name,
    tensors_of,
)
from torchviz_tb.capture.graph.provenance import Provenance, storage_key
from torchviz_tb.capture.graph.scopes import Scopes
from torchviz_tb.capture.graph.tensor_types import TypeTable, byte_count
from torchviz_tb.records.graph_bounds import MAX_OPERATIONS

_ROOM = (1 / 4, 1 / 16)  # share of the bound that merging must free: as much as possible, not less than pays

# They turn values into Python numbers; others without a tensor as result are about metadata.
_VALUE_READS = ("aten._local_scalar_dense", "aten.equal")


@dataclass(slots=True)
class _Reading:
    """What an operation is about to read and write; taken before it runs, as it may write in place."""

    origins: dict[int | None, int | None]  # with the type that was read
    parameters: dict[int, None]
    storages: set[int | None]
    moved: dict[int, int]  # bytes of each tensor, by its id
    written: list[torch.Tensor]
    sequence: int


class _Traits(NamedTuple):
    """What is known of an operator by its schema."""

    name: str
    arguments: tuple[str, ...]
    written: tuple[tuple[int, str], ...]  # position and name of the arguments that it writes
    hidden: bool
    flops: FlopFormula | None


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
        reading = self._guarded(self._read, func, args, kwargs)
        result = func(*args, **kwargs)
        if reading is not None:
            self._guarded(self._record, func, args, kwargs, result, reading)
        return result

    def _guarded(self, step: Callable[..., Any], *args: object) -> Any:
        if not self.recording:
            return None
        try:
            return step(*args)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is ours and must not reach the forward
            self.fault = fault
            self.recording = False
            return None

    def _read(self, func: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Reading:
        self._make_room()  # first, since it changes the numbers of origins
        origins: dict[int | None, int | None] = {}
        parameters: dict[int, None] = {}
        storages: set[int | None] = set()
        moved: dict[int, int] = {}
        for tensor in tensors_of((args, kwargs)):
            producer, writer, read, storage = self._provenance.read(tensor)
            kind = self._types.index(tensor)
            moved[id(tensor)] = byte_count(tensor)
            if producer is not None:
                origins[producer] = kind
            if writer is not None:
                origins.setdefault(writer, kind if producer is None else None)
            if producer is None and writer is None and not read:
                self.unseen += tensor.grad_fn is not None
                origins[None] = None
            for position in read:
                parameters[position] = None
            storages.add(storage)
        written = list(self._written(func, args, kwargs))
        if self._before_write is not None:
            for tensor in written:
                self._before_write(tensor)
        return _Reading(origins, parameters, storages, moved, written, next_sequence())

    def _record(
        self, func: Operator, args: tuple[Any, ...], kwargs: dict[str, Any], result: object, reading: _Reading
    ) -> None:
        traits = self._traits(func)
        results = list(tensors_of(result)) or reading.written
        if traits.hidden or not (results or traits.name in _VALUE_READS):
            return
        if len(self.operations) >= self._bound:
            self.dropped += traits.name != SILENT_NAME
            return
        origin = len(self.operations)
        for tensor in results:
            self._provenance.returned(tensor, origin, reading.storages)
        for tensor in reading.written:
            self._provenance.wrote(tensor, origin)
        outputs = tuple([self._types.index(tensor) for tensor in results])
        reading.moved.update({id(tensor): byte_count(tensor) for tensor in results})
        is_view = results and not reading.written and reading.storages.issuperset(map(storage_key, results))
        self.operations.append(
            RecordedOperation(
                name=traits.name,
                scope=self._scopes.current,
                origins=tuple(reading.origins),
                outputs=outputs,
                parameters=tuple(reading.parameters),
                flops=count_flops(traits.flops, args, kwargs, result),
                read_types=tuple(reading.origins.values()),
                bytes=0 if is_view else sum(reading.moved.values()),
                attributes=raw_attributes(traits.arguments, args, kwargs),
                call=self._calls.current(self._scopes.current),
                sequence=reading.sequence - 1,  # autograd made the operation's node just before
            )
        )

    def _make_room(self) -> None:
        """Once the bound is reached, merges the operations of the deepest module calls, if that helps."""
        if self._full or len(self.operations) < self._bound:
            return
        for room in _ROOM:
            limit = int(self._bound * (1 - room))
            merged = merge_deepest(self.operations, self._scopes.messages, limit, self.merged_below)
            if merged is not None:
                self._take(merged)
                return
        self._full = True

    def finish(self) -> None:
        """Merges what ran after the last merging as deep as what ran before it."""
        if self.merged_below is not None:
            self._take(merge_below(self.operations, self._scopes.messages, self.merged_below))

    def _take(self, merged: Merged) -> None:
        self.operations, number = merged.operations, merged.number
        self.merged_below = merged.depth
        self._provenance.renumber(lambda origin: number[origin] if origin >= 0 else origin)

    def _traits(self, func: Operator) -> _Traits:
        traits = self._known_traits.get(func)
        if traits is None:
            traits = self._known_traits[func] = _traits_of(func)
        return traits

    def _written(self, func: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[torch.Tensor]:
        for position, name in self._traits(func).written:
            yield from tensors_of(args[position] if position < len(args) else kwargs.get(name))


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
