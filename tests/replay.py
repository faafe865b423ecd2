"""Runs captured operations again: each value comes over an edge of the graph, and must be what it was.

The tape keeps what a graph does not store: the arguments that are no tensors, the values of constants, and which of
the tensors that come over its edges an operation reads at which place.
"""

from dataclasses import dataclass
from typing import Any

import torch
from graph_witness import tensors
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from torchviz_tb.records import records_pb2 as pb

HIDDEN = ("prim::", "profiler::", "aten::lift_fresh")


@dataclass
class Entry:
    """One operation as it was called; copies of what it read and of what it gave."""

    func: Any
    args: Any
    kwargs: dict[str, Any]
    read: dict[int, torch.Tensor]
    results: list[torch.Tensor]
    gave: list[torch.Tensor]
    generator: torch.Tensor

    @property
    def name(self) -> str:
        return self.func._schema.name.replace("::", ".")


class Tape(TorchDispatchMode):
    """Every operation in order; keeps all tensors alive, so that their ids stay theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        read = {id(tensor): tensor.detach().clone() for tensor in tensors((args, kwargs))}
        generator = torch.get_rng_state()
        result = func(*args, **kwargs)
        if not func._schema.name.startswith(HIDDEN):
            results = tensors(result) or (tensors(args[0]) if func._schema.is_mutable else [])
            gave = [tensor.detach().clone() for tensor in results]
            self.entries.append(Entry(func, args, kwargs, read, results, gave, generator))
        return result


class Replay:
    """A graph that runs without its model."""

    def __init__(self, graph: pb.Graph, inputs: list[torch.Tensor], parameters: dict[str, torch.Tensor]) -> None:
        self._graph = graph
        self._names = parameters
        self._order = inputs
        self._copies: dict[int, torch.Tensor] = {}
        self._inputs = {id(tensor): number for number, tensor in enumerate(inputs, start=1)}
        self._parameters = {id(parameters[entry.name]): number for number, entry in enumerate(graph.parameters)}
        self._made: dict[int, tuple[int, torch.Tensor]] = {}  # who made a tensor of the tape, and what it is now
        self.gave: list[list[torch.Tensor]] = []

    def start_from(self, inputs: list[torch.Tensor], parameters: dict[str, torch.Tensor]) -> None:
        """The values that inputs, parameters and buffers had before the forward."""
        self._copies = {id(tensor): value.detach() for tensor, value in zip(self._order, inputs, strict=True)}
        self._copies |= {id(tensor): parameters[name].detach() for name, tensor in self._names.items()}

    def run(self, tape: Tape) -> None:
        """All operations; asserts that each reads over its edges only, and gives what it gave."""
        operations = list(self._graph.operations)
        state = torch.get_rng_state()
        for entry in tape.entries:
            number = len(self.gave)
            if number < len(operations) and operations[number].name == entry.name:
                self.gave.append(self._run(entry, operations[number], number + 1))
            else:
                assert entry.name == "aten.detach", f"{entry.name} is not shown"
        assert len(self.gave) == len(operations)
        torch.set_rng_state(state)

    def _run(self, entry: Entry, operation: pb.Operation, number: int) -> list[torch.Tensor]:
        args, kwargs = tree_map_only(
            torch.Tensor, lambda tensor: self._value(entry, operation, tensor), (entry.args, entry.kwargs)
        )
        torch.set_rng_state(entry.generator)
        with torch.no_grad():
            result = entry.func(*args, **kwargs)
        values = tensors(result) or tensors(args[0])[: len(entry.results)]
        # Without gradients the fused LSTM gives no workspace for its backward.
        for expected, value in zip(entry.gave, values, strict=False):
            if "empty" not in entry.name and entry.name != "aten.detach":  # values are whatever was there
                assert torch.equal(expected.nan_to_num(), value.nan_to_num()), operation
        self._made |= {id(tensor): (number, value) for tensor, value in zip(entry.results, values, strict=False)}
        return values

    def _value(self, entry: Entry, operation: pb.Operation, tensor: torch.Tensor) -> torch.Tensor:
        """What an operation reads in place of a tensor of the tape; asserts that the graph has the edge."""
        key = id(tensor)
        if key in self._made:
            number, value = self._made[key]
            assert number in [source.operation for source in operation.sources], operation
            return value
        if key in self._inputs:
            assert self._inputs[key] in [source.input for source in operation.sources], operation
            return self._copies[key]
        if key in self._parameters:
            assert self._parameters[key] in operation.parameters, operation
            return self._copies[key]
        assert any(not source.operation and not source.input for source in operation.sources), operation
        return entry.read[key]

    def outputs(self) -> list[list[torch.Tensor]]:
        """For each output of the model what the operation gave that it comes from."""
        return [self.gave[terminal.source.operation - 1] for terminal in self._graph.outputs]
