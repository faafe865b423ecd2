"""Columns read at once are the columns that protobuf itself gives one by one."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading.packed import PackedColumns
from torchviz_tb.records import records_pb2 as pb

COUNTS = st.lists(st.one_of(st.integers(0, 127), st.integers(0, 2**64 - 1)), max_size=40)
NUMBERS = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40)


@given(COUNTS, COUNTS, NUMBERS)
def test_columns_are_those_of_protobuf(counts: list[int], zeros: list[int], norms: list[float]):
    record = pb.StageStatistics(stage=pb.STAGE_UPDATE, count=counts, zeros=zeros, l2=norms)
    record.reasons.add(site=3, text="between the columns")
    packed = PackedColumns.of(record)
    for name, values in (("count", counts), ("zeros", zeros), ("l2", norms)):
        expected = np.array(values, np.float64)  # integers beyond 2**53 rounded once
        np.testing.assert_array_equal(packed.column(name, len(values)), expected)
        assert (name in packed) == bool(values)


@given(st.lists(st.floats(width=32), max_size=20), st.lists(st.sampled_from(pb.Status.values()), max_size=20))
def test_floats_of_four_bytes_and_enumerations(norms: list[float], status: list[int]):
    packed = PackedColumns.of(pb.RecordedStep(gradient_norm=norms, status=status))
    np.testing.assert_array_equal(packed.column("gradient_norm", len(norms)), norms)
    np.testing.assert_array_equal(packed.column("status", len(status)), status)


@pytest.mark.parametrize(("name", "values"), [("count", [300, 2]), ("l2", [0.5, 1.5])])
def test_another_length_is_damage(name: str, values: list[float]):
    packed = PackedColumns.of(pb.StageStatistics(**{name: values}))
    with pytest.raises(DamagedRecord, match=f"its column {name} has 2 entries for 3 sites"):
        packed.column(name, 3)


@given(st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2**64 - 1)), min_size=1, max_size=40), NUMBERS)
def test_single_numbers_and_whole_columns_agree(counts: list[int], norms: list[float]):
    packed = PackedColumns.of(pb.StageStatistics(count=counts, l2=norms))
    for name, values in (("count", counts), ("l2", norms)):
        packed.check(name, len(values))
        singles = [packed.at(name, index, len(values)) for index in range(len(values))]
        np.testing.assert_array_equal(singles, packed.column(name, len(values)))
        with pytest.raises(DamagedRecord, match=f"its column {name} has {len(values)} entries for {len(values) + 1}"):
            packed.check(name, len(values) + 1)
    for number in (0, 3, 127):
        assert packed.is_all("count", number) == all(count == number for count in counts)


@given(COUNTS, NUMBERS, st.integers(0, 40))
def test_columns_in_pieces_and_numbers_one_by_one_are_read_too(counts: list[int], norms: list[float], cut: int):
    written = pb.StageStatistics(stage=pb.STAGE_UPDATE, count=counts, l2=norms)
    field = pb.StageStatistics.DESCRIPTOR.fields_by_name["l2"].number
    one_by_one = b"".join(bytes([field << 3 | 1]) + struct.pack("<d", norm) for norm in norms[cut:])
    pieces = [
        pb.StageStatistics(count=counts[:cut], l2=norms[:cut]),
        pb.StageStatistics(stage=pb.STAGE_UPDATE, count=counts[cut:], reasons=[pb.Reason(site=2, text="between")]),
    ]
    packed, rest = PackedColumns.read(
        b"".join(piece.SerializeToString() for piece in pieces) + one_by_one, pb.StageStatistics
    )
    np.testing.assert_array_equal(packed.column("count", len(counts)), np.array(written.count, np.float64))
    np.testing.assert_array_equal(packed.column("l2", len(norms)), np.array(written.l2, np.float64))
    assert rest.stage == pb.STAGE_UPDATE
    assert [reason.text for reason in rest.reasons] == ["between"]


@pytest.mark.parametrize(
    ("name", "content"), [("l2", bytes(12)), ("count", b"\x01\x80"), ("count", b"\x80" * 10 + b"\x01")]
)
def test_what_are_no_numbers_is_damage(name: str, content: bytes):
    number = pb.StageStatistics.DESCRIPTOR.fields_by_name[name].number
    packed, _ = PackedColumns.read(bytes([number << 3 | 2, len(content)]) + content, pb.StageStatistics)
    with pytest.raises(DamagedRecord, match="payload can't be parsed"):
        packed.check(name, 1)


@pytest.mark.parametrize("data", [b"\x22\x05ab", b"\x22", b"\x80", b"\x0f\x01"])
def test_what_is_no_message_is_damage(data: bytes):
    with pytest.raises(DamagedRecord, match="payload can't be parsed"):
        PackedColumns.read(data, pb.StageStatistics)


def test_a_column_can_be_written_to():
    column = PackedColumns.of(pb.StageStatistics(l2=[1.0])).column("l2", 1)
    column[0] = 2.0
