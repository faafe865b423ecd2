"""What was recorded as a Graph message, freed from noise."""

from collections.abc import Sequence

import torch

from torchviz_tb.capture.graph.provenance import input_origin
from torchviz_tb.capture.graph.recorder import RecordedOperation, Recorder
from torchviz_tb.capture.graph.scopes import Scopes, type_name
from torchviz_tb.capture.graph.structure import ParameterEntry, Structure
from torchviz_tb.capture.graph.tensor_types import TypeTable
from torchviz_tb.records import records_pb2 as pb

Output = tuple[pb.Terminal, int | None]


def build_graph(
    structure: Structure,
    types: TypeTable,
    scopes: Scopes,
    recorder: Recorder,
    *,
    inputs: Sequence[pb.Terminal],
    outputs: Sequence[Output],
    mode: pb.CaptureMode,
) -> pb.Graph:
    """The message of one recorded forward."""
    kept = _kept(recorder.operations, outputs)
    for terminal, origin in outputs:
        terminal.source.CopyFrom(_source(origin, kept))
    return pb.Graph(
        model_type=type_name(structure.root),
        mode=mode,
        parameters=[_parameter(entry, types) for entry in structure.parameters],
        scopes=scopes.messages,
        operations=[_operation(recorder.operations[index], kept) for index in kept],
        inputs=inputs,
        outputs=[terminal for terminal, _ in outputs],
        types=types.messages(),  # after all that may add one
        notes=_notes(types, scopes, recorder, shown=len(kept)),
        torch_version=torch.__version__,
        dropped_operations=recorder.dropped,
    )


def build_module_tree(structure: Structure, scopes: Sequence[pb.Scope], notes: Sequence[str]) -> pb.Graph:
    """The message where nothing was run."""
    types = TypeTable()
    return pb.Graph(
        model_type=type_name(structure.root),
        mode=pb.CAPTURE_MODE_MODULES,
        parameters=[_parameter(entry, types) for entry in structure.parameters],
        scopes=scopes,
        types=types.messages(),
        notes=[*notes, *_type_notes(types)],
        torch_version=torch.__version__,
    )


def _kept(operations: Sequence[RecordedOperation], outputs: Sequence[Output]) -> dict[int, int]:
    """Old position to new one of the operations that are shown: silent ones only if they are read."""
    read = {origin for _, origin in outputs}
    shown = []
    for index in range(len(operations) - 1, -1, -1):
        if not operations[index].silent or index in read:
            read.update(operations[index].origins)
            shown.append(index)
    return {old: new for new, old in enumerate(reversed(shown))}


def _source(origin: int | None, kept: dict[int, int]) -> pb.Source:
    if origin is None:
        return pb.Source()
    if origin < 0:
        return pb.Source(input=input_origin(origin) + 1)
    return pb.Source(operation=kept[origin] + 1)


def _operation(operation: RecordedOperation, kept: dict[int, int]) -> pb.Operation:
    return pb.Operation(
        name=operation.name,
        scope=operation.scope,
        sources=[_source(origin, kept) for origin in operation.origins],
        outputs=operation.outputs,
        parameters=operation.parameters,
        flops=operation.flops,
    )


def _parameter(entry: ParameterEntry, types: TypeTable) -> pb.GraphParameter:
    return pb.GraphParameter(
        name=entry.name,
        aliases=entry.aliases,
        type=types.index(entry.tensor),
        frozen=not entry.buffer and not entry.tensor.requires_grad,
        buffer=entry.buffer,
    )


def _type_notes(types: TypeTable) -> list[str]:
    return ["Some tensors have no fixed size yet and are shown without a shape."] if types.unknown_sizes else []


def _notes(types: TypeTable, scopes: Scopes, recorder: Recorder, *, shown: int) -> list[str]:
    notes = _type_notes(types)
    if recorder.dropped:
        notes.append(f"{recorder.dropped} operations after the first {shown} were not kept.")
    if recorder.unseen:
        notes.append(
            f"{recorder.unseen} values were read that came from outside the recorded calls: "
            "from a compiled function, another thread, or before the forward."
        )
    if scopes.foreign:
        names = ", ".join(sorted(scopes.foreign)[:10])
        notes.append(f"Calls of modules that are not registered in the model are not shown as scopes: {names}.")
    if scopes.other_threads:
        notes.append("Calls of modules in other threads were not recorded.")
    if scopes.full:
        notes.append(f"Module calls after the first {len(scopes.messages)} are shown as part of their caller.")
    return notes
