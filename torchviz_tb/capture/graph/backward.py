"""What the first backward pass through a forward's results runs, operation by operation.

A dispatch mode would have to stay on while the user computes a loss. Instead each node of the autograd graph gets two
hooks that put the mode on just while the node runs. They die with the graph, or are taken off when the pass ends.
"""

import sys
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FrameType
from typing import Any, NamedTuple

import torch
from torch.autograd.graph import Node
from torch.utils import _python_dispatch as dispatch
from torch.utils import checkpoint
from torch.utils.hooks import RemovableHandle

from torchviz_tb.capture.graph.arguments import tensors_of
from torchviz_tb.capture.graph.dispatch_mode import RecordingMode
from torchviz_tb.capture.graph.merging import MERGED_NAME
from torchviz_tb.capture.graph.operations import (
    SILENT_NAME,
    FlopCounter,
    Operator,
    flop_formula,
    is_hidden,
    operation_name,
)
from torchviz_tb.records import records_pb2 as pb

_FRAME_BOUND = 60  # frames looked at
# They are left as they are: a parameter's gradient is taken over instead of copied only where no hook waits for
# it, and what torch.compile made must not meet a mode for the first time.
_UNHOOKED = ("AccumulateGrad", "CompiledFunctionBackward")


class RecordedBackward(NamedTuple):
    """One operation of the backward pass; `sequence` is autograd's number of the node that it ran for."""

    sequence: int
    name: str
    flops: int
    recomputed: bool


class BackwardPass:
    """Waits for the first backward pass through some tensors, and then calls `on_end` once, in its thread.

    Nodes made before `first_sequence` are not looked at. Costs about 10 µs for each node, and 50 for each operation.
    """

    def __init__(self, results: Iterable[torch.Tensor], first_sequence: int, on_end: Callable[[], None]) -> None:
        self.ended = False
        self._on_end = on_end
        self._begun = False
        self._mode = _BackwardMode()
        self._handles: list[RemovableHandle] = []
        for node, sequence in _nodes(results, first_sequence):
            self._handles.append(node.register_prehook(self._before(sequence)))
            self._handles.append(node.register_hook(self._after))

    @property
    def operations(self) -> list[RecordedBackward]:
        """What ran; raises the fault of ours that kept it from being recorded, if there was one."""
        if self._mode.fault is not None:
            raise self._mode.fault
        return self._mode.operations

    @property
    def waiting(self) -> bool:
        """Whether there is a node that a pass could come through."""
        return bool(self._handles)

    def stop(self) -> None:
        """Takes all hooks off; a second call does nothing."""
        handles, self._handles = self._handles, []
        for handle in handles:
            handle.remove()

    def _before(self, sequence: int) -> Callable[[Any], None]:
        def before(_gradients: Any) -> None:
            if self._handles and not self.ended:
                self._guarded(self._enter, sequence)

        return before

    def _after(self, _inputs: Any, _outputs: Any) -> None:
        self._guarded(self._mode.leave)

    def _enter(self, sequence: int) -> None:
        if not self._begun:
            self._begun = True
            torch.autograd.Variable._execution_engine.queue_callback(self._end)
        self._mode.enter(sequence)

    def _end(self) -> None:
        self.stop()
        self.ended = True
        self._on_end()

    def _guarded(self, step: Callable[..., None], *args: object) -> None:
        try:
            step(*args)
        except Exception as fault:  # noqa: BLE001 - ours, and must not reach the user's backward
            self._mode.fault = fault
            self.stop()


def add_backward(graph: pb.Graph, positions: Mapping[int, int], operations: Iterable[RecordedBackward]) -> None:
    """Adds a backward pass to a graph; `positions` tells which operation made the node of a sequence number."""
    known = sorted(positions)
    for each in operations:
        message = pb.BackwardOperation(name=each.name, flops=each.flops, recomputed=each.recomputed)
        # A merged operation made all nodes up to the next one's.
        begin = bisect_right(known, each.sequence) - 1
        position = positions[known[begin]] if begin >= 0 else None
        exact = each.sequence in positions
        if position is not None and (exact or graph.operations[position].name == MERGED_NAME):
            graph.operations[position].backward.append(message)
        else:
            graph.other_backward.append(message)


def may_hook_backward() -> bool:
    """Whether the backward pass runs node by node: compiled autograd would compile our hooks into it."""
    compiled = sys.modules.get("torch._dynamo.compiled_autograd")
    return not getattr(compiled, "compiled_autograd_enabled", False)


def _nodes(results: Iterable[torch.Tensor], first_sequence: int) -> Iterator[tuple[Node, int]]:
    """The nodes behind some tensors, with their sequence numbers."""
    todo = [tensor.grad_fn for tensor in results if tensor.grad_fn is not None]
    seen: set[Node] = set(todo)
    while todo:
        node = todo.pop()
        sequence = node._sequence_nr()
        if sequence < first_sequence or node.name().endswith(_UNHOOKED):
            continue
        yield node, sequence
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                todo.append(following)


class _BackwardMode(RecordingMode):
    """Records what runs while it is on; on is a matter of each thread."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[RecordedBackward] = []
        self.fault: Exception | None = None
        self._flops = FlopCounter()
        self._thread = threading.local()

    def enter(self, sequence: int) -> None:
        """On, for a node."""
        self._thread.sequence = sequence
        dispatch._push_mode(self)

    def leave(self) -> None:
        """Off again, if it is on."""
        if getattr(self._thread, "sequence", None) is not None:
            self._thread.sequence = None
            dispatch._pop_mode()

    def run(self, func: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Runs the operation and records it."""
        result = func(*args, **kwargs)
        sequence = getattr(self._thread, "sequence", None)
        if sequence is not None and self.fault is None:
            try:
                self._record(sequence, func, args, kwargs, result)
            except Exception as fault:  # noqa: BLE001 - ours, and must not reach the user's backward
                self.fault = fault
        return result

    def _record(
        self, sequence: int, func: Operator, args: tuple[Any, ...], kwargs: dict[str, Any], result: object
    ) -> None:
        name = operation_name(func)
        # What gives no tensor asks about one, or is about time.
        if name == SILENT_NAME or is_hidden(name) or not tensors_of((result,)):
            return
        flops = self._flops.count(flop_formula(func), args, kwargs, result)
        self.operations.append(RecordedBackward(sequence, name, flops, self._is_recomputed(sequence)))

    def _is_recomputed(self, sequence: int) -> bool:
        """Whether it is the forward of a checkpoint that runs again, within the node that needs its values."""
        node = torch._C._current_autograd_node()
        if node is None or node._sequence_nr() != sequence:
            return False
        frame: FrameType | None = sys._getframe(3)
        for _ in range(_FRAME_BOUND):
            if frame is None:
                break
            if frame.f_code.co_filename == checkpoint.__file__:
                return True
            frame = frame.f_back
        return False
