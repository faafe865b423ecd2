"""A flat graph to a folded one and back: module calls that did the same are kept once.

`fold` and `unfold` are inverses, except that a record may claim to be far larger than it is: `unfold` counts
before it writes anything out. Neither recurses: a model may be thousands of modules deep.

What a block says of its surroundings is relative, so that equal calls give equal bytes: sources outside it are
ports, parameters are slots, both numbered by first use.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.graph_bounds import require_bounds

Origin = int | None
"""An operation's index; −(i + 1) for input i; None for a constant."""


def fold(graph: pb.Graph) -> pb.Graph:
    """The graph with each distinct module call once; the graph itself where its calls are not in order.

    Costs about 10 µs for each operation.
    """
    calls = _calls_in_order(graph)
    if calls is None:
        return graph
    folding = _Folding(graph)
    for index in range(len(calls) - 1, -1, -1):  # inner calls stand behind their callers
        folding.add(index, calls[index], calls)
    folded = pb.Graph()
    folded.CopyFrom(graph)
    for column in ("scopes", "operations", "calls"):
        folded.ClearField(column)
    folded.blocks.extend(folding.blocks)
    root = folding.placed[0]
    folded.root.CopyFrom(
        pb.BlockCall(
            block=root.block,
            path=graph.scopes[0].path,
            absolute=True,
            call=graph.scopes[0].call,
            parameters=root.slots,
        )
    )
    return folded


def unfold(graph: pb.Graph) -> pb.Graph:
    """The flat graph that a folded one stands for; a flat one as it is.

    Raises DamagedRecord where a call names a block, port or slot that is not there, or where the whole would be
    larger than the bounds.
    """
    if not graph.blocks:
        return graph
    require_bounds(graph)
    flat = pb.Graph()
    flat.CopyFrom(graph)
    flat.ClearField("blocks")
    flat.ClearField("root")
    try:
        _Unfolding(graph, flat).run()
    except IndexError as error:
        raise DamagedRecord("a module call in it names a port or parameter that its caller does not have") from error
    return flat


def structures(graph: pb.Graph) -> list[int]:
    """For each scope of a flat graph a number that is equal where two calls did the same.

    Names, values, source lines and the backward pass are left out of the comparison.
    """
    folded = graph if graph.blocks else fold(graph)
    if not folded.blocks:
        return list(range(len(graph.scopes)))
    require_bounds(folded)
    known: dict[bytes, int] = {}
    of_block: list[int] = []
    for block in folded.blocks:
        of_block.append(known.setdefault(_bare(block, of_block).SerializeToString(deterministic=True), len(known)))
    return [of_block[call.block] for call in _calls_written_out(folded)]


# ------------------------------------------------------------------- folding


@dataclass
class _Call:
    """A module call of a flat graph: its extent among the operations, and what it contains."""

    begin: int = -1
    end: int = -1
    own: list[int] = field(default_factory=list)
    inner: list[int] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)


@dataclass
class _Placed:
    """An instance of a block: what its ports and slots are, in the flat graph's numbers."""

    block: int
    ports: list[int]
    slots: list[int]


def _calls_in_order(graph: pb.Graph) -> list[_Call] | None:
    """The calls of a graph whose operations run through the calls in their order; None if they don't."""
    if not graph.scopes or graph.scopes[0].parent:
        return None
    calls = [_Call() for _ in graph.scopes]
    for index, scope in enumerate(graph.scopes):
        if index:
            if scope.parent >= index:
                return None
            calls[scope.parent].inner.append(index)
    for index, function in enumerate(graph.calls):
        calls[function.scope].functions.append(index)
    for index, operation in enumerate(graph.operations):
        calls[operation.scope].own.append(index)
    return calls if _set_extents(calls, len(graph.operations)) else None


def _set_extents(calls: Sequence[_Call], operations: int) -> bool:
    """Finds each call's extent; whether calls are contiguous, and in the order of their numbers."""
    for call in reversed(calls):
        parts = [(index, index + 1) for index in call.own] + [(calls[i].begin, calls[i].end) for i in call.inner]
        filled = sorted(part for part in parts if part[0] < part[1])
        if any(end != begin for (_, end), (begin, _) in itertools.pairwise(filled)):
            return False
        begins = [calls[i].begin for i in call.inner if calls[i].begin >= 0]
        if begins != sorted(begins):
            return False
        call.begin, call.end = (filled[0][0], filled[-1][1]) if filled else (-1, -1)
    return list(_preorder(calls)) == list(range(len(calls))) and calls[0].end in (-1, operations)


