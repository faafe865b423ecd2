"""The graph of a group, from the next forward that the user makes."""

import functools
import time
import weakref
from collections.abc import Callable
from typing import Any, Protocol

import torch

from torchviz_tb.capture.graph import (
    Build,
    ForwardError,
    build_graph,
    module_tree,
    record_graph,
    watch_first_forward,
)
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

    It is handed over when the backward ends, at the next forward, or at the latest when the group is closed; the
    writer's background builds and writes it. If it can't be captured, says so and writes the modules. `and_then`
    gets what was written, flat, and in that background.
    """
    fall_back = _fall_back(model, group, current_step, and_then)

    def hand_over(build: Build) -> None:
        write_later(build, group, current_step, and_then, fall_back)

    handle = watch_first_forward(model, hand_over, fall_back)
    group.finish_before_close(handle.finish)
    return handle


def record_graph_now(
    model: torch.nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    group: Group,
    current_step: Callable[[], int],
    and_then: OnGraph,
) -> None:
    """Runs the model once and writes its graph, which the writer's background builds; else as `record_first_graph`.

    Raises ForwardError for what the model's forward raises.
    """
    fall_back = _fall_back(model, group, current_step, and_then)
    try:
        recorded = record_graph(model, args, kwargs)
    except ForwardError:
        raise
    except Exception as fault:  # noqa: BLE001 (ours)
        fall_back(fault)
        return
    write_later(functools.partial(build_graph, recorded), group, current_step, and_then, fall_back)


def write_later(
    build: Build,
    group: Group,
    current_step: Callable[[], int],
    and_then: OnGraph,
    fall_back: Callable[[Exception], None],
) -> None:
    """Leaves a graph to the background; the step and the time are those of the call."""
    with group.guard.part(GRAPH):
        step, wall_time = current_step(), time.time()
        group.later(lambda: _write(build, group, step, wall_time, and_then, fall_back), "a graph")


def _write(
    build: Build,
    group: Group,
    step: int,
    wall_time: float,
    and_then: OnGraph,
    fall_back: Callable[[Exception], None],
) -> None:
    try:
        graph = build()
    except Exception as fault:  # noqa: BLE001 (ours, and nobody waits for it)
        fall_back(fault)
        return
    with group.guard.part(GRAPH):
        group.write(Kind.GRAPH, fold(graph), step, wall_time)
        and_then(graph)


def _fall_back(
    model: torch.nn.Module, group: Group, current_step: Callable[[], int], and_then: OnGraph
) -> Callable[[Exception], None]:
    """Writes the modules without operations, as the graph of a model whose forward can't be captured."""
    reference = weakref.ref(model)  # as the model's hooks hold what this returns

    def fall_back(error: Exception) -> None:
        group.guard.switch_off(GRAPH, error)
        watched = reference()
        if watched is not None:
            with group.guard.part(GRAPH):
                tree = module_tree(watched)
                group.write(Kind.GRAPH, fold(tree), current_step())
                and_then(tree)

    return fall_back
