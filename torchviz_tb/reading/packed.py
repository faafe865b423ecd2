"""Columns of numbers out of a message, as arrays and at once.

A repeated field of a message gives its numbers one by one, as Python objects: 80 µs for a thousand. Serialised they
lie side by side: eight bytes each (double), four (float), or varints of seven bits a byte, and numpy reads them in
one go. Format: https://protobuf.dev/programming-guides/encoding/.
"""

import struct

import numpy as np
import numpy.typing as npt
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from torchviz_tb.reading import checks

Float64s = npt.NDArray[np.float64]

_FIXED = {FieldDescriptor.TYPE_DOUBLE: "<f8", FieldDescriptor.TYPE_FLOAT: "<f4"}
_CODES = {FieldDescriptor.TYPE_DOUBLE: "<d", FieldDescriptor.TYPE_FLOAT: "<f"}
_SIZES = {FieldDescriptor.TYPE_DOUBLE: 8, FieldDescriptor.TYPE_FLOAT: 4}
_VARINTS = frozenset({FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_ENUM})
_LENGTH_DELIMITED = 2


class PackedColumns:
    """The columns of one message: its repeated fields of double, float, uint32, uint64 or an enumeration."""

    def __init__(self, message: Message) -> None:
        self._fields = message.DESCRIPTOR.fields_by_name
        self._contents = _contents(message.SerializeToString())

    def __contains__(self, name: str) -> bool:
        """Whether the column has any entry."""
        return self._fields[name].number in self._contents

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
        """Raises DamagedRecord for a column that has another length; cheaper than reading it."""
        field, content = self._fields[name], self._contents.get(self._fields[name].number, b"")
        if field.type in _VARINTS:
            size = int(np.count_nonzero(np.frombuffer(content, np.uint8) < 0x80))
        else:
            size = len(content) // _SIZES[field.type]
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


def _contents(data: bytes) -> dict[int, bytes]:
    """What each length-delimited field holds, by number; of one that occurs several times, the last."""
    contents: dict[int, bytes] = {}
    position = 0
    while position < len(data):
        key, position = checks.varint(data, position, len(data))
        size, position = checks.field_extent(data, position, len(data), key & 7)
        if key & 7 == _LENGTH_DELIMITED:
            contents[key >> 3] = data[position : position + size]
        position += size
    return contents


def _varints(content: bytes) -> npt.NDArray[np.uint64]:
    data = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(data < 0x80)
    if ends.size == data.size:  # of one byte each, as most counts of the rare are
        return data.astype(np.uint64)
    starts = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(data.size) - np.repeat(starts, ends - starts + 1)
    parts = (data & 0x7F).astype(np.uint64) << (7 * place).astype(np.uint64)
    return np.asarray(np.add.reduceat(parts, starts))
