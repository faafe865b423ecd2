"""An event file, written event by event: what TensorBoard reads."""

import struct
from pathlib import Path

from google.protobuf.message import Message
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_BLOB_SEQUENCE, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_STRING

from torchviz_tb.events.checksum import masked_crc32c
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import seal
from torchviz_tb.records.metadata import PLUGIN_NAME, SCHEMA_VERSION, Kind, Tag

EVENT_FILE = "events.out.tfevents.1700000000.sample.1.0"
_START_TIME = 1.7e9


def frame(data: bytes) -> bytes:
    """One record of an event file."""
    header = struct.pack("<Q", len(data))
    return header + struct.pack("<I", masked_crc32c(header)) + data + struct.pack("<I", masked_crc32c(data))


class EventFile:
    """One event file, written record by record."""

    def __init__(self, run_dir: Path, name: str = EVENT_FILE, *, later: float = 0) -> None:
        """``later``: seconds by which its clock is ahead, as of a session that follows another."""
        run_dir.mkdir(parents=True, exist_ok=True)
        self.path = run_dir / name
        self._start_time = _START_TIME + later
        self._known: set[str] = set()
        self.path.write_bytes(b"")
        self.event(Event(file_version="brain.Event:2"))

    def event(self, event: Event) -> None:
        """Appends any event."""
        event.wall_time = event.wall_time or self._start_time + event.step
        with self.path.open("ab") as file:
            file.write(frame(event.SerializeToString()))

    def start(self, step: int) -> None:
        """Appends SessionLog.START: what follows replaces everything from this step on."""
        self.event(Event(step=step, session_log=SessionLog(status=SessionLog.START)))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Appends an ordinary scalar."""
        self.event(Event(step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)])))

    def record(self, group: str, kind: Kind, record: Message, step: int) -> None:
        """Appends one of our records, under /first too if it is the first of its tag."""
        self.blob(group, kind, seal(record), step)

    def blob(self, group: str, kind: Kind, blob: bytes, step: int) -> None:
        """Appends an envelope as it is."""
        tag = Tag(group, kind)
        if str(tag) not in self._known:
            self._value(str(Tag(group, kind, first=True)), group, blob, step)
        self._value(str(tag), group, blob, step)

    def _value(self, tag: str, group: str, blob: bytes, step: int) -> None:
        tensor = TensorProto(dtype=DT_STRING, string_val=[blob])
        tensor.tensor_shape.dim.add(size=1)
        value = Summary.Value(tag=tag, tensor=tensor)
        if tag not in self._known:
            content = pb.PluginData(schema_version=SCHEMA_VERSION, group=group).SerializeToString()
            value.metadata.CopyFrom(
                SummaryMetadata(
                    plugin_data=SummaryMetadata.PluginData(plugin_name=PLUGIN_NAME, content=content),
                    data_class=DATA_CLASS_BLOB_SEQUENCE,
                )
            )
            self._known.add(tag)
        self.event(Event(step=step, summary=Summary(value=[value])))