def _preorder(calls: Sequence[_Call]) -> Iterator[int]:
    todo = [0]
    while todo:
        index = todo.pop()
        yield index
        todo.extend(reversed(calls[index].inner))


class _Folding:
    """The blocks found so far, inner ones first."""

    def __init__(self, graph: pb.Graph) -> None:
        self._graph = graph
        self._known: dict[bytes, int] = {}
        self.blocks: list[pb.Block] = []
        self.placed: dict[int, _Placed] = {}

    def add(self, index: int, call: _Call, calls: Sequence[_Call]) -> None:
        """Folds one call, whose inner calls are folded already."""
        scope = self._graph.scopes[index]
        numbering = _Numbering(call.begin, inputs=len(self._graph.inputs) if index == 0 else None)
        block = pb.Block(type=scope.type, training=scope.training, file=scope.file, line=scope.line)
        block.parameters.extend(numbering.slot(parameter) for parameter in scope.parameters)
        local = {function: number for number, function in enumerate(call.functions, start=1)}
        for function in call.functions:
            block.calls.add().CopyFrom(self._graph.calls[function])
            block.calls[-1].scope = 0
        for position in call.own:
            self._add_operation(block, position, numbering, local)
        own_before = 0
        for inner in call.inner:
            begin = calls[inner].begin
            while begin >= 0 and own_before < len(call.own) and call.own[own_before] < begin:
                own_before += 1
            self._add_call(block, inner, begin, own_before, numbering)
        key = block.SerializeToString(deterministic=True)
        number = self._known.setdefault(key, len(self.blocks))
        if number == len(self.blocks):
            self.blocks.append(block)
        self.placed[index] = _Placed(number, numbering.ports, numbering.slots)

    def _add_operation(self, block: pb.Block, position: int, numbering: "_Numbering", local: dict[int, int]) -> None:
        flat = self._graph.operations[position]
        operation = block.operations.add()
        operation.CopyFrom(flat)
        for column in ("scope", "sources", "parameters"):
            operation.ClearField(column)
        operation.flow.extend(numbering.flow(_origin(source), position) for source in flat.sources)
        operation.parameters.extend(numbering.slot(parameter) for parameter in flat.parameters)
        operation.call = local.get(flat.call - 1, 0)

    def _add_call(self, block: pb.Block, inner: int, begin: int, before: int, numbering: "_Numbering") -> None:
        scope, placed = self._graph.scopes[inner], self.placed[inner]
        caller = self._graph.scopes[scope.parent].path
        within = bool(scope.path) and scope.path.startswith(f"{caller}." if caller else "")
        block.inner.add(
            block=placed.block,
            position=before,
            path=scope.path[len(caller) + 1 if caller else 0 :] if within else scope.path,
            absolute=not within,
            call=scope.call,
            ports=[numbering.flow(origin, begin) for origin in placed.ports],
            parameters=[numbering.slot(parameter) for parameter in placed.slots],
        )


class _Numbering:
    """Ports and slots of one call, by first use; the root's ports are the inputs."""

    def __init__(self, begin: int, inputs: int | None) -> None:
        self._begin = begin
        self.ports: list[int] = [] if inputs is None else [-1 - index for index in range(inputs)]
        self._port_numbers = {origin: number for number, origin in enumerate(self.ports)}
        self.slots: list[int] = []
        self._slot_numbers: dict[int, int] = {}

    def flow(self, origin: Origin, reader: int) -> int:
        """As Operation.flow."""
        if origin is None:
            return 0
        if origin >= self._begin >= 0:
            return reader - origin
        number = self._port_numbers.setdefault(origin, len(self.ports))
        if number == len(self.ports):
            self.ports.append(origin)
        return -1 - number

    def slot(self, parameter: int) -> int:
        """The slot of a parameter."""
        number = self._slot_numbers.setdefault(parameter, len(self.slots))
        if number == len(self.slots):
            self.slots.append(parameter)
        return number


