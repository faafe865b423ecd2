"""The graph of a model, with every index checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from torchviz_tb.reading import checks
from torchviz_tb.records import records_pb2 as pb

MAX_OPERATIONS = 150_000
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
    """One call of a module; ``parent`` is an index into the scopes, ``parameters`` into the parameters."""

    path: str
    type: str
    parent: int
    call: int
    parameters: tuple[int, ...]
    training: bool


@dataclass(frozen=True)
class Node:
    """One operation; indices into the graph's scopes, types and parameters. ``flops`` is None where not counted."""

    name: str
    scope: int
    sources: tuple[Source, ...]
    outputs: tuple[int, ...]
    parameters: tuple[int, ...]
    flops: int | None


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
        """Raises DamagedRecord where an index points nowhere, or to a later operation."""
        _require_bounds(record)
        types, parameters, scopes = len(record.types), len(record.parameters), len(record.scopes)
        return cls(
            model_type=record.model_type,
            mode=_MODES.get(record.mode),
            torch_version=record.torch_version,
            notes=tuple(record.notes),
            dropped_operations=record.dropped_operations,
            types=tuple(TensorType(checks.shape(t.shape), t.dtype, t.device or None) for t in record.types),
            parameters=tuple(_parameter(parameter, types) for parameter in record.parameters),
            scopes=tuple(_scope(scope, position, parameters) for position, scope in enumerate(record.scopes)),
            nodes=tuple(
                _node(operation, position, scopes, types, parameters, len(record.inputs))
                for position, operation in enumerate(record.operations)
            ),
            inputs=tuple(Terminal(each.name, _index(each.type, types, "type"), None) for each in record.inputs),
            outputs=tuple(
                Terminal(each.name, _index(each.type, types, "type"), source)
                for each in record.outputs
                for source in _sources([each.source], len(record.operations), len(record.inputs))
            ),
        )


def _require_bounds(record: pb.Graph) -> None:
    largest = max(len(record.operations), len(record.scopes), len(record.parameters), len(record.types))
    checks.require(
        largest <= MAX_OPERATIONS, lambda: f"it claims {largest} parts, more than the bound of {MAX_OPERATIONS}"
    )
    edges = sum(len(operation.sources) + len(operation.outputs) for operation in record.operations)
    checks.require(edges <= MAX_EDGES, lambda: f"it claims {edges} edges, more than the bound of {MAX_EDGES}")


def _index(value: int, bound: int, of: str) -> int:
    return checks.indices([value], bound, of)[0]


def _parameter(record: pb.GraphParameter, types: int) -> GraphParameter:
    type_index = _index(record.type, types, "type")
    return GraphParameter(record.name, tuple(record.aliases), type_index, record.frozen, record.buffer)


def _scope(record: pb.Scope, position: int, parameters: int) -> Scope:
    # The root's parent is itself; any other's is an earlier scope, so the parents form a tree.
    parent = _index(record.parent, max(position, 1), "scope")
    owned = checks.indices(record.parameters, parameters, "parameter")
    return Scope(record.path, record.type, parent, record.call, owned, record.training)


def _node(record: pb.Operation, position: int, scopes: int, types: int, parameters: int, inputs: int) -> Node:
    return Node(
        name=record.name,
        scope=_index(record.scope, scopes, "scope"),
        sources=_sources(record.sources, position, inputs),
        outputs=checks.indices(record.outputs, types, "type"),
        parameters=checks.indices(record.parameters, parameters, "parameter"),
        flops=record.flops or None,
    )


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
