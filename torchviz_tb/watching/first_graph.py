"""The graph of a group, from the next forward that the user makes."""

import weakref
from collections.abc import Callable
from typing import Protocol

import torch

from torchviz_tb.capture.graph import module_tree, watch_first_forward
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.graph_folding import fold
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching.group import Group
from torchviz_tb.watching.parts import GRAPH

OnGraph = Callable[[pb.Graph], None]


class Removable(Protocol):
    """A hook that can be taken off."""

    def remove(self) -> None:
        """Takes it off."""


def record_first_graph(
    model: torch.nn.Module, group: Group, current_step: Callable[[], int], and_then: OnGraph = lambda _: None
) -> Removable:
    """Writes the graph of the model's next forward and backward; without the backward where none comes.

    It is written when the backward ends, at the next forward, or at the latest when the group is closed. If it
    can't be captured, says so and writes the modules. `and_then` gets what was written, flat.
    """
    reference = weakref.ref(model)

    def write(graph: pb.Graph) -> None:
        with group.guard.part(GRAPH):
            write_graph(graph, group, current_step)
            and_then(graph)

    def fall_back(error: Exception) -> None:
        group.guard.switch_off(GRAPH, error)
        watched = reference()
        if watched is not None:
            and_then(write_modules(watched, group, current_step))

    handle = watch_first_forward(model, write, fall_back)
    group.finish_before_close(handle.finish)
    return handle


def write_graph(graph: pb.Graph, group: Group, current_step: Callable[[], int]) -> None:
    """Writes a graph, with what it repeats kept once."""
    group.write(Kind.GRAPH, fold(graph), current_step())


def write_modules(model: torch.nn.Module, group: Group, current_step: Callable[[], int]) -> pb.Graph:
    """Writes the modules without operations, as the graph of a model whose forward can't be captured; gives it back."""
    tree = pb.Graph()
    with group.guard.part(GRAPH):
        tree = module_tree(model)
        write_graph(tree, group, current_step)
    return tree
