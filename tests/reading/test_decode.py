"""Whatever the bytes are, decoding gives a record or raises RecordError: log directories are untrusted."""

import contextlib
from typing import Any

import handmade
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_logs import SMALL_SHAPES, training

from torchviz_tb.errors import DamagedRecord, NewerRecord, RecordError
from torchviz_tb.reading import checks
from torchviz_tb.reading.decode import (
    DISTRIBUTIONS,
    GRAPH,
    HEATMAPS,
    ON_SITES,
    OTHERS,
    PROGRESS,
    STATISTICS,
    TENSOR_VIEW,
    Schema,
    decode,
)
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import seal
from torchviz_tb.records.metadata import SCHEMA_VERSION, Kind

NAMES = list(SMALL_SHAPES)
_, TENSORS = next(training(SMALL_SHAPES, [0]))
VALID = {
    Kind.SITES: handmade.sites(SMALL_SHAPES),
    Kind.STATISTICS: handmade.statistics(NAMES, TENSORS),
    Kind.DISTRIBUTIONS: handmade.distributions(NAMES, TENSORS),
    Kind.HEATMAPS: handmade.heatmaps(NAMES, {8: TENSORS["gradient"][8]}),
    Kind.GRAPH: handmade.chain_graph(SMALL_SHAPES),
    Kind.PROGRESS: pb.Progress(epoch=2),
    Kind.TENSOR_VIEW: handmade.tensor_view("t", np.ones((2, 3)), ["a", "b"]),
    Kind.INCIDENTS: pb.Incidents(incidents=[pb.Incident(step=3, kind=pb.INCIDENT_NON_FINITE, first_bad_index=[1, 2])]),
    Kind.FLIGHT_RECORDER: handmade.flight_recorder(NAMES, {3: [0.5] * len(NAMES), 4: [np.nan] * len(NAMES)}),
}
SCHEMAS = {schema.kind: schema for schema in (*ON_SITES, *OTHERS)}
kinds = st.sampled_from(list(Kind))


def read_everything(schema: Schema[Any], blob: bytes) -> None:
    """Decodes a record and what it decodes only on demand."""
    record = decode(schema, blob).record
    if schema is DISTRIBUTIONS:
        for stage in record.stage_names:
            for site in record.measured(stage):
                found = record.distribution(stage, site)
                found.quantile([0.0, 0.5, 1.0])
                found.distance(found)
    if schema is HEATMAPS:
        for stage, site in record.entries:
            record.heatmap(stage, site)
    if schema is STATISTICS:
        for stage in record.stages:
            record.column(stage, "rms")


def test_every_kind_has_a_schema():
    assert set(SCHEMAS) == set(Kind)


@pytest.mark.parametrize("kind", list(Kind))
def test_valid_records_decode(kind: Kind):
    read_everything(SCHEMAS[kind], seal(VALID[kind]))


@given(kinds, st.binary(max_size=300))
def test_random_bytes(kind: Kind, blob: bytes):
    with contextlib.suppress(RecordError):
        read_everything(SCHEMAS[kind], blob)


@given(kinds, kinds)
def test_records_of_another_kind(kind: Kind, written: Kind):
    with contextlib.suppress(RecordError):
        read_everything(SCHEMAS[kind], seal(VALID[written]))


