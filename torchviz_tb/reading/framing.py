"""The frames of an event file: length, checksum of the length, data, checksum of the data.

The data's own checksum is not verified: our envelopes carry one, and CRC-32C in Python runs
at a few MB a second. The length's is, because everything after a wrong length is lost.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import BinaryIO

_HEADER = struct.Struct("<QI")
_FOOTER_SIZE = 4
_MASK_DELTA = 0xA282EAD8
_CASTAGNOLI = 0x82F63B78


class End(Enum):
    """How a file ends."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"  # in the middle of a frame, as a file that is being written does
    CORRUPT = "corrupt"  # at a length that is wrong: nothing behind it can be found


@dataclass(frozen=True)
class Frame:
    """Where the data of one frame lies in its file, in bytes."""

    offset: int
    size: int


@dataclass
class FrameWalk:
    """Walks over the frames of a file without reading their data.

    ``position`` is where the next frame begins: a later walk can go on from there. ``end`` is set
    when the walk is through.
    """

    file: BinaryIO
    size: int
    position: int = 0
    end: End | None = field(default=None, init=False)

    def __iter__(self) -> Iterator[Frame]:
        while self.end is None:
            frame = self._frame_at(self.position)
            if frame is not None:
                self.position = frame.offset + frame.size + _FOOTER_SIZE
                yield frame

    def _frame_at(self, position: int) -> Frame | None:
        if position == self.size:
            self.end = End.COMPLETE
            return None
        self.file.seek(position)
        header = self.file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            self.end = End.TRUNCATED
            return None
        size, checksum = _HEADER.unpack(header)
        if masked_crc32c(header[:8]) != checksum:
            # Preallocated files end in zeros, which is no corruption.
            self.end = End.TRUNCATED if not any(header) else End.CORRUPT
            return None
        if position + _HEADER.size + size + _FOOTER_SIZE > self.size:
            self.end = End.TRUNCATED
            return None
        return Frame(position + _HEADER.size, size)


def masked_crc32c(data: bytes) -> int:
    """CRC-32C as event files store it. For short data: it takes some microseconds a byte."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def _table_entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (_CASTAGNOLI if byte & 1 else 0)
    return byte


_TABLE = [_table_entry(byte) for byte in range(256)]
