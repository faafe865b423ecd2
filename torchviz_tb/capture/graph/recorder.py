"""The dispatch mode that sees every ATen operation of one forward."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch._ops import HigherOrderOperator, OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from torchviz_tb.capture.graph.provenance import Provenance, storage_key
from torchviz_tb.capture.graph.scopes import Scopes
from torchviz_tb.capture.graph.tensor_types import TypeTable

OPERATION_BOUND = 200_000  # operations kept; later ones are counted

Operator = OpOverload | HigherOrderOperator

# They ask about a tensor's metadata, or mark time for the profiler.
_HIDDEN_NAMESPACES = ("prim", "profiler")
# torch.tensor([...]) passes its literal through this; the result is the constant itself.
_HIDDEN_NAMES = ("aten.lift_fresh",)
# Autograd saves an operation's output through this one; it is shown only if somebody reads it.
_SILENT_NAME = "aten.detach"
# They turn values into Python numbers; others without a tensor as result are about metadata.
_VALUE_READS = ("aten._local_scalar_dense", "aten.equal")


@dataclass(slots=True)
class RecordedOperation:
    """One operation; `origins` as in provenance, None for a constant."""

    name: str
    scope: int
    origins: tuple[int | None, ...]
    outputs: tuple[int, ...]
    parameters: tuple[int, ...]
    flops: int

    @property
    def silent(self) -> bool:
        """Whether it is noise unless somebody reads its result."""
        return self.name == _SILENT_NAME


@dataclass(slots=True)
class _Reading:
    """What an operation is about to read and write; taken before it runs, as it may write in place."""

    origins: tuple[int | None, ...]
    parameters: tuple[int, ...]
    storages: set[int | None]
    written: list[torch.Tensor]


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
        *,
        before_write: Callable[[torch.Tensor], None] | None = None,
        operation_bound: int = OPERATION_BOUND,
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
        self._written_arguments: dict[Operator, list[tuple[int, str]]] = {}

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
        origins: dict[int | None, None] = {}
        parameters: dict[int, None] = {}
        storages: set[int | None] = set()
        for tensor in tensors_of((args, kwargs)):
            found = self._provenance.origins(tensor)
            read = self._provenance.parameters(tensor)
            if not found and not read:
                self.unseen += tensor.grad_fn is not None
                origins[None] = None
            origins.update(dict.fromkeys(found))
            parameters.update(dict.fromkeys(read))
            storages.add(storage_key(tensor))
        written = list(self._written(func, args, kwargs))
        if self._before_write is not None:
            for tensor in written:
                self._before_write(tensor)
        return _Reading(tuple(origins), tuple(parameters), storages, written)

    def _record(
        self, func: Operator, args: tuple[Any, ...], kwargs: dict[str, Any], result: object, reading: _Reading
    ) -> None:
        name = operation_name(func)
        results = list(tensors_of(result)) or reading.written
        if _hidden(name, results):
            return
        if len(self.operations) >= self._bound:
            self.dropped += name != _SILENT_NAME
            return
        origin = len(self.operations)
        for tensor in results:
            self._provenance.returned(tensor, origin, reading.storages)
        for tensor in reading.written:
            self._provenance.wrote(tensor, origin)
        outputs = tuple(self._types.index(tensor) for tensor in results)
        flops = _flops(func, args, kwargs, result)
        self.operations.append(
            RecordedOperation(name, self._scopes.current, reading.origins, outputs, reading.parameters, flops)
        )

    def _written(self, func: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[torch.Tensor]:
        if func not in self._written_arguments:
            self._written_arguments[func] = _written_arguments(func)
        for position, name in self._written_arguments[func]:
            yield from tensors_of(args[position] if position < len(args) else kwargs.get(name))


def _hidden(name: str, results: list[torch.Tensor]) -> bool:
    if name.partition(".")[0] in _HIDDEN_NAMESPACES or name in _HIDDEN_NAMES:
        return True
    return not results and name not in _VALUE_READS


def _written_arguments(func: Operator) -> list[tuple[int, str]]:
    if not isinstance(func, OpOverload):
        return []
    return [
        (position, argument.name)
        for position, argument in enumerate(func._schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    ]


def _flops(func: Operator, args: tuple[Any, ...], kwargs: dict[str, Any], result: object) -> int:
    count = flop_registry.get(func._overloadpacket) if isinstance(func, OpOverload) else None
    if count is None:
        return 0
    try:
        return int(count(*args, **kwargs, out_val=result))
    except Exception:  # noqa: BLE001 - a formula may not know this kind of tensor; the operation still counts
        return 0
