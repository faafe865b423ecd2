import contextlib
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchviz_tb.errors import DamagedRecord, NewerRecord, RecordError
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import MAX_RAW_SIZE, parse, seal, unseal, unseal_bytes
from torchviz_tb.records.metadata import SCHEMA_VERSION

RECORD = pb.Sites(sites=[pb.Site(name=f"layer{i}.weight", shape=[3, i]) for i in range(50)])


def opened(blob: bytes) -> pb.Envelope:
    return pb.Envelope.FromString(blob)


def test_what_was_sealed_comes_back():
    assert unseal(seal(RECORD), pb.Sites) == RECORD


def test_the_two_halves_of_unseal_are_unseal():
    assert parse(unseal_bytes(seal(RECORD)), pb.Sites) == RECORD


def test_compression_is_used_only_where_it_is_shorter():
    assert opened(seal(RECORD)).compression == pb.COMPRESSION_ZLIB
    assert opened(seal(pb.Progress(epoch=1))).compression == pb.COMPRESSION_NONE
    assert unseal(seal(pb.Progress(epoch=1)), pb.Progress).epoch == 1


def test_an_empty_record_survives():
    assert unseal(seal(pb.Sites()), pb.Sites) == pb.Sites()


def test_a_newer_version_is_refused_before_its_payload_is_looked_at():
    blob = pb.Envelope(schema_version=SCHEMA_VERSION + 1, payload=b"not zlib").SerializeToString()
    with pytest.raises(NewerRecord, match=f"schema version {SCHEMA_VERSION + 1}.*upgrade torchviz_tb"):
        unseal(blob, pb.Sites)


@given(position=st.integers(0, len(seal(RECORD)) - 1), flip=st.integers(1, 255))
def test_a_flipped_byte_is_reported_or_harmless(position: int, flip: int):
    blob = bytearray(seal(RECORD))
    blob[position] ^= flip
    with contextlib.suppress(RecordError):
        assert unseal(bytes(blob), pb.Sites) == RECORD


@pytest.mark.parametrize("offset", range(-8, 0))
def test_a_flip_in_an_uncompressed_payload_is_always_reported(offset: int):
    blob = bytearray(seal(pb.Progress(items_per_second=1.25)))
    blob[offset] ^= 0x10
    with pytest.raises(DamagedRecord, match="its checksum differs"):
        unseal(bytes(blob), pb.Progress)


def test_a_wrong_checksum_is_reported():
    envelope = opened(seal(RECORD))
    envelope.checksum ^= 1
    with pytest.raises(DamagedRecord, match="its checksum differs"):
        unseal(envelope.SerializeToString(), pb.Sites)


def test_an_unknown_compression_is_reported():
    envelope = opened(seal(RECORD))
    envelope.compression = pb.COMPRESSION_UNSPECIFIED
    with pytest.raises(DamagedRecord, match="compression is not known"):
        unseal(envelope.SerializeToString(), pb.Sites)


def test_a_claim_over_the_bound_is_refused():
    envelope = pb.Envelope(schema_version=1, compression=pb.COMPRESSION_NONE, raw_size=MAX_RAW_SIZE + 1)
    with pytest.raises(DamagedRecord, match="more than the bound"):
        unseal(envelope.SerializeToString(), pb.Sites)


@pytest.mark.parametrize("claimed", [0, 100, 64 * 2**20 - 1])
def test_a_bomb_that_lies_about_its_size_takes_no_memory(claimed: int):
    bomb = zlib.compress(bytes(64 * 2**20))
    envelope = pb.Envelope(schema_version=1, compression=pb.COMPRESSION_ZLIB, raw_size=claimed, payload=bomb)
    blob = envelope.SerializeToString()
    tracemalloc.start()
    with pytest.raises(DamagedRecord, match="size differs"):
        unseal(blob, pb.Sites)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * claimed + 2**20