class Raw:
    """Stands in for a message whose bytes are not what a message's would be."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def SerializeToString(self) -> bytes:  # noqa: N802
        return self._raw


@given(kinds, st.data())
def test_valid_records_with_changed_bytes_under_a_good_checksum(kind: Kind, data: st.DataObject):
    raw = bytearray(VALID[kind].SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    with contextlib.suppress(RecordError):
        read_everything(SCHEMAS[kind], seal(Raw(bytes(raw[:cut] if data.draw(st.booleans()) else raw))))


numbers = st.sampled_from([0, 1, 2, 3, 2**31, 2**32 - 1, 2**53 + 1, 2**63, 2**64 - 1])
floats = st.sampled_from([0.0, -1.0, 5e-324, 1e308, float("inf"), float("nan")])
HOSTILE = {"uint64": numbers, "uint32": numbers.map(lambda n: n % 2**32), "double": floats}


@given(kinds, st.data())
def test_valid_records_with_hostile_numbers(kind: Kind, data: st.DataObject):
    record = type(VALID[kind])()
    record.CopyFrom(VALID[kind])
    poison(record, data)
    with contextlib.suppress(RecordError):
        read_everything(SCHEMAS[kind], seal(record))


def poison(message: Any, data: st.DataObject) -> None:
    """Changes one number of a message, or of one inside it."""
    fields = [field for field, _ in message.ListFields()]
    if not fields:
        return
    field = data.draw(st.sampled_from(fields))
    value = getattr(message, field.name)
    if field.message_type is not None:
        is_list = hasattr(value, "add")
        poison(value[data.draw(st.integers(0, len(value) - 1))] if is_list else value, data)
    elif field.cpp_type in (field.CPPTYPE_UINT64, field.CPPTYPE_UINT32, field.CPPTYPE_DOUBLE):
        name = {field.CPPTYPE_UINT64: "uint64", field.CPPTYPE_UINT32: "uint32"}.get(field.cpp_type, "double")
        hostile = data.draw(HOSTILE[name])
        if hasattr(value, "append"):
            value[data.draw(st.integers(0, len(value) - 1))] = hostile
        else:
            setattr(message, field.name, hostile)


@pytest.mark.parametrize(
    ("kind", "record", "fault"),
    [
        (Kind.STATISTICS, pb.Statistics(site_count=2**32 - 1), "claims 4294967295 sites"),
        (Kind.STATISTICS, pb.Statistics(site_count=2, stages=[pb.StageStatistics(stage=1, status=[1])]), "1 entries"),
        (Kind.DISTRIBUTIONS, pb.Distributions(site_count=1, entries=[pb.DistributionEntry(site=1)]), "site 1 of 1"),
        (Kind.HEATMAPS, pb.Heatmaps(site_count=1, heatmaps=[pb.Heatmap(site=7)]), "site 7 of 1"),
        (Kind.SITES, pb.Sites(sites=[pb.Site(name="w"), pb.Site(name="w")]), "two of its sites share a name"),
        (Kind.SITES, pb.Sites(sites=[pb.Site(name="w", shape=[2**64 - 1])]), "shape in it is impossible"),
        (Kind.SITES, pb.Sites(sites=[pb.Site(name="w", shape=[1] * 100)]), "shape in it is impossible"),
    ],
)  # fmt: skip
def test_faults_are_named(kind: Kind, record: Any, fault: str):
    with pytest.raises(DamagedRecord, match=fault):
        decode(SCHEMAS[kind], seal(record))


def test_a_stage_of_a_newer_version_is_passed_over():
    record = pb.Statistics(site_count=1)
    record.stages.add(status=[1]).stage = 99
    assert decode(STATISTICS, seal(record)).record.stages == {}


def test_newer_records_are_told_apart():
    blob = pb.Envelope(schema_version=SCHEMA_VERSION + 1).SerializeToString()
    with pytest.raises(NewerRecord):
        decode(PROGRESS, blob)


@pytest.mark.parametrize(("schema", "field"), [(GRAPH, 6), (DISTRIBUTIONS, 3)])
def test_millions_of_empty_parts_are_refused_before_they_are_parsed(
    schema: Schema[Any], field: int, monkeypatch: pytest.MonkeyPatch
):
    blob = seal(Raw(bytes([field << 3 | 2, 0]) * 3_000_000))
    assert len(blob) < 20_000
    monkeypatch.setattr("torchviz_tb.reading.decode.parse", lambda *_: pytest.fail("it was parsed"))
    with pytest.raises(DamagedRecord, match=f"holds more than {checks.MAX_FIELDS} parts"):
        decode(schema, blob)


def test_parts_within_parts_are_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks, "MAX_FIELDS", 5)
    operation = pb.Operation(sources=[pb.Source()] * 3)
    checks.field_count(pb.Graph(operations=[operation]).SerializeToString(), pb.Graph)
    with pytest.raises(DamagedRecord, match="holds more than 5 parts"):
        checks.field_count(pb.Graph(operations=[operation, operation]).SerializeToString(), pb.Graph)


@pytest.mark.parametrize("kind", list(Kind))
def test_counting_passes_over_every_kind_of_field(kind: Kind):
    checks.field_count(VALID[kind].SerializeToString(), SCHEMAS[kind].message)


@given(kinds, st.binary(max_size=100))
def test_counting_random_bytes(kind: Kind, raw: bytes):
    with contextlib.suppress(RecordError):
        checks.field_count(raw, SCHEMAS[kind].message)


def test_more_bytes_than_a_kind_can_need_are_refused():
    with pytest.raises(DamagedRecord, match="more than the bound"):
        decode(PROGRESS, seal(Raw(bytes(PROGRESS.max_size + 1))))


def test_the_estimate_of_memory_grows_with_the_record():
    small, large = (decode(TENSOR_VIEW, seal(handmade.tensor_view("t", np.ones(n)))).memory for n in (10, 10_000))
    assert large - small >= 4 * 9_990