def _origin(source: pb.Source) -> Origin:
    if source.operation:
        return source.operation - 1
    return -source.input if source.input else None


# ----------------------------------------------------------------- unfolding


def _calls_written_out(graph: pb.Graph) -> Iterator[pb.BlockCall]:
    """All module calls of a folded graph in the order of the flat one's scopes."""
    todo = [graph.root]
    while todo:
        call = todo.pop()
        yield call
        todo.extend(reversed(graph.blocks[call.block].inner))


@dataclass
class _Frame:
    """A block that is being written out."""

    block: pb.Block
    scope: int
    ports: list[int]  # Source as one number: > 0 an operation plus one, < 0 an input, 0 a constant
    slots: Sequence[int]
    first_function: int
    operation: int = 0
    inner: int = 0


class _Unfolding:
    """Writes a folded graph out, one call after the other."""

    def __init__(self, graph: pb.Graph, flat: pb.Graph) -> None:
        self._graph = graph
        self._flat = flat
        self._frames: list[_Frame] = []

    def run(self) -> None:
        """All of it."""
        inputs = [-1 - index for index in range(len(self._graph.inputs))]
        self._open(self._graph.root, 0, "", inputs, list(self._graph.root.parameters))
        while self._frames:
            frame = self._frames[-1]
            inner = frame.block.inner
            stop = inner[frame.inner].position if frame.inner < len(inner) else len(frame.block.operations)
            for operation in frame.block.operations[frame.operation : stop]:
                self._write(operation, frame)
            frame.operation = max(frame.operation, stop)
            if frame.inner == len(inner):
                self._frames.pop()
                continue
            call = inner[frame.inner]
            frame.inner += 1
            here = len(self._flat.operations)
            ports = [_resolve(flow, here, frame.ports) for flow in call.ports]
            slots = [frame.slots[slot] for slot in call.parameters]
            self._open(call, frame.scope, self._flat.scopes[frame.scope].path, ports, slots)

    def _open(self, call: pb.BlockCall, parent: int, caller: str, ports: list[int], slots: list[int]) -> None:
        block = self._graph.blocks[call.block]
        path = call.path if call.absolute or not caller else f"{caller}.{call.path}"
        scope = len(self._flat.scopes)
        self._flat.scopes.add(
            path=path,
            type=block.type,
            parent=parent,
            call=call.call,
            parameters=[slots[slot] for slot in block.parameters],
            training=block.training,
            file=block.file,
            line=block.line,
        )
        first_function = len(self._flat.calls)
        for function in block.calls:
            self._flat.calls.add(name=function.name, scope=scope, file=function.file, line=function.line)
        self._frames.append(_Frame(block, scope, ports, slots, first_function))

    def _write(self, operation: pb.Operation, frame: _Frame) -> None:
        here = len(self._flat.operations)
        flat = self._flat.operations.add()
        flat.CopyFrom(operation)
        flat.ClearField("flow")
        flat.scope = frame.scope
        for flow in operation.flow:
            source = _resolve(flow, here, frame.ports)
            flat.sources.add(operation=max(source, 0), input=max(-source, 0))
        if operation.parameters:
            flat.parameters[:] = [frame.slots[slot] for slot in operation.parameters]
        if operation.call:
            flat.call = frame.first_function + operation.call


def _resolve(flow: int, here: int, ports: Sequence[int]) -> int:
    """Operation.flow as one number: > 0 an operation plus one, < 0 an input, 0 a constant."""
    if flow > here:
        raise DamagedRecord("a value in it comes from before the first operation")
    return here - flow + 1 if flow > 0 else ports[-1 - flow] if flow < 0 else 0


def _bare(block: pb.Block, structure_of: Sequence[int]) -> pb.Block:
    """A block without names, lines and the backward pass; inner calls by what they did."""
    bare = pb.Block()
    bare.CopyFrom(block)
    for column in ("file", "line", "calls"):
        bare.ClearField(column)
    for operation in bare.operations:
        operation.ClearField("backward")
        operation.ClearField("call")
    for call in bare.inner:
        for column in ("path", "absolute", "call"):
            call.ClearField(column)
        call.block = structure_of[call.block]
    return bare
