"""Hooks on the modules of a model that tell what each call returns, on only when somebody looks.

Which calls are told: those that a training step makes. That is what happens within an outermost call of an
observed module for which gradients are enabled, so no validation under ``no_grad``; no second run of a forward
that activation checkpointing makes in the backward, no tracing, no capture of a CUDA graph. The calls within it
are told whatever their own modes are.

Hooks never get into compiled code: where torch.compile traces one, it is a no-op, and it then stays where it is
until the watch ends, since the compiled code depends on it being there. Modules whose forward is fused where no
gradient is taken have hooks only within an outermost call that is told, so that a validation runs as without us.

A listener at every step has lean hooks: two on each module that was seen to be called from outside, one on every
other. Which are called from outside is learned in the first step.
"""

import contextlib
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol, TypeAlias

import torch
from torch import nn
from torch.compiler import is_compiling

from torchviz_tb.capture.observed_modules import ObservedModule
from torchviz_tb.watching.first_graph import Removable


class ModuleCall(NamedTuple):
    """What a module was given and returned."""

    path: str
    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    output: object


class Listener(Protocol):
    """Who is told. None of it may raise, and none of it keeps what it is given."""

    def begins(self, *, training: bool) -> None:
        """An outermost call begins, in train mode or not."""

    def returned(self, call: "ModuleCall") -> None:
        """A module within it, or its own, has returned."""

    def ends(self, *, failed: bool) -> None:
        """The outermost call has returned or raised."""


Note: TypeAlias = Callable[[str, nn.Module, tuple[Any, ...], dict[str, Any], object], None]
"""Told what a ModuleCall says, without one: making it takes a part of the time."""


class _Live(threading.local):
    """The calls that are running in one thread."""

    depth = 0
    is_told = False
    error: BaseException | None = None  # that was being handled when the outermost call began


class ModuleHooks:
    """Puts hooks on modules and takes them off."""

    def __init__(self, listener: Listener, *, note: Note | None = None) -> None:
        """With ``note`` hooks are lean, and inner calls go to it instead of ``listener.returned``."""
        self.has_learned = False  # since it was armed: it would hang other hooks now
        self._listener = listener
        self._note = note
        self._outermost: set[str] = set()  # paths of the modules that were seen to be called from outside
        self._live = _Live()
        self._direct: list[_Pair] = []
        self._deferred: list[_Pair] = []
        self._compiled: list[_Pair] = []

    @property
    def is_armed(self) -> bool:
        """Whether hooks are on."""
        return bool(self._direct)

    @property
    def compiled(self) -> list[str]:
        """Paths of modules that torch.compile was seen to compile."""
        return [pair.path for pair in self._compiled]

    def arm(
        self, modules: Iterable[ObservedModule], *, is_needed: Callable[[ObservedModule], bool] = lambda _: True
    ) -> None:
        """From now on tells the calls of these modules; of those that are not needed, if they come from outside."""
        self.disarm()
        compiled = {id(pair.module()) for pair in self._compiled}
        for each in modules:
            is_inner = self._note is not None and bool(self._outermost) and each.path not in self._outermost
            if id(each.module) not in compiled and (is_needed(each) or not is_inner):
                pairs = self._deferred if each.has_fused_path else self._direct
                pairs.append(_Pair(weakref.ref(self), each.path, each.module, is_inner=is_inner))
        self.has_learned = False
        if not self._direct:  # then there is no call around them
            self._direct, self._deferred = self._deferred, []
        for pair in self._direct:
            pair.put_on()

    def disarm(self) -> None:
        """Takes the hooks off; those in compiled code stay, and do nothing."""
        for pair in self._direct + self._deferred:
            if pair.is_compiled:
                self._compiled.append(pair)
            pair.take_off()
        self._direct, self._deferred = [], []
        self.settle()

    def settle(self) -> None:
        """No call is running: what KeyboardInterrupt left, which passes hooks by, is forgotten."""
        self._live = _Live()

    def remove(self) -> None:
        """Takes all hooks off. What was compiled with them is compiled anew when it runs again."""
        self.disarm()
        for pair in self._compiled:
            pair.take_off(even_if_compiled=True)
        self._compiled = []

    def enter(self, path: str, module: nn.Module) -> None:
        """A module's forward begins."""
        live = self._live
        if live.depth == 0:
            self._learn(path)
            live.is_told, live.error = _is_to_be_told(), sys.exc_info()[1]
            if live.is_told:
                self._listener.begins(training=module.training)
                for pair in self._deferred:
                    pair.put_on()
        live.depth += 1

    def leave(self, call: ModuleCall) -> None:
        """A module's forward has returned, or raised."""
        live = self._live
        if live.depth == 0:  # its beginning was before the hooks
            return
        live.depth -= 1
        if not live.is_told:
            return
        failed = sys.exc_info()[1] is not live.error
        if not failed:
            self._listener.returned(call)
        if live.depth == 0:
            live.is_told = False
            for pair in self._deferred:
                pair.take_off()
            self._listener.ends(failed=failed)

    def pass_by(self, call: ModuleCall) -> None:
        """A module's forward has returned from outside that was not expected there, and so not seen to begin."""
        self._learn(call.path)
        if _is_to_be_told():
            self._listener.begins(training=call.module.training)
            self._listener.returned(call)
            self._listener.ends(failed=False)

    def _learn(self, path: str) -> None:
        if self._note is not None and path not in self._outermost:
            self._outermost.add(path)
            self.has_learned = True


