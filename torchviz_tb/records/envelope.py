"""Record to bytes and back: version, compression, checksum, bound on size."""

import zlib
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from torchviz_tb.errors import DamagedRecord, NewerRecord
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import SCHEMA_VERSION

MAX_RAW_SIZE = 256 * 2**20
"""Bytes: a record that claims to be larger is refused before it is decompressed."""

# Level 6 costs about twice the time of level 1 and saves a further tenth on histograms.
_ZLIB_LEVEL = 6

RecordT = TypeVar("RecordT", bound=Message)


def seal(record: Message) -> bytes:
    """The bytes of an envelope that holds the record, compressed where that is shorter."""
    raw = record.SerializeToString()
    packed = zlib.compress(raw, _ZLIB_LEVEL)
    shorter = len(packed) < len(raw)
    return pb.Envelope(
        schema_version=_version_of(record),
        compression=pb.COMPRESSION_ZLIB if shorter else pb.COMPRESSION_NONE,
        raw_size=len(raw),
        checksum=zlib.crc32(raw),
        payload=packed if shorter else raw,
    ).SerializeToString()


def _version_of(record: Message) -> int:
    """The lowest schema version whose readers understand the record: the others stay readable for older ones."""
    return 2 if isinstance(record, pb.Graph) and record.blocks else 1


def unseal(data: bytes, record_type: type[RecordT], *, max_raw_size: int = MAX_RAW_SIZE) -> RecordT:
    """The record inside an envelope.

    Raises NewerRecord for a schema version above ours and DamagedRecord for everything
    else that is not as it was written: both name the fault in one sentence.
    """
    return parse(unseal_bytes(data, max_raw_size=max_raw_size), record_type)


def unseal_bytes(data: bytes, *, max_raw_size: int = MAX_RAW_SIZE) -> bytes:
    """The serialized record inside an envelope, its checksum verified. Raises as ``unseal`` does."""
    envelope = _parse(data, pb.Envelope, "its envelope can't be parsed")
    if envelope.schema_version > SCHEMA_VERSION:
        raise NewerRecord(
            f"it has schema version {envelope.schema_version}, this torchviz_tb reads up to "
            f"{SCHEMA_VERSION}: upgrade torchviz_tb where TensorBoard runs"
        )
    raw = _decompress(envelope, max_raw_size)
    if zlib.crc32(raw) != envelope.checksum:
        raise DamagedRecord("its checksum differs")
    return raw


def parse(raw: bytes, record_type: type[RecordT]) -> RecordT:
    """The record of serialized bytes. Raises DamagedRecord where they are none."""
    return _parse(raw, record_type, "its payload can't be parsed")


def _decompress(envelope: pb.Envelope, max_raw_size: int) -> bytes:
    if envelope.raw_size > max_raw_size:
        raise DamagedRecord(f"it claims {envelope.raw_size} bytes, more than the bound of {max_raw_size}")
    if envelope.compression == pb.COMPRESSION_NONE:
        raw = envelope.payload
    elif envelope.compression == pb.COMPRESSION_ZLIB:
        raw = _inflate(envelope.payload, envelope.raw_size)
    else:
        raise DamagedRecord(f"its compression is not known ({envelope.compression})")
    if len(raw) != envelope.raw_size:
        raise DamagedRecord("its size differs from the one it states")
    return raw


def _inflate(packed: bytes, raw_size: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        # One byte of room shows a stream that holds more than it states; 0 would mean "no limit".
        return stream.decompress(packed, raw_size + 1)
    except zlib.error as error:
        raise DamagedRecord("its payload can't be decompressed") from error


def _parse(data: bytes, record_type: type[RecordT], fault: str) -> RecordT:
    record = record_type()
    try:
        record.ParseFromString(data)
    except DecodeError as error:
        raise DamagedRecord(fault) from error
    return record
