"""Our graph as TensorFlow's GraphDef, for TensorBoard's own Graphs tab: module calls as name scopes, with shapes.

That tab makes a box of each part of a name between slashes, and takes a node's inputs by name.
"""

import re
from collections.abc import Iterable

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.versions_pb2 import VersionDef

from torchviz_tb.records import records_pb2 as pb

_NAME_BOUND = 200  # characters of one part of a name
_PRODUCER = 22  # the version of the format that torch writes, too


def graph_event(definition: GraphDef) -> Event:
    """The event that TensorBoard takes a run's graph from."""
    return Event(graph_def=definition.SerializeToString())


def graph_def(graph: pb.Graph) -> GraphDef:
    """A flat graph as a GraphDef; the inner calls of one without operations become its nodes. Linear in its size."""
    return _Definition(graph).build()


class _Definition:
    """Names for everything, then one node for each input, parameter, operation and output."""

    def __init__(self, graph: pb.Graph) -> None:
        self._graph = graph
        self._taken: set[str] = set()
        self._scopes = self._scope_names()
        self._inputs = [self._unique("inputs", terminal.name) for terminal in graph.inputs]
        owners: dict[int, int] = {}  # a parameter stands where it is met first
        for index, scope in enumerate(graph.scopes):
            for position in scope.parameters:
                owners.setdefault(position, index)
        self._parameters = [
            self._unique(self._scopes[owners.get(position, 0)], entry.name.rpartition(".")[2])
            for position, entry in enumerate(graph.parameters)
        ]
        self._operations = [
            self._unique(self._scopes[operation.scope], operation.name.rpartition(".")[2])
            for operation in graph.operations
        ]

    def build(self) -> GraphDef:
        """All of it."""
        graph = self._graph
        definition = GraphDef(versions=VersionDef(producer=_PRODUCER))
        nodes = definition.node
        for name, terminal in zip(self._inputs, graph.inputs, strict=True):
            nodes.append(self._node(name, "Input", [], [terminal.type]))
        for name, entry in zip(self._parameters, graph.parameters, strict=True):
            nodes.append(self._node(name, "Buffer" if entry.buffer else "Parameter", [], [entry.type]))
        for name, operation in zip(self._operations, graph.operations, strict=True):
            nodes.append(self._operation(name, operation))
        for terminal in graph.outputs:
            name = self._unique("outputs", terminal.name)
            nodes.append(self._node(name, "Output", self._sources([terminal.source]), [terminal.type]))
        if not graph.operations:
            nodes.extend(self._modules())
        return definition

    def _operation(self, name: str, operation: pb.Operation) -> NodeDef:
        inputs = [*self._sources(operation.sources), *(self._parameters[index] for index in operation.parameters)]
        node = self._node(name, operation.name.replace(".", "::", 1), inputs, operation.outputs)
        for index in operation.attributes:
            attribute = self._graph.attributes[index]
            node.attr[attribute.name].CopyFrom(_text(attribute.value))
        return node

    def _node(self, name: str, kind: str, inputs: list[str], types: Iterable[int]) -> NodeDef:
        node = NodeDef(name=name, op=kind, input=inputs)
        found = [self._graph.types[index] for index in types]
        if found:
            node.device = f"/device:{found[0].device.upper()}:0"
            shapes = [TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in one.shape]) for one in found]
            # The tab draws what flows between nodes by this attribute.
            node.attr["_output_shapes"].CopyFrom(AttrValue(list=AttrValue.ListValue(shape=shapes)))
            node.attr["dtype"].CopyFrom(_text(", ".join(one.dtype for one in found)))
        return node

    def _modules(self) -> list[NodeDef]:
        """The modules that hold no others."""
        holding = {scope.parent for scope in self._graph.scopes[1:]}
        return [
            NodeDef(name=self._unique(name, "module"), op=scope.type)
            for index, (name, scope) in enumerate(zip(self._scopes, self._graph.scopes, strict=True))
            if index not in holding
        ]

    def _sources(self, sources: Iterable[pb.Source]) -> list[str]:
        found = []
        for source in sources:
            if source.operation:
                found.append(self._operations[source.operation - 1])
            elif source.input:
                found.append(self._inputs[source.input - 1])
        return found

    def _scope_names(self) -> list[str]:
        names: list[str] = []
        for index, scope in enumerate(self._graph.scopes):
            if not index:
                names.append(self._unique("", scope.type))
                continue
            within = self._graph.scopes[scope.parent].path
            path = scope.path.removeprefix(f"{within}.") if within else scope.path
            *folders, own = path.split(".")
            folder = "/".join([names[scope.parent], *map(_part, folders)])
            names.append(self._unique(folder, f"{scope.type}[{own}]"))
        return names

    def _unique(self, folder: str, part: str) -> str:
        base = name = f"{folder}/{_part(part)}" if folder else _part(part)
        number = 1
        while name in self._taken:
            name = f"{base}_{number}"
            number += 1
        self._taken.add(name)
        return name


def _part(text: str) -> str:
    """A part of a name, with nothing in it that the tab would take for structure."""
    return re.sub(r"[^\w.\[\]-]", "_", text)[:_NAME_BOUND] or "_"


def _text(value: str) -> AttrValue:
    return AttrValue(s=value.encode())
