"""Columns of numbers out of a message, as arrays and at once.

A repeated field of a message gives its numbers one by one, as Python objects: 80 µs for a thousand. Serialised they
lie side by side: eight bytes each (double), four (float), or varints of seven bits a byte, and numpy reads them in
one go. Format: https://protobuf.dev/programming-guides/encoding/.
"""

import struct
from collections.abc import Collection, Container, Mapping
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from torchviz_tb.reading import checks
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import parse

Float64s = npt.NDArray[np.float64]

_FIXED = {FieldDescriptor.TYPE_DOUBLE: "<f8", FieldDescriptor.TYPE_FLOAT: "<f4"}
_CODES = {FieldDescriptor.TYPE_DOUBLE: "<d", FieldDescriptor.TYPE_FLOAT: "<f"}
_SIZES = {FieldDescriptor.TYPE_DOUBLE: 8, FieldDescriptor.TYPE_FLOAT: 4}
_VARINTS = frozenset({FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_ENUM})
_NUMBERS = _VARINTS | _FIXED.keys()
_LENGTH_DELIMITED = 2
_LONGEST_VARINT = 10

MessageT = TypeVar("MessageT", bound=Message)


class PackedColumns:
    """The columns of one message: its repeated fields of double, float, uint32, uint64 or an enumeration."""

    def __init__(self, message: type[Message], contents: Mapping[int, bytes]) -> None:
        """``contents``: what each of the message's columns holds as it is stored, by the number of its field."""
        self._message = message
        self._fields = message.DESCRIPTOR.fields_by_name
        self._contents = contents

    @classmethod
    def of(cls, message: Message) -> "PackedColumns":
        """The columns of a message."""
        return cls.read(message.SerializeToString(), type(message))[0]

    @classmethod
    def read(cls, data: bytes | memoryview, message: type[MessageT]) -> "tuple[PackedColumns, MessageT]":
        """The columns of a serialized message, and a message of all else that is in it.

        It is not parsed as a whole, which takes five times as long, unless a column is in pieces, as our writers make
        none. Raises DamagedRecord where it is no such message.
        """
        columns = _columns_of(message.__name__)
        parts, others = split(data, columns)
        rest = parse(others, message)
        in_pieces = any(len(contents) > 1 for contents in parts.values())
        if in_pieces or any(field.number in columns for field, _ in rest.ListFields()):
            return cls.read(parse(bytes(data), message).SerializeToString(), message)
        return cls(message, {number: bytes(contents[0]) for number, contents in parts.items()}), rest

    def __contains__(self, name: str) -> bool:
        """Whether the column has any entry."""
        return self._fields[name].number in self._contents

    def without(self, names: Collection[str]) -> "PackedColumns":
        """The same without some of the columns; what they held is let go of."""
        numbers = {self._fields[name].number for name in names}
        kept = {number: bytes(content) for number, content in self._contents.items() if number not in numbers}
        return PackedColumns(self._message, kept)

    @property
    def memory(self) -> int:
        """Bytes of all columns, as they are kept."""
        return sum(map(len, self._contents.values()))

    def is_all(self, name: str, number: int) -> bool:
        """Whether every entry of a column of integers is one number below 128; cheaper than reading it."""
        content = self._contents.get(self._fields[name].number, b"")
        return content.count(number) == len(content)

    def at(self, name: str, index: int, length: int) -> float:
        """One number of a column of this length; cheaper than reading all."""
        field, content = self._fields[name], self._contents.get(self._fields[name].number, b"")
        if field.type not in _VARINTS:
            (number,) = struct.unpack_from(_CODES[field.type], content, index * _SIZES[field.type])
            return float(number)
        return float(content[index] if len(content) == length else _varints(content)[index])

    def check(self, name: str, length: int) -> None:
        """Raises DamagedRecord for a column of no numbers or of another length; cheaper than reading it."""
        field, content = self._fields[name], self._contents.get(self._fields[name].number, b"")
        if field.type not in _VARINTS:
            size, odd = divmod(len(content), _SIZES[field.type])
            checks.require(odd == 0, checks.NO_MESSAGE)
        elif content.isascii():  # of one byte each, as most counts of the rare are
            size = len(content)
        else:
            size = _count_varints(content)
        checks.require(size == length, lambda: f"its column {name} has {size} entries for {length} sites")

    def column(self, name: str, length: int) -> Float64s:
        """A column of exactly this length, as float64; raises DamagedRecord for another one.

        Cost: about 5 µs for a thousand numbers. Integers beyond 2⁵³ are rounded.
        """
        field = self._fields[name]
        content = self._contents.get(field.number, b"")
        values = _varints(content) if field.type in _VARINTS else np.frombuffer(content, _FIXED[field.type])
        checks.require(values.size == length, lambda: f"its column {name} has {values.size} entries for {length} sites")
        return values.astype(np.float64)


@cache
def _columns_of(message: str) -> frozenset[int]:
    fields = pb.DESCRIPTOR.message_types_by_name[message].fields
    return frozenset(field.number for field in fields if field.is_repeated and field.type in _NUMBERS)


def split(message: bytes | memoryview, apart: Container[int]) -> tuple[dict[int, list[memoryview]], bytes]:
    """What the length-delimited fields of some numbers hold, by number, and the message without them.

    Nothing is copied but these others. Raises DamagedRecord where it is no message.
    """
    data = memoryview(message)
    parts: dict[int, list[memoryview]] = {}
    others, position = [], 0
    while position < len(data):
        key, begin = checks.varint(data, position, len(data))
        size, begin = checks.field_extent(data, begin, len(data), key & 7)
        checks.require(begin + size <= len(data), checks.NO_MESSAGE)
        if key & 7 == _LENGTH_DELIMITED and key >> 3 in apart:
            parts.setdefault(key >> 3, []).append(data[begin : begin + size])
        else:
            others.append(data[position : begin + size])
        position = begin + size
    return parts, b"".join(others)


def _count_varints(content: bytes) -> int:
    ends = np.flatnonzero(np.frombuffer(content, np.uint8) < 0x80)
    checks.require(content[-1] < 0x80 and ends[0] < _LONGEST_VARINT, checks.NO_MESSAGE)
    checks.require((ends[1:] - ends[:-1]).max(initial=0) <= _LONGEST_VARINT, checks.NO_MESSAGE)
    return int(ends.size)


def _varints(content: bytes) -> npt.NDArray[np.uint64]:
    data = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(data < 0x80)
    if ends.size == data.size:  # of one byte each, as most counts of the rare are
        return data.astype(np.uint64)
    starts = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(data.size) - np.repeat(starts, ends - starts + 1)
    parts = (data & 0x7F).astype(np.uint64) << (7 * place).astype(np.uint64)
    return np.asarray(np.add.reduceat(parts, starts))
