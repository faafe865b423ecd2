"""A graph from the user's own first forward and backward: no extra run, nothing to restore."""

import contextlib
import functools
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import torch
from torch import nn
from torch.utils import _python_dispatch as dispatch
from torch.utils.hooks import RemovableHandle

from torchviz_tb.capture.graph.backward import BackwardPass, RecordedBackward, add_backward, may_hook_backward
from torchviz_tb.capture.graph.capture import module_tree
from torchviz_tb.capture.graph.compiled import WHY_COMPILED, why_unseen
from torchviz_tb.capture.graph.message import Recorded, build_graph
from torchviz_tb.capture.graph.recorder import Recorder
from torchviz_tb.capture.graph.recording import Recording
from torchviz_tb.capture.graph.terminals import output_tensors
from torchviz_tb.records import records_pb2 as pb

Build = Callable[[], pb.Graph]
"""Gives the graph; may be called later, in any thread."""
OnGraph = Callable[[Build], None]
OnError = Callable[[Exception], None]


class Handle:
    """Takes back a `watch_first_forward` that may still be waiting."""

    def __init__(self, hooks: "FirstForward | None") -> None:
        self._hooks = hooks

    @property
    def waiting(self) -> bool:
        """Whether the forward to capture is still to come, or running, or its backward is to come."""
        return self._hooks is not None and self._hooks.armed

    def finish(self) -> None:
        """If the forward has been and its backward is still to come, hands the graph over without that."""
        if self._hooks is not None:
            self._hooks.finish()

    def remove(self) -> None:
        """Waits no longer, as `finish`; while the captured forward runs it is dropped at its end. May come twice."""
        if self._hooks is not None:
            self._hooks.finish()
            self._hooks.cancel()


def watch_first_forward(model: nn.Module, on_graph: OnGraph, on_error: OnError) -> Handle:
    """Captures the first call of the model in train mode or with gradients enabled, as the user makes it.

    What it returns may lead to a backward pass: the first one is captured as well, and `on_graph` called once at
    its end, in its thread; where none comes, when the model is called again or the handle finished; where nothing
    takes gradients, at the end of the forward. It is given a function that builds the graph. Until then two hooks
    wait on the model, and between the forward and the end of the backward two on each node of the autograd graph;
    then all is gone. A call that raises is forgotten, and the next one captured. `on_error` is called instead if
    anything of ours fails, which the user's code never notices. A model that is compiled or scripted can't be seen
    so: its module tree is handed over at once, before this function returns; at the first call, if only a part of
    it is compiled later. If all of it is, when the handle is finished.
    """
    hooks = FirstForward(model, on_graph, on_error)
    return Handle(hooks if hooks.arm(model) else None)


