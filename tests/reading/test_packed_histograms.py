"""Histograms decoded together are what protobuf itself gives, one by one."""

import handmade
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading.distributions import Distributions
from torchviz_tb.reading.histograms import Histograms
from torchviz_tb.reading.packed_histograms import read_histograms
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.grid import grid

values = arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32))
written = st.builds(handmade.histogram, values, st.integers(0, 23), st.integers(0, 255))


def index_of(record: pb.Histogram) -> list[int]:
    return [int(record.first + sum(record.steps[:number])) for number in range(len(record.counts))]


def expect_same(read: Histograms, row: int, record: pb.Histogram) -> None:
    bins = slice(read.starts[row], read.starts[row + 1])
    assert read.index[bins].tolist() == index_of(record)
    assert read.counts[bins].tolist() == list(record.counts)
    infinities = list(record.infinities) or [0, 0]
    assert read.apart[:, row].tolist() == [record.zeros, record.nan, *infinities]
    assert read.grids[read.grid_of[row]] == grid(record.mantissa_bits, record.taper_exponent)


@given(st.lists(written, max_size=6))
def test_columns_are_those_of_protobuf(records: list[pb.Histogram]):
    read = read_histograms([record.SerializeToString() for record in records])
    assert len(read) == len(records)
    assert read.faults == {}
    for row, record in enumerate(records):
        expect_same(read, row, record)


@given(st.lists(written, min_size=1, max_size=4))
def test_edges_are_those_of_each_grid(records: list[pb.Histogram]):
    read = read_histograms([record.SerializeToString() for record in records])
    expected = [grid(r.mantissa_bits, r.taper_exponent).edges(np.asarray(index_of(r), np.int64)) for r in records]
    for side in (0, 1):
        np.testing.assert_array_equal(read.edges[side], np.concatenate([each[side] for each in expected]))


SOUND = handmade.histogram(np.asarray([-1.5, 0.0, 2.0, np.nan, np.inf]))


def test_what_can_not_be_read_is_told_and_its_neighbours_are_read():
    impossible = pb.Histogram(mantissa_bits=99)
    leaving = pb.Histogram(mantissa_bits=3, first=1, steps=[2**40], counts=[1, 1])
    messages = [SOUND.SerializeToString(), b"\xff", impossible.SerializeToString(), leaving.SerializeToString()]
    read = read_histograms([*messages, SOUND.SerializeToString()])
    assert {row: text.split("'")[0] for row, text in read.faults.items()} == {
        1: "its payload can",
        2: "a histogram",
        3: "a histogram leaves its grid",
    }
    assert np.diff(read.starts).tolist() == [2, 0, 0, 0, 2]
    for row in (0, 4):
        expect_same(read, row, SOUND)


@given(st.lists(st.tuples(written, st.data()), min_size=1, max_size=3))
def test_changed_bytes_are_read_as_protobuf_reads_them_or_refused(drawn: list[tuple[pb.Histogram, st.DataObject]]):
    messages = []
    for record, data in drawn:
        raw = bytearray(record.SerializeToString() or b"\x00")
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        messages.append(bytes(raw))
    read = read_histograms(messages)
    for row, message in enumerate(messages):
        if row not in read.faults:
            expect_same(read, row, pb.Histogram.FromString(message))


def unpacked(record: pb.Histogram) -> bytes:
    """The same message as a writer may write it, too: each count by itself, the grid twice, a field of the future."""
    rest = pb.Histogram()
    rest.CopyFrom(record)
    rest.ClearField("counts")
    counts = b"".join(b"\x28" + bytes([count]) for count in record.counts)
    return b"\x08\x07" + counts + rest.SerializeToString() + b"\xf8\x07\x01"


def test_a_message_in_another_form_is_the_same_histogram():
    assert pb.Histogram.FromString(unpacked(SOUND)).counts == SOUND.counts
    read = read_histograms([SOUND.SerializeToString(), unpacked(SOUND)])
    assert read.faults == {}
    expect_same(read, 1, SOUND)


def record_of(histograms: list[pb.Histogram]) -> pb.Distributions:
    record = pb.Distributions(site_count=9, sites_checksum=5)
    for site, histogram in enumerate(histograms):
        record.entries.add(site=site, stage=pb.STAGE_GRADIENT, histogram=histogram)
    return record


def test_a_record_knows_where_each_site_s_histogram_lies():
    raw = record_of([SOUND, pb.Histogram(zeros=3)]).SerializeToString()
    for form in (raw, raw + b"\xf8\x07\x01", raw[:2] + b"\xf8\x07\x01" + raw[2:]):
        record = Distributions.from_bytes(form)
        assert (record.site_count, record.sites_checksum) == (9, 5)
        assert (record.stage_names, record.measured("gradient"), record.measured("update")) == (
            {"gradient"},
            [0, 1],
            [],
        )
        assert record.message("gradient", 0) == SOUND.SerializeToString()
        assert record.message("gradient", 2) is None
        assert record.distribution("gradient", 1).zeros == 3


def test_an_entry_with_a_field_twice_is_read_as_protobuf_reads_it():
    entry = pb.DistributionEntry(site=2, stage=pb.STAGE_GRADIENT, histogram=SOUND).SerializeToString() + b"\x08\x03"
    raw = pb.Distributions(site_count=9).SerializeToString() + b"\x1a" + bytes([len(entry)]) + entry
    assert pb.Distributions.FromString(raw).entries[0].site == 3
    assert Distributions.from_bytes(raw).measured("gradient") == [3]


@given(st.binary(max_size=60))
def test_of_any_bytes_a_record_or_damage(raw: bytes):
    try:
        record = Distributions.from_bytes(raw)
    except DamagedRecord:
        return
    assert record.site_count == pb.Distributions.FromString(raw).site_count


def test_memory_is_about_that_of_the_bytes():
    raw = record_of([SOUND] * 9).SerializeToString()
    assert len(raw) < Distributions.from_bytes(raw).memory < len(raw) + 9 * 200


@given(st.lists(written, max_size=4), st.lists(written, max_size=3))
def test_parts_joined_and_chosen(ones: list[pb.Histogram], others: list[pb.Histogram]):
    parts = [read_histograms([each.SerializeToString() for each in part]) for part in (ones, others)]
    whole = Histograms.joined(parts)
    assert len(whole) == len(ones) + len(others)
    for row, record in enumerate([*ones, *others]):
        expect_same(whole, row, record)
    backwards = np.arange(len(whole))[::-1].copy()
    chosen = whole.those(backwards)
    for row, record in enumerate(reversed([*ones, *others])):
        expect_same(chosen, row, record)
    for row, record in enumerate([*ones, *others][1:]):
        expect_same(whole[1:], row, record)
