"""An independent look at a forward: keeps every tensor, so that identity alone tells who made what."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from torchviz_tb.capture.graph import Build
from torchviz_tb.records import records_pb2 as pb

TypeTuple = tuple[tuple[int, ...], str, str]


class Seen(NamedTuple):
    """One operation; the types are those at its time, since in-place operations may change them."""

    name: str
    read: list[torch.Tensor]
    read_types: list[TypeTuple]
    made: list[torch.Tensor]
    made_types: list[TypeTuple]


class Witness(TorchDispatchMode):
    """Every operation with its tensor arguments and results, all kept alive."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Seen] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        read = tensors((args, kwargs))
        read_types = [type_of(tensor) for tensor in read]
        result = func(*args, **(kwargs or {}))
        made = tensors(result)
        if not made and func._schema.is_mutable:
            made = tensors(args[0])  # such as _foreach_add_
        name = func._schema.name.replace("::", ".")
        self.seen.append(Seen(name, read, read_types, made, [type_of(tensor) for tensor in made]))
        return result

    def visible(self) -> list[Seen]:
        """All but those that are shown only under conditions."""
        hidden = ("aten.detach", "aten.lift_fresh")
        return [one for one in self.seen if one.name not in hidden and not one.name.startswith(("prim.", "profiler."))]


def tensors(value: object) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor)]


def type_of(tensor: torch.Tensor) -> TypeTuple:
    return tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), tensor.device.type


def type_at(graph: pb.Graph, index: int) -> TypeTuple:
    kept = graph.types[index]
    return tuple(kept.shape), kept.dtype, kept.device


def source_types(graph: pb.Graph, source: pb.Source) -> list[TypeTuple]:
    """What flows out at a source; empty for a constant."""
    if source.operation:
        return [type_at(graph, index) for index in graph.operations[source.operation - 1].outputs]
    return [type_at(graph, graph.inputs[source.input - 1].type)] if source.input else []


def into(graphs: list[pb.Graph]) -> Callable[[Build], None]:
    """Builds each graph that is handed over and keeps it."""
    return lambda build: graphs.append(build())


def names(graph: pb.Graph) -> list[str]:
    return [operation.name for operation in graph.operations]


def source_names(graph: pb.Graph, operation: pb.Operation) -> list[str]:
    """Sources as text: an operation's name, an input's name, or "constant"."""
    return [source_name(graph, source) for source in operation.sources]


def source_name(graph: pb.Graph, source: pb.Source) -> str:
    if source.operation:
        return graph.operations[source.operation - 1].name
    return graph.inputs[source.input - 1].name if source.input else "constant"