class _Hook:
    """One of our hooks on the model. A copy of the model gets an inert one: a copy is not watched.

    Not a bound method: copying that would keep the function and copy what it is bound to.
    """

    def __init__(self, call: Callable[..., None]) -> None:
        self._call = call

    def __call__(self, *args: Any) -> None:
        self._call(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        return _InertHook, ()


class _InertHook:
    """What is left of a hook in a copy of the model."""

    def __call__(self, *_: object) -> None:
        """Nothing."""


class FirstForward:
    """The two hooks on the model, and the recording between them."""

    def __init__(self, model: nn.Module, on_graph: OnGraph, on_error: OnError) -> None:
        # Weakly, as the model's hooks hold us.
        self._model = weakref.ref(model)
        self._on_graph = on_graph
        self._on_error = on_error
        self._handles: list[RemovableHandle] = []
        self._running: _Running | None = None
        self._pending: _Pending | None = None
        self._cancelled = False
        self._runs_compiled = False

    @property
    def armed(self) -> bool:
        """Whether our hooks are on the model."""
        return bool(self._handles)

    def arm(self, model: nn.Module) -> bool:
        """Puts the hooks on; False if there is nothing to wait for."""
        reason = why_unseen(model)
        if reason is not None:
            self._report(_tree(model, reason))
            return False
        # Ours before the others at the end, as it is behind them at the start: so dispatch modes nest.
        self._handles = [
            model.register_forward_pre_hook(_Hook(self.before), with_kwargs=True),
            model.register_forward_hook(_Hook(self.after), prepend=True, always_call=True),
        ]
        return True

    def finish(self) -> None:
        """Hands over a graph that waits for its backward pass; of a model that only ran compiled, its modules."""
        pending, self._pending = self._pending, None
        model = self._model()
        if pending is None and self._runs_compiled and self.armed and model is not None:
            self._disarm()
            self._report(_tree(model, WHY_COMPILED))
        if pending is not None:
            pending.backward.stop()
            self._disarm()
            try:
                build = pending.build()
            except Exception as fault:  # noqa: BLE001
                self._fail(fault)
                return
            self._report(build)

    def cancel(self) -> None:
        """Takes the hooks off; while the forward runs, they go at its end."""
        self._cancelled = True
        if self._running is None or self._running.is_abandoned():
            self._discard()
            self._disarm()

    def before(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Forward pre-hook."""
        if torch.compiler.is_compiling():
            self._runs_compiled = True  # the compiled code will do this, and no more of us
            return
        if torch._C._get_tracing_state():
            return
        try:
            self._start(module, args, kwargs)
        except Exception as fault:  # noqa: BLE001 - must not reach the user's forward
            self._fail(fault)

    def after(self, _module: nn.Module, _args: object, result: object) -> None:
        """Forward hook, called also if the forward raised."""
        if torch.compiler.is_compiling() or self._running is None or not self._running.has_ended():
            return
        running, self._running = self._running, None
        raised = running.has_raised()
        try:
            running.recording.stop()
        except Exception as fault:  # noqa: BLE001
            self._fail(fault, disarm=not raised)
            return
        # While an exception travels, torch iterates over the hooks: they can't be taken off before the next call.
        if not raised:
            self._end_forward(running.recording, result)

    def _start(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._pending is not None:
            if module is self._model() and not _is_within_backward():
                self.finish()
            return
        if self._running is not None and not self._running.is_abandoned():
            return  # a call within the captured one, or from another thread
        self._discard()
        if self._cancelled:
            self._disarm()
        elif module is self._model() and _is_users_own(module):
            reason = why_unseen(module)
            if reason is not None:  # a part has been compiled since
                self._disarm()
                self._report(_tree(module, reason))
                return
            self._running = _Running(module, args, kwargs, _caller_of_hooks())

    def _end_forward(self, recording: Recording, result: object) -> None:
        if recording.fault is not None:
            self._fail(recording.fault)
            return
        if self._cancelled:
            self._disarm()
            return
        try:
            self._pending = _Pending(recording, result, self.finish)
        except Exception as fault:  # noqa: BLE001
            self._fail(fault)
            return
        if not self._pending.backward.waiting:
            self.finish()

    def _report(self, build: Build) -> None:
        try:
            self._on_graph(build)
        except Exception as fault:  # noqa: BLE001
            self._fail(fault)

    def _fail(self, fault: Exception, *, disarm: bool = True) -> None:
        self._discard()
        if disarm:
            self._disarm()
        cancelled, self._cancelled = self._cancelled, True
        if not cancelled:
            with contextlib.suppress(Exception):
                self._on_error(fault)

    def _discard(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.backward.stop()
        running, self._running = self._running, None
        if running is not None:
            running.recording.stop()

    def _disarm(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []


class _Pending:
    """A captured call that has returned, while its backward pass is to come."""

    def __init__(self, recording: Recording, result: object, on_end: Callable[[], None]) -> None:
        self._recorded = recording.end(result, pb.CAPTURE_MODE_TRAINING_STEP)
        results = [tensor for _, tensor in output_tensors(result)] if may_hook_backward() else []
        self.backward = BackwardPass(results, recording.first_sequence, on_end)

    def build(self) -> Build:
        """What builds the message, with the backward pass if one has come to its end by now."""
        operations = self.backward.operations
        return functools.partial(_build, self._recorded, operations if self.backward.ended else ())


class _Running:
    """The captured call while it runs."""

    def __init__(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType) -> None:
        self.recording = Recording(module, args, kwargs)
        self._thread = threading.get_ident()
        self._frame = frame
        self._exception = sys.exc_info()[1]
        self.recording.start()
        self.recording.scopes.enter(module)  # global hooks put on now see only the calls within

    def is_abandoned(self) -> bool:
        """Whether the call has ended without its hooks: KeyboardInterrupt, say, passes them by."""
        if threading.get_ident() != self._thread:
            return False
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame is not self._frame:
            frame = frame.f_back
        return frame is None

    def has_ended(self) -> bool:
        """Whether the outermost call has returned, asked in a forward hook of the model."""
        return threading.get_ident() == self._thread and not self.recording.scopes.live

    def has_raised(self) -> bool:
        """Whether it ended by raising, asked in the same place."""
        return sys.exc_info()[1] is not self._exception


def _build(recorded: Recorded, backward: Sequence[RecordedBackward]) -> pb.Graph:
    graph = build_graph(recorded)
    if backward:
        add_backward(graph, recorded.makers(), backward)
    return graph


def _tree(model: nn.Module, reason: str) -> Build:
    tree = module_tree(model, notes=(reason,))
    return lambda: tree


def _caller_of_hooks() -> FrameType:
    """The frame of torch's that runs the hooks, and the forward after them."""
    frame = sys._getframe(1)
    while frame.f_code is not _Hook.__call__.__code__ and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_back or frame


def _is_within_backward() -> bool:
    """Whether a checkpoint runs its forward again."""
    return torch._C._current_autograd_node() is not None


def _is_users_own(module: nn.Module) -> bool:
    """Whether a call is one to capture: it may train, and is not made for another capture."""
    if not (module.training or torch.is_grad_enabled()):
        return False
    modes = dispatch._get_current_dispatch_mode_stack()
    return not any(isinstance(mode, Recorder) and mode.rehearsal for mode in modes)
