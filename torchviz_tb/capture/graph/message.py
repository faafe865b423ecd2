"""What was recorded as a Graph message, freed from noise."""

import functools
import itertools
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from torchviz_tb.capture.graph.attributes import AttributeTable
from torchviz_tb.capture.graph.function_calls import FunctionCalls, rounds
from torchviz_tb.capture.graph.operations import RecordedOperation
from torchviz_tb.capture.graph.provenance import input_origin
from torchviz_tb.capture.graph.recorder import Recorder
from torchviz_tb.capture.graph.scopes import RecordedScope, Scopes, type_name
from torchviz_tb.capture.graph.source_files import SourceFiles
from torchviz_tb.capture.graph.structure import ParameterEntry, Structure
from torchviz_tb.capture.graph.tensor_types import TypeTable
from torchviz_tb.records import records_pb2 as pb

Output = tuple[pb.Terminal, int | None]

Kept = dict[int, int]
"""For each operation that is shown its position in the record, and that in the message."""


class RecordedParameter(NamedTuple):
    """A parameter or buffer as it was when the forward ended; the fields as those of the message."""

    name: str
    aliases: Sequence[str]
    type: int
    frozen: bool
    buffer: bool

    def message(self) -> pb.GraphParameter:
        """It as the record keeps it."""
        return pb.GraphParameter(**self._asdict())


@dataclass(frozen=True)
class Recorded:
    """A recorded forward. It holds no tensor and no module, so that its message can be built later, in any thread."""

    model_type: str
    mode: pb.CaptureMode
    parameters: Sequence[RecordedParameter]
    scopes: Sequence[RecordedScope]
    operations: Sequence[RecordedOperation]
    calls: FunctionCalls
    inputs: Sequence[pb.Terminal]
    outputs: Sequence[Output]
    files: Sequence[str]
    types: TypeTable
    notes: Sequence[str]
    dropped: int

    @functools.cached_property
    def kept(self) -> Kept:
        """The operations that are shown."""
        return kept_operations(self.operations, self.outputs)

    def makers(self) -> dict[int, int]:
        """Which operation of the message made the node with a number of autograd's."""
        # Of several with one number the first made the node.
        return {self.operations[old].sequence: new for old, new in reversed(self.kept.items())}


def build_graph(recorded: Recorded) -> pb.Graph:
    """The message of one recorded forward. Costs about 15 µs for each operation."""
    kept, operations = recorded.kept, recorded.operations
    for terminal, origin in recorded.outputs:
        terminal.source.CopyFrom(_source(origin, kept))
    attributes = AttributeTable()
    graph = pb.Graph(
        model_type=recorded.model_type,
        mode=recorded.mode,
        parameters=[parameter.message() for parameter in recorded.parameters],
        scopes=[scope.message() for scope in recorded.scopes],
        operations=[_operation(operations[index], kept, attributes) for index in kept],
        inputs=recorded.inputs,
        outputs=[terminal for terminal, _ in recorded.outputs],
        attributes=[pb.Attribute(name=name, value=value) for name, value in attributes.items()],
        files=recorded.files,
        types=recorded.types.messages(),
        notes=[*recorded.notes, *_dropped_notes(recorded)],
        torch_version=torch.__version__,
        dropped_operations=recorded.dropped,
    )
    _add_calls(graph, recorded.calls, [operations[index].call for index in kept])
    return graph


def _add_calls(graph: pb.Graph, calls: FunctionCalls, of_operations: Sequence[int | None]) -> None:
    """Gives each operation its call; the rounds of a loop around one call become calls of their own."""
    found: list[tuple[pb.FunctionCall, list[pb.Operation]]] = []
    pairs = zip(of_operations, graph.operations, strict=True)
    for call, group in itertools.groupby(pairs, key=operator.itemgetter(0)):
        operations = [operation for _, operation in group]
        if call is None or calls.name(call) is None:
            continue
        length = len(operations) // rounds([operation.name for operation in operations])
        for begin in range(0, len(operations), length):
            found.append((calls.message(call), operations[begin : begin + length]))
    found.sort(key=lambda each: each[0].scope)  # stable: as folding numbers them
    for number, (message, operations) in enumerate(found, start=1):
        graph.calls.append(message)
        for operation in operations:
            operation.call = number


def build_module_tree(
    structure: Structure, scopes: Sequence[RecordedScope], files: SourceFiles, notes: Sequence[str]
) -> pb.Graph:
    """The message where nothing was run."""
    types = TypeTable()
    return pb.Graph(
        model_type=type_name(structure.root),
        mode=pb.CAPTURE_MODE_MODULES,
        parameters=[recorded_parameter(entry, types).message() for entry in structure.parameters],
        scopes=[scope.message() for scope in scopes],
        files=files.names,
        types=types.messages(),
        notes=[*notes, *_type_notes(types)],
        torch_version=torch.__version__,
    )


def kept_operations(operations: Sequence[RecordedOperation], outputs: Sequence[Output]) -> Kept:
    """The operations that are shown: silent ones only if they are read."""
    read = {origin for _, origin in outputs}
    shown = []
    for index in range(len(operations) - 1, -1, -1):
        if not operations[index].silent or index in read:
            read.update(operations[index].reads)
            shown.append(index)
    return {old: new for new, old in enumerate(reversed(shown))}


def _source(origin: int | None, kept: Kept) -> pb.Source:
    if origin is None:
        return pb.Source()
    if origin < 0:
        return pb.Source(input=input_origin(origin) + 1)
    return pb.Source(operation=kept[origin] + 1)


def _operation(operation: RecordedOperation, kept: Kept, attributes: AttributeTable) -> pb.Operation:
    return pb.Operation(
        name=operation.name,
        scope=operation.scope,
        sources=[_source(origin, kept) for origin in operation.reads],
        source_types=[0 if kind is None else kind + 1 for kind in operation.reads.values()],
        outputs=operation.outputs,
        parameters=operation.parameters,
        flops=operation.flops,
        bytes=operation.bytes,
        attributes=attributes.indices(operation.attributes),
    )


def recorded_parameter(entry: ParameterEntry, types: TypeTable) -> RecordedParameter:
    """A parameter or buffer as it is now."""
    frozen = not entry.buffer and not entry.tensor.requires_grad
    return RecordedParameter(entry.name, entry.aliases, types.index(entry.tensor), frozen, entry.buffer)


def _dropped_notes(recorded: Recorded) -> list[str]:
    if not recorded.dropped:
        return []
    return [f"{recorded.dropped} operations after the first {len(recorded.kept)} were not kept."]


def _type_notes(types: TypeTable) -> list[str]:
    return ["Some tensors have no fixed size yet and are shown without a shape."] if types.unknown_sizes else []


def notes(types: TypeTable, scopes: Scopes, recorder: Recorder) -> list[str]:
    """What a reader should know of how complete it is."""
    told = _type_notes(types)
    if recorder.merged_below is not None:
        told.append(
            f"More operations ran than are kept: each module call at depth {recorder.merged_below} of the model "
            "is shown as one operation."
        )
    if recorder.unseen:
        told.append(
            f"{recorder.unseen} values were read that came from outside the recorded calls: "
            "from a compiled function, another thread, or before the forward."
        )
    if scopes.foreign:
        names = ", ".join(sorted(scopes.foreign)[:10])
        told.append(f"Calls of modules that are not registered in the model are not shown as scopes: {names}.")
    if scopes.other_threads:
        told.append("Calls of modules in other threads were not recorded.")
    if scopes.full:
        told.append(f"Module calls after the first {len(scopes.recorded)} are shown as part of their caller.")
    return told
