"""The one form of event that both of TensorBoard's backends deliver whole."""

from tensorboard.compat.proto import summary_pb2, types_pb2

from torchviz_tb.events.event import record_event
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import SCHEMA_VERSION, Kind, Tag


def test_each_tag_holds_the_envelope_as_a_rank_1_blob():
    tags = [Tag("a/b", Kind.STATISTICS, first=True), Tag("a/b", Kind.STATISTICS)]
    event = record_event(b"sealed", tags)
    names = [value.tag for value in event.summary.value]
    assert names == ["torchviz_tb/a%2Fb/statistics/first", "torchviz_tb/a%2Fb/statistics"]
    for value in event.summary.value:
        assert value.tensor.dtype == types_pb2.DT_STRING
        assert list(value.tensor.string_val) == [b"sealed"]
        assert [dim.size for dim in value.tensor.tensor_shape.dim] == [1]
        assert value.metadata.data_class == summary_pb2.DATA_CLASS_BLOB_SEQUENCE


def test_metadata_names_the_plugin_and_the_group_as_the_user_gave_it():
    (value,) = record_event(b"", [Tag("a/b", Kind.GRAPH)]).summary.value
    assert value.metadata.plugin_data.plugin_name == "torchviz_tb"
    content = pb.PluginData.FromString(value.metadata.plugin_data.content)
    assert (content.schema_version, content.group) == (SCHEMA_VERSION, "a/b")
