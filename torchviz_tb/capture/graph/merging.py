"""Fewer operations, where a forward runs more than are kept: those of the deepest module calls become one each."""

from collections.abc import Sequence
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
        origins = tuple(number[o] if o is not None and o >= 0 else o for o in operation.origins)
        head = heads[operation.scope]
        if head is not None and head in position_of:
            position = position_of[head]
            _join(left[position], operation, origins, position)
        else:
            position = len(left)
            operation.origins, operation.read_types = _distinct(origins, operation.read_types)
            left.append(operation)
            if head is not None:
                position_of[head] = position
                operation.name, operation.scope, operation.attributes, operation.call = MERGED_NAME, head, (), None
        number.append(position)
    return Merged(left, number, depth)


def _join(merged: RecordedOperation, operation: RecordedOperation, origins: tuple[int | None, ...], at: int) -> None:
    outside = [read for read in zip(origins, operation.read_types, strict=True) if read[0] != at]
    merged.origins, merged.read_types = _distinct(
        (*merged.origins, *(origin for origin, _ in outside)), (*merged.read_types, *(kind for _, kind in outside))
    )
    merged.parameters = tuple(dict.fromkeys((*merged.parameters, *operation.parameters)))
    merged.outputs = tuple(dict.fromkeys((*merged.outputs, *operation.outputs)))[-_OUTPUT_BOUND:]
    merged.flops += operation.flops
    merged.bytes += operation.bytes


def _distinct(
    origins: tuple[int | None, ...], kinds: tuple[int | None, ...]
) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
    """Each origin once, with the first type that was read from it: origins that were merged may come twice."""
    reads: dict[int | None, int | None] = {}
    for origin, kind in zip(origins, kinds, strict=True):
        reads.setdefault(origin, kind)
    return tuple(reads), tuple(reads.values())
