"""How large a folded graph is, written out: known before anything is."""

from dataclasses import dataclass

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.records import records_pb2 as pb

MAX_OPERATIONS = 200_000
"""Operations of a graph that is written out; also the bound of what is recorded."""

_MAX_PARTS = 8_000_000  # all that is written out: calls, operations, and what their columns list
_MAX_CHARACTERS = 100_000_000  # of all names and paths that are written out


def require_bounds(graph: pb.Graph) -> None:
    """Raises DamagedRecord for what can't be written out, or not within the bounds; counts without writing."""
    totals: list[_Total] = []
    for index, block in enumerate(graph.blocks):
        if any(call.block >= index for call in block.inner):
            raise DamagedRecord(f"its block {index} calls one that is not before it, perhaps itself")
        total = _own_total(block)
        for call in block.inner:
            total.add(call, totals[call.block])
        totals.append(total)
    if graph.root.block >= len(graph.blocks):
        raise DamagedRecord(f"it points to block {graph.root.block} of {len(graph.blocks)}")
    whole = totals[graph.root.block]
    for claimed, bound, what in (
        (whole.operations, MAX_OPERATIONS, "operations"),
        (whole.parts, _MAX_PARTS, "parts"),
        (whole.characters, _MAX_CHARACTERS, "characters"),
    ):
        if claimed > bound:
            raise DamagedRecord(f"written out it has {claimed} {what}, more than the bound of {bound}")


@dataclass
class _Total:
    """What a block is, written out with all calls within it."""

    operations: int
    parts: int
    characters: int
    calls: int = 1

    def add(self, call: pb.BlockCall, inner: "_Total") -> None:
        """One inner call more, whose path stands in front of all paths within it."""
        self.operations += inner.operations
        self.parts += inner.parts + len(call.ports) + len(call.parameters)
        self.characters += inner.characters + inner.calls * (len(call.path) + 1)
        self.calls += inner.calls


def _own_total(block: pb.Block) -> _Total:
    total = _Total(len(block.operations), 1 + len(block.calls) + len(block.parameters), len(block.type))
    for operation in block.operations:
        columns = (operation.flow, operation.outputs, operation.parameters, operation.source_types)
        total.parts += 1 + sum(map(len, columns)) + len(operation.attributes) + len(operation.backward)
        total.characters += len(operation.name) + sum(len(each.name) for each in operation.backward)
    total.characters += sum(len(call.name) for call in block.calls)
    return total
