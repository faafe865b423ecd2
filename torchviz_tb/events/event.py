"""One record as an event that both of TensorBoard's backends deliver whole."""

from collections.abc import Sequence

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_BLOB_SEQUENCE, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_STRING

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import PLUGIN_NAME, SCHEMA_VERSION, Tag


def record_event(envelope: bytes, tags: Sequence[Tag]) -> Event:
    """An event that holds the envelope once under each tag; step and wall time are the file writer's to set."""
    return Event(summary=Summary(value=[_value(envelope, tag) for tag in tags]))


def _value(envelope: bytes, tag: Tag) -> Summary.Value:
    content = pb.PluginData(schema_version=SCHEMA_VERSION, group=tag.group).SerializeToString()
    metadata = SummaryMetadata(
        plugin_data=SummaryMetadata.PluginData(plugin_name=PLUGIN_NAME, content=content),
        # The only class whose records can be read one by one, and only in a tensor of rank 1:
        # of rank 0, the Rust backend drops them without a word.
        data_class=DATA_CLASS_BLOB_SEQUENCE,
    )
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype=DT_STRING, string_val=[envelope], tensor_shape=shape)
    return Summary.Value(tag=str(tag), metadata=metadata, tensor=tensor)
