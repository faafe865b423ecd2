"""The checks that every decoded record goes through: a log directory is untrusted input."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from google.protobuf.message import Message

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.records import records_pb2 as pb

MAX_SITES = 250_000
MAX_DIMENSION = 2**53
MAX_DIMENSIONS = 32
MAX_FIELDS = 2_000_000
"""Fields inside one record: a message takes some 100 bytes of memory, and only two on disk."""
NO_MESSAGE = "its payload can't be parsed"
COUNTED_FROM = 2 * 2**20
"""Bytes: below this, even a record made of nothing but empty messages stays under about 100 MB of memory."""

_STAGE_NAMES: dict[int, str] = {
    number: name.removeprefix("STAGE_").lower() for name, number in pb.Stage.items() if number != pb.STAGE_UNSPECIFIED
}
STAGES = ("parameter", "gradient", "raw_gradient", "update", "activation", "tensor")
"""The stages in the order in which they are shown."""


def require(holds: bool, fault: str | Callable[[], str]) -> None:
    """Raises DamagedRecord unless it holds; the fault continues a sentence about "it", the record."""
    if not holds:
        raise DamagedRecord(fault if isinstance(fault, str) else fault())


def stage_name(stage: int) -> str | None:
    """The stage's word, such as "gradient"; None for one that a newer version added."""
    return _STAGE_NAMES.get(stage)


def stage_number(stage: str) -> int:
    """The number that records.proto gives to a stage's word."""
    return pb.Stage.Value(f"STAGE_{stage.upper()}")


def site_count(count: int) -> int:
    """A number of sites within the bound."""
    require(count <= MAX_SITES, lambda: f"it claims {count} sites, more than the bound of {MAX_SITES}")
    return count


def indices(values: Iterable[int], bound: int, of: str) -> tuple[int, ...]:
    """Indices below a bound."""
    found = tuple(values)
    require(not found or max(found) < bound, lambda: f"it points to {of} {max(found)} of {bound}")
    return found


def shape(dimensions: Sequence[int], bound: int = MAX_DIMENSION) -> tuple[int, ...]:
    """Sizes that a tensor can have."""
    found = tuple(dimensions)
    require(len(found) <= MAX_DIMENSIONS and all(d <= bound for d in found), "a shape in it is impossible")
    return found


Parts = dict[int, "Parts"]
"""The fields of a message that hold messages, by number, each with its own."""


def field_count(data: bytes, message: type[Message]) -> None:
    """Refuses data that would expand to very many messages, before it is parsed. Cost: about 1 µs a field."""
    _count_fields(data, 0, len(data), _parts(message.__name__), MAX_FIELDS)


@cache
def _parts(message: str) -> Parts:
    fields = pb.DESCRIPTOR.message_types_by_name[message].fields
    return {field.number: _parts(field.message_type.name) for field in fields if field.message_type is not None}


def _count_fields(data: bytes, position: int, end: int, parts: Parts, budget: int) -> int:
    """The budget that is left after the fields from a position to an end; stops as soon as there is none."""
    while position < end:
        budget -= 1
        require(budget >= 0, f"it holds more than {MAX_FIELDS} parts")
        key, position = varint(data, position, end)
        size, position = field_extent(data, position, end, key & 7)
        inner = parts.get(key >> 3) if size and key & 7 == 2 else None
        if inner is not None:
            budget = _count_fields(data, position, min(position + size, end), inner, budget)
        position += size
    return budget


def field_extent(data: bytes | memoryview, position: int, end: int, wire_type: int) -> tuple[int, int]:
    """Size and start of a field's content, in bytes; ``position`` is behind its key."""
    if wire_type == 2:
        return varint(data, position, end)
    if wire_type == 0:
        return 0, varint(data, position, end)[1]
    require(wire_type in (1, 5), NO_MESSAGE)
    return (8 if wire_type == 1 else 4), position


def varint(data: bytes | memoryview, position: int, end: int) -> tuple[int, int]:
    """The number at a position, and where the next thing begins."""
    if position < end and data[position] < 0x80:  # nearly all of them
        return data[position], position + 1
    value = 0
    for shift, byte in enumerate(data[position : min(position + 10, end)]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, position + shift + 1
    raise DamagedRecord(NO_MESSAGE)
