"""What a writer left on disk, read with TensorBoard's own loader and nothing of torchviz_tb.reading."""

from pathlib import Path
from typing import NamedTuple

from google.protobuf.message import Message
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import unseal
from torchviz_tb.records.graph_folding import unfold
from torchviz_tb.records.metadata import PLUGIN_NAME, Kind, Tag, parse_tag

MESSAGES: dict[Kind, type[Message]] = {
    Kind.SITES: pb.Sites,
    Kind.STATISTICS: pb.Statistics,
    Kind.DISTRIBUTIONS: pb.Distributions,
    Kind.HEATMAPS: pb.Heatmaps,
    Kind.GRAPH: pb.Graph,
    Kind.PROGRESS: pb.Progress,
    Kind.TENSOR_VIEW: pb.TensorView,
    Kind.INCIDENTS: pb.Incidents,
    Kind.FLIGHT_RECORDER: pb.FlightRecorder,
}


class Written(NamedTuple):
    tag: Tag
    step: int
    record: Message
    wall_time: float


def event_files(log_dir: Path) -> list[Path]:
    """In the order in which they were opened: names end in a counter of the process, in which 10 comes after 9."""
    return sorted(log_dir.glob("events.out.tfevents.*"), key=lambda path: (path.name.split(".")[3], _counter(path)))


def _counter(path: Path) -> int:
    digits = [part for part in path.name.split(".") if part.isdigit()]
    return int(digits[-1])


def events(log_dir: Path) -> list[Event]:
    return [event for file in event_files(log_dir) for event in LegacyEventFileLoader(str(file)).Load()]


def values(log_dir: Path) -> list[tuple[Event, Summary.Value]]:
    return [(event, value) for event in events(log_dir) for value in event.summary.value]


def scalars(log_dir: Path, tag: str) -> list[tuple[int, float]]:
    return [(event.step, value.simple_value) for event, value in values(log_dir) if value.tag == tag]


def everything(log_dir: Path) -> list[Written]:
    """All of our records in the order in which they were written; graphs are written out."""
    found = []
    for event, value in values(log_dir):
        if value.metadata.plugin_data.plugin_name == PLUGIN_NAME:
            tag = parse_tag(value.tag)
            assert tag is not None, value.tag
            (blob,) = value.tensor.string_val
            record = unseal(blob, MESSAGES[tag.kind])
            record = unfold(record) if isinstance(record, pb.Graph) else record
            found.append(Written(tag, event.step, record, event.wall_time))
    return found


def records(log_dir: Path, kind: Kind, group: str = "model", *, first: bool = False) -> dict[int, Message]:
    """The records of one tag by step, which must grow."""
    found = [one for one in everything(log_dir) if one.tag == Tag(group, kind, first)]
    steps = [one.step for one in found]
    assert steps == sorted(set(steps))
    return {one.step: one.record for one in found}


def groups(log_dir: Path) -> set[str]:
    return {one.tag.group for one in everything(log_dir)}


def stage(statistics: Message, which: int) -> pb.StageStatistics:
    (found,) = [stage for stage in statistics.stages if stage.stage == which]
    return found
