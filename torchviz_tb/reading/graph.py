"""The graph of a model, with every index checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from torchviz_tb.reading import checks
from torchviz_tb.records import graph_folding
from torchviz_tb.records import records_pb2 as pb

MAX_PARTS = 250_000
MAX_EDGES = 1_000_000

Source = int | None
"""Index into nodes; −(i + 1) for input i; None for a constant."""

_MODES = {
    pb.CAPTURE_MODE_TRAINING_STEP: "training_step",
    pb.CAPTURE_MODE_ADD_GRAPH: "add_graph",
    pb.CAPTURE_MODE_MODULES: "modules",
}


@dataclass(frozen=True)
class TensorType:
    """Shape, dtype and device of a tensor as it flows."""

    shape: tuple[int, ...]
    dtype: str
    device: str | None


@dataclass(frozen=True)
class GraphParameter:
    """A parameter or buffer; ``type`` is an index into the graph's types."""

    name: str
    aliases: tuple[str, ...]
    type: int
    frozen: bool
    buffer: bool


@dataclass(frozen=True)
class Scope:
    """One call of a module; ``parent`` is an index into the scopes, ``parameters`` into the parameters.

    ``structure`` is equal for two calls that did the same. ``file`` is an index into the graph's files, or None.
    """

    path: str
    type: str
    parent: int
    call: int
    parameters: tuple[int, ...]
    training: bool
    structure: int
    file: int | None
    line: int | None


@dataclass(frozen=True)
class FunctionCall:
    """A function that a module's code called; ``file`` is an index into the graph's files, or None."""

    name: str
    scope: int
    file: int | None
    line: int | None


@dataclass(frozen=True)
class Node:
    """One operation; indices into the graph's scopes, types, parameters and calls.

    ``source_types`` tells what flows from each of the ``sources``. ``flops`` and ``bytes`` are None where not
    counted, ``call`` where no function call was seen.
    """

    name: str
    scope: int
    sources: tuple[Source, ...]
    outputs: tuple[int, ...]
    parameters: tuple[int, ...]
    flops: int | None
    source_types: tuple[int | None, ...]
    bytes: int | None
    call: int | None
    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BackwardNode:
    """One operation of the backward pass; ``forward`` is the index of the node that it belongs to, or None.

    ``recomputed``: it is the forward of a checkpoint that ran again, for values that were not kept.
    """

    name: str
    forward: int | None
    flops: int | None
    recomputed: bool


@dataclass(frozen=True)
class Terminal:
    """An input or output of the model; only outputs have a source."""

    name: str
    type: int
    source: Source


@dataclass(frozen=True, eq=False)
class Graph:
    """What a forward pass did: operations (``nodes``) in the order in which they ran, in module calls (``scopes``)."""

    model_type: str
    mode: str | None
    """"training_step", "add_graph" or "modules" (nothing was run: scopes without nodes)."""
    torch_version: str
    notes: tuple[str, ...]
    dropped_operations: int
    types: tuple[TensorType, ...]
    parameters: tuple[GraphParameter, ...]
    scopes: tuple[Scope, ...]
    nodes: tuple[Node, ...]
    inputs: tuple[Terminal, ...]
    outputs: tuple[Terminal, ...]
    calls: tuple[FunctionCall, ...]
    backward: tuple[BackwardNode, ...]
    """Latest forward operation first; empty where no backward pass was recorded."""
    files: tuple[str, ...]
    """Relative to the user's project."""

    @cached_property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """(source, target): data flows from the first node to the second."""
        return tuple(
            (source, target)
            for target, node in enumerate(self.nodes)
            for source in node.sources
            if source is not None and source >= 0
        )

    @classmethod
    def from_record(cls, record: pb.Graph) -> "Graph":
        """Written out in full; raises DamagedRecord where an index points nowhere, or to a later operation."""
        folded, record = record, graph_folding.unfold(record)
        _require_bounds(record)
        parts = _Parts(record)
        types = len(record.types)
        # First, since comparing the scopes relies on what this checks.
        nodes = tuple(parts.node(operation, position) for position, operation in enumerate(record.operations))
        return cls(
            model_type=record.model_type,
            mode=_MODES.get(record.mode),
            torch_version=record.torch_version,
            notes=tuple(record.notes),
            dropped_operations=record.dropped_operations,
            types=tuple(TensorType(checks.shape(t.shape), t.dtype, t.device or None) for t in record.types),
            parameters=tuple(parts.parameter(parameter) for parameter in record.parameters),
            scopes=parts.scopes(folded),
            nodes=nodes,
            inputs=tuple(Terminal(each.name, _index(each.type, types, "type"), None) for each in record.inputs),
            outputs=tuple(
                Terminal(each.name, _index(each.type, types, "type"), source)
                for each in record.outputs
                for source in _sources([each.source], len(record.operations), len(record.inputs))
            ),
            calls=tuple(parts.function_call(call) for call in record.calls),
            backward=_backward(record),
            files=tuple(record.files),
        )


