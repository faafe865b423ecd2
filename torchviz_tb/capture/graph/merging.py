"""Fewer operations, where a forward runs more than are kept: those of the deepest module calls become one each."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torchviz_tb.capture.graph.operations import RecordedOperation
from torchviz_tb.capture.graph.scopes import RecordedScope

MERGED_NAME = "torchviz_tb.merged"

_OUTPUT_BOUND = 16  # what a merged operation returned last

Heads = Sequence[int | None]
"""For each scope the call at some depth that it is in, or is; None above that depth."""


class Merged(NamedTuple):
    """The operations that are left, and for each old position the new one."""

    operations: list[RecordedOperation]
    number: list[int]
    depth: int  # module calls at this depth have one operation, or none


def merge_deepest(
    operations: Sequence[RecordedOperation], scopes: Sequence[RecordedScope], limit: int, below: int | None = None
) -> Merged | None:
    """Merges as many depths of module calls as it takes to come down to the limit; None where none will do.

    `below` is the depth of an earlier merging, which this one goes on with.

    What one call at that depth ran, with all calls within it, is contiguous in time and becomes one operation,
    which reads what came from outside and returns what it returned last. FLOPs and bytes add up.
    """
    depths = _depths(scopes)
    for depth in range(max(depths) if below is None else below, 0, -1):
        heads = _heads(scopes, depths, depth)
        if _count(operations, heads) <= limit:
            return _merge(operations, heads, depth)
    return None


def merge_below(operations: Sequence[RecordedOperation], scopes: Sequence[RecordedScope], depth: int) -> Merged:
    """Merges what calls at a depth, and those within them, ran."""
    return _merge(operations, _heads(scopes, _depths(scopes), depth), depth)


def _depths(scopes: Sequence[RecordedScope]) -> list[int]:
    depths = [0]
    for scope in scopes[1:]:
        depths.append(depths[scope.parent] + 1)
    return depths


def _heads(scopes: Sequence[RecordedScope], depths: Sequence[int], depth: int) -> Heads:
    heads: list[int | None] = []
    for index, own in enumerate(depths):
        heads.append(index if own == depth else heads[scopes[index].parent] if own > depth else None)
    return heads


def _count(operations: Sequence[RecordedOperation], heads: Heads) -> int:
    merged = {heads[operation.scope] for operation in operations} - {None}
    return len(merged) + sum(heads[operation.scope] is None for operation in operations)


def _merge(operations: Sequence[RecordedOperation], heads: Heads, depth: int) -> Merged:
    left: list[RecordedOperation] = []
    number: list[int] = []
    position_of: dict[int, int] = {}
    for operation in operations:
        reads = _renumbered(operation.reads, number)
        head = heads[operation.scope]
        if head is not None and head in position_of:
            position = position_of[head]
            reads.pop(position, None)
            left[position] = _joined(left[position], operation, reads)
        else:
            position = len(left)
            alone = operation._replace(reads=reads)
            if head is not None:
                position_of[head] = position
                alone = alone._replace(name=MERGED_NAME, scope=head, attributes=(), call=None)
            left.append(alone)
        number.append(position)
    return Merged(left, number, depth)


def _joined(
    merged: RecordedOperation, operation: RecordedOperation, reads: Mapping[int | None, int | None]
) -> RecordedOperation:
    return merged._replace(
        reads={**merged.reads, **reads, **merged.reads},  # in this order, and of each the first type
        parameters=tuple(dict.fromkeys((*merged.parameters, *operation.parameters))),
        outputs=tuple(dict.fromkeys((*merged.outputs, *operation.outputs)))[-_OUTPUT_BOUND:],
        flops=merged.flops + operation.flops,
        bytes=merged.bytes + operation.bytes,
    )


def _renumbered(reads: Mapping[int | None, int | None], number: Sequence[int]) -> dict[int | None, int | None]:
    """Each origin once, with the first type that was read from it: origins that were merged may come twice."""
    left: dict[int | None, int | None] = {}
    for origin, kind in reads.items():
        left.setdefault(number[origin] if origin is not None and origin >= 0 else origin, kind)
    return left