def _is_to_be_told() -> bool:
    return (
        torch.is_grad_enabled()
        and torch._C._current_autograd_node() is None
        and not torch._C._get_tracing_state()
        and not torch.fx._symbolic_trace._is_fx_tracing_flag
        and not (torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing())
    )


class _Pair:
    """The two hooks of one module, of an inner one the latter, off at first.

    They don't keep the watch alive, as a model outlives it.
    """

    def __init__(self, owner: "weakref.ref[ModuleHooks]", path: str, module: nn.Module, *, is_inner: bool) -> None:
        self.path = path
        self.module = weakref.ref(module)
        self._is_inner = is_inner
        self._before = _Before(owner, path)
        self._after = _InnerAfter(owner, path) if is_inner else _After(owner, path)
        self._handles: list[Removable] = []

    @property
    def is_compiled(self) -> bool:
        """Whether torch.compile has run through them."""
        return self._before.was_compiled or self._after.was_compiled

    def put_on(self) -> None:
        """Puts them on: one before all others, one after them, even if the forward raises; the inner one if not."""
        module = self.module()
        if module is None or self._handles:
            return
        if not self._is_inner:
            self._handles = [module.register_forward_pre_hook(self._before, prepend=True)]
        self._handles.append(
            module.register_forward_hook(self._after, with_kwargs=True, always_call=not self._is_inner)
        )

    def take_off(self, *, even_if_compiled: bool = False) -> None:
        """Takes them off, unless compiled code depends on them."""
        if self.is_compiled and not even_if_compiled:
            return
        for handle in self._handles:
            handle.remove()
        self._handles = []


class _Hook:
    def __init__(self, owner: "weakref.ref[ModuleHooks]", path: str) -> None:
        self.was_compiled = False
        self._owner = owner
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy or pickle of the model gets one that does nothing, and that loads where we are not installed."""
        return getattr, (contextlib.nullcontext(), "__exit__")


class _Before(_Hook):
    def __call__(self, module: nn.Module, _args: object) -> None:
        if is_compiling():
            self.was_compiled = True  # the compiled code will do this, and no more of us
            return
        owner = self._owner()
        if owner is not None:
            owner.enter(self._path, module)


class _After(_Hook):
    def __call__(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: object) -> None:
        if is_compiling():
            self.was_compiled = True
            return
        owner = self._owner()
        if owner is not None:
            owner.leave(ModuleCall(self._path, module, args, kwargs, output))


class _InnerAfter(_Hook):
    def __call__(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: object) -> None:
        if is_compiling():
            self.was_compiled = True
            return
        owner = self._owner()
        if owner is None:
            return
        live = owner._live
        if live.is_told and owner._note is not None:
            owner._note(self._path, module, args, kwargs, output)
        elif not live.depth:
            owner.pass_by(ModuleCall(self._path, module, args, kwargs, output))