def _require_bounds(record: pb.Graph) -> None:
    largest = max(
        len(record.operations), len(record.scopes), len(record.parameters), len(record.types), len(record.calls)
    )
    checks.require(largest <= MAX_PARTS, lambda: f"it claims {largest} parts, more than the bound of {MAX_PARTS}")
    edges = sum(len(operation.sources) + len(operation.outputs) for operation in record.operations)
    checks.require(edges <= MAX_EDGES, lambda: f"it claims {edges} edges, more than the bound of {MAX_EDGES}")


def _index(value: int, bound: int, of: str) -> int:
    return checks.indices([value], bound, of)[0]


class _Parts:
    """The parts of a flat record, with their indices checked against the others."""

    def __init__(self, record: pb.Graph) -> None:
        self._record = record
        self._types = len(record.types)
        self._parameters = len(record.parameters)
        self._files = len(record.files)
        self._attributes = [(attribute.name, attribute.value) for attribute in record.attributes]

    def parameter(self, record: pb.GraphParameter) -> GraphParameter:
        type_index = _index(record.type, self._types, "type")
        return GraphParameter(record.name, tuple(record.aliases), type_index, record.frozen, record.buffer)

    def scopes(self, folded: pb.Graph) -> tuple[Scope, ...]:
        within = [*(each.scope for each in self._record.operations), *(each.scope for each in self._record.calls)]
        checks.indices(within, len(self._record.scopes), "scope")
        scopes = [self._scope(scope, position) for position, scope in enumerate(self._record.scopes)]
        structures = graph_folding.structures(folded)  # of a tree, which was checked just now
        return tuple(replace(scope, structure=number) for scope, number in zip(scopes, structures, strict=True))

    def _scope(self, record: pb.Scope, position: int) -> Scope:
        # The root's parent is itself; any other's is an earlier scope, so the parents form a tree.
        return Scope(
            path=record.path,
            type=record.type,
            parent=_index(record.parent, max(position, 1), "scope"),
            call=record.call,
            parameters=checks.indices(record.parameters, self._parameters, "parameter"),
            training=record.training,
            structure=position,
            file=self._file(record.file),
            line=record.line or None,
        )

    def node(self, record: pb.Operation, position: int) -> Node:
        return Node(
            name=record.name,
            scope=record.scope,
            sources=_sources(record.sources, position, len(self._record.inputs)),
            outputs=checks.indices(record.outputs, self._types, "type"),
            parameters=checks.indices(record.parameters, self._parameters, "parameter"),
            flops=record.flops or None,
            source_types=self._source_types(record),
            bytes=record.bytes or None,
            call=_index(record.call - 1, len(self._record.calls), "call") if record.call else None,
            attributes=tuple(
                self._attributes[index]
                for index in checks.indices(record.attributes, len(self._attributes), "attribute")
            ),
        )

    def function_call(self, record: pb.FunctionCall) -> FunctionCall:
        return FunctionCall(record.name, record.scope, self._file(record.file), record.line or None)

    def _file(self, number: int) -> int | None:
        return _index(number - 1, self._files, "file") if number else None

    def _source_types(self, record: pb.Operation) -> tuple[int | None, ...]:
        if not record.source_types:
            return (None,) * len(record.sources)
        known = len(record.source_types)
        checks.require(known == len(record.sources), lambda: f"it tells {known} types for {len(record.sources)} edges")
        return tuple(_index(number - 1, self._types, "type") if number else None for number in record.source_types)


def _backward(record: pb.Graph) -> tuple[BackwardNode, ...]:
    """What the backward pass ran; it meets the operations in the opposite order."""
    linked = [
        BackwardNode(each.name, position, each.flops or None, each.recomputed)
        for position in range(len(record.operations) - 1, -1, -1)
        for each in record.operations[position].backward
    ]
    others = [BackwardNode(each.name, None, each.flops or None, each.recomputed) for each in record.other_backward]
    return (*linked, *others)


def _sources(records: Sequence[pb.Source], operations: int, inputs: int) -> tuple[Source, ...]:
    """Sources among the first ``operations`` operations."""
    found: list[Source] = []
    for record in records:
        if record.operation:
            found.append(_index(record.operation - 1, operations, "operation"))
        elif record.input:
            found.append(-1 - _index(record.input - 1, inputs, "input"))
        else:
            found.append(None)
    return tuple(found)
