"""Envelope to record: the one place where bytes of a log become something to work with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from torchviz_tb.reading import checks
from torchviz_tb.reading.distributions import Distributions
from torchviz_tb.reading.flight_recorder import FlightRecorder
from torchviz_tb.reading.graph import Graph
from torchviz_tb.reading.heatmaps import Heatmaps
from torchviz_tb.reading.incidents import Incidents
from torchviz_tb.reading.progress import Progress
from torchviz_tb.reading.sites import SiteTable
from torchviz_tb.reading.statistics import Statistics
from torchviz_tb.reading.tensor_views import TensorView
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import parse, unseal_bytes
from torchviz_tb.records.metadata import Kind

Record = SiteTable | Statistics | Distributions | Heatmaps | Graph | Progress | TensorView | Incidents | FlightRecorder
RecordT = TypeVar("RecordT", bound=Record)

_MIB = 2**20
# A parsed record, and what is computed from it, in multiples of its serialized size: numbers of one
# or two bytes become eight, and lists of messages cost more.
_MEMORY_FACTOR = 6


@dataclass(frozen=True)
class Schema(Generic[RecordT]):
    """How records of one kind are read: decompressed to at most ``max_size`` bytes, then checked."""

    kind: Kind
    record: type[RecordT]
    message: type[Message]
    max_size: int
    check: Callable[[Any], RecordT]
    serialized: bool = False
    """Whether ``check`` takes the serialized message: a record that keeps it as it is, and knows its own ``memory``."""
    counted: bool = True
    """Whether the parts of large ones are counted first; a record whose parts are never made need not be."""
    brief: bool = False
    """Whether a part of the record will do: the whole one serves as well where it is known."""


SITES = Schema(Kind.SITES, SiteTable, pb.Sites, 64 * _MIB, SiteTable.from_record)
STATISTICS = Schema(Kind.STATISTICS, Statistics, pb.Statistics, 64 * _MIB, Statistics.from_bytes, serialized=True)
BRIEF_STATISTICS = Schema(
    Kind.STATISTICS,
    Statistics,
    pb.Statistics,
    64 * _MIB,
    Statistics.brief_from_bytes,
    serialized=True,
    brief=True,
)
DISTRIBUTIONS = Schema(
    Kind.DISTRIBUTIONS,
    Distributions,
    pb.Distributions,
    128 * _MIB,
    Distributions.from_bytes,
    serialized=True,
    counted=False,
)
HEATMAPS = Schema(Kind.HEATMAPS, Heatmaps, pb.Heatmaps, 128 * _MIB, Heatmaps.from_record)
GRAPH = Schema(Kind.GRAPH, Graph, pb.Graph, 64 * _MIB, Graph.from_record)
PROGRESS = Schema(Kind.PROGRESS, Progress, pb.Progress, _MIB, Progress.from_record)
TENSOR_VIEW = Schema(Kind.TENSOR_VIEW, TensorView, pb.TensorView, 256 * _MIB, TensorView.from_record)
INCIDENTS = Schema(Kind.INCIDENTS, Incidents, pb.Incidents, 16 * _MIB, Incidents.from_record)
FLIGHT_RECORDER = Schema(
    Kind.FLIGHT_RECORDER, FlightRecorder, pb.FlightRecorder, 128 * _MIB, FlightRecorder.from_record
)

ON_SITES: tuple[Schema[Any], ...] = (STATISTICS, DISTRIBUTIONS, HEATMAPS, FLIGHT_RECORDER)
OTHERS: tuple[Schema[Any], ...] = (SITES, GRAPH, PROGRESS, TENSOR_VIEW, INCIDENTS)


@dataclass(frozen=True)
class Decoded(Generic[RecordT]):
    """A record and about how many bytes of memory it takes."""

    record: RecordT
    memory: int


def decode(schema: Schema[RecordT], blob: bytes) -> Decoded[RecordT]:
    """The record in an envelope. Raises RecordError, and nothing else, whatever the bytes are."""
    raw = unseal_bytes(blob, max_raw_size=schema.max_size)
    if schema.counted and len(raw) > checks.COUNTED_FROM:
        checks.field_count(raw, schema.message)
    record = schema.check(raw if schema.serialized else parse(raw, schema.message))
    memory = record.memory if isinstance(record, Distributions | Statistics | Heatmaps) else _MEMORY_FACTOR * len(raw)
    return Decoded(record, memory + 1024)
