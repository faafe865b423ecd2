"""Where NaN or infinity came from: the first module, in the order of the calls, that returned one.

On the CPU, a sum tells: it is finite only if all that it sums is. Either one of what each module returns, or one of
what the model returns; then what its modules returned is remembered by weak references, for a few microseconds each,
and looked at only if that sum is not finite: before the backward lets go of what autograd keeps, in the order of the
calls; simple layers can be run again. NaN that does not reach what the model returns is then seen in the gradients
alone, or not at all.

On a device, one sum of each tensor that a module returns. Nothing is waited for: the sums are read when they are
there, and say which module, but not which element.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn
from torch.utils import _python_dispatch as dispatch

from torchviz_tb.capture.observed_modules import Observable, ObservedModule
from torchviz_tb.capture.outputs import named_outputs
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.cost import Cost
from torchviz_tb.watching.first_bad import quick_total, total
from torchviz_tb.watching.guard import Guard
from torchviz_tb.watching.later import Later
from torchviz_tb.watching.module_hooks import ModuleCall, ModuleHooks
from torchviz_tb.watching.origins import Origin, first_origin
from torchviz_tb.watching.seen_calls import RawCall, SeenCall, can_be_first, is_of_the_cpu, quick_call, seen_call

NAN = "nan"
"""The part that fails when modules can't be looked at."""

STEPS_AFTER = 3
"""Steps that are looked at after one that had NaN or infinity, where not all are."""

_OF_A_CALL = 2.5  # what a hook costs in all, by what it measures of itself: torch calls it, and that takes longer
_TIMED = 8  # one call in so many: asking for the time takes a part of what it is to tell
_FREE_SECONDS = 0.25  # beyond the share: next to nothing for a run, and all steps of a short one


class Unseen(Exception):
    """Modules can't be looked at."""


@dataclass
class _Step:
    """What was seen between two steps."""

    found: Origin | None = None
    is_bad: bool = False  # NaN or infinity was returned
    is_certain: bool = True  # it was not infinity alone, which some models return on purpose
    is_known: bool = False  # something was returned whose sum could be read
    order: list[str] = field(default_factory=list)  # of the modules that have returned
    # Of tensors on a device: whose they are, the sum of each, and that of what the module was given.
    labels: list[tuple[str, str]] = field(default_factory=list)
    sums: list[torch.Tensor] = field(default_factory=list)
    given: list[torch.Tensor] = field(default_factory=list)


@dataclass(frozen=True)
class _Pending:
    """The sums of one step, on their way."""

    step: int
    labels: list[tuple[str, str]]
    sums: Later

    def origin(self) -> Origin | None:
        """The first that is not finite."""
        sums, given = self.sums.numbers().reshape(2, -1)
        for (path, module_type), added, before in zip(self.labels, sums, given, strict=True):
            if not math.isfinite(added):
                role = pb.ROLE_ORIGIN if math.isfinite(before) else pb.ROLE_PROPAGATION
                was = "is finite" if math.isfinite(before) else "holds it already"
                reason = f"Its output holds NaN or infinity, or adds up to it; what it was given {was}."
                return Origin(path, module_type, pb.STAGE_ACTIVATION, role, reason)
        return None


class _Running(threading.local):
    """The calls within the outermost one that runs in a thread."""

    def __init__(self) -> None:
        self.is_on = True
        self.is_quick = False  # nothing is to be done with a call but to remember it
        self.calls: list[RawCall] = []
        self.last: object = None  # what the last of them has returned


class NanOrigin:
    """Looks at what modules return, at every step or at those after an alarm, until it has found an origin.

    After one it is silent until a whole step was finite. With a ``share``, it looks at what the model returns, and at
    every step only as long as that takes no more of the wall time, as it estimates itself; without, at what each
    module returns.
    """

    def __init__(self, guard: Guard, cost: Cost, *, always: bool, share: float | None = None) -> None:
        self._guard = guard
        self._cost = cost
        self._always = always
        self._looks_at_each = share is None
        self._share = share
        self._seconds = 0.0  # that looking has taken
        self._steps_left = 0
        self._hooks = ModuleHooks(self, note=self._note)
        self._running = _Running()
        self._step = _Step()
        self._pending: list[_Pending] = []
        self._is_broken = False
        self._is_stale = False
        self._passing: set[str] = set()  # paths of modules that return what the last one in them does
        self._returns_infinity = False  # on purpose, as it seems: the gradients stay finite
        self.finite_step: int | None = None  # the newest at which all that the model returned was finite

    @property
    def is_looking(self) -> bool:
        """Whether the step that comes is looked at."""
        return self._hooks.is_armed

    @property
    def order(self) -> list[str]:
        """Paths of the modules in the order in which they returned since the last step; empty if nobody looked."""
        return self._step.order

    def alarm(self) -> None:
        """Something was not finite: the steps that come are looked at."""
        self._steps_left = STEPS_AFTER
        self._returns_infinity = False

    def look_ahead(self, modules: Callable[[], Observable | None]) -> None:
        """Puts hooks on these modules, or takes them off."""
        wanted = (self._always or self._steps_left > 0) and self._guard.is_on(NAN)
        if wanted == self.is_looking and not self._is_stale and not self._hooks.has_learned:
            return
        self._is_stale = False
        self._hooks.disarm()
        found = None
        with self._guard.part(NAN):
            found = modules() if wanted else None
        if found is None:
            return
        if found.modules:
            self._hooks.arm(found.modules, is_needed=self._is_needed)
        elif self._always and self._share is None:  # asked for
            self._guard.switch_off(NAN, Unseen("the whole model is compiled: what its modules return can't be seen"))

    def refresh(self) -> None:
        """The model has other modules than before: the next ``look_ahead`` sees."""
        self._is_stale = True

    def before_step(
        self, step: int, *, known: bool, is_finite: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[int, Origin]]:
        """What was found of this step and, on a device, of earlier ones.

        ``known``: a step before was not finite. ``is_finite`` tells whether gradients and loss are; it is asked
        where infinity was found and no NaN, which then is no accident.
        """
        seen, looked = self._step, self.is_looking
        self._step = _Step(order=seen.order)
        if seen.sums:
            sums = torch.stack([each.to(seen.sums[0].device) for each in [*seen.sums, *seen.given]])
            self._pending.append(_Pending(step, seen.labels, Later(sums)))
        if seen.is_bad and not seen.is_certain and is_finite():
            self._returns_infinity = True
        else:
            looked_at = looked and seen.is_known and not seen.sums
            yield from self._judged(seen.found, step, is_bad=seen.is_bad, looked=looked_at, known=known)
        while self._pending and self._pending[0].sums.is_there:
            pending = self._pending.pop(0)
            found = pending.origin()
            yield from self._judged(found, pending.step, is_bad=found is not None, looked=True, known=known)
        self._steps_left = max(0, self._steps_left - looked)

    def after_step(self) -> None:
        """The step has ended: what modules return belongs to the next."""
        self._step = _Step()
        self._hooks.settle()
        if self._share is not None and self._seconds > self._share * self._cost.elapsed + _FREE_SECONDS:
            self._always = False

    def end(self) -> None:
        """Takes off all hooks."""
        self._hooks.remove()

    def _judged(
        self, found: Origin | None, step: int, *, is_bad: bool, looked: bool, known: bool
    ) -> Iterator[tuple[int, Origin]]:
        if found is not None and not self._is_broken:
            if known and found.stage == pb.STAGE_PARAMETER:  # what the step before has left
                found = replace(found, role=pb.ROLE_PROPAGATION)
            yield step, found
        if is_bad or looked:
            self._is_broken = is_bad
            self.finite_step = self.finite_step if is_bad else step

    def begins(self, *, training: bool) -> None:  # noqa: ARG002 (a Listener)
        """An outermost call begins."""
        running, step = self._running, self._step
        running.calls, running.is_on = [], self._guard.is_on(NAN)
        running.is_quick = running.is_on and not (step.is_bad or self._looks_at_each or self._hooks.has_learned)

    def returned(self, call: ModuleCall) -> None:
        """A module has returned."""
        self._step.order.append(call.path)
        if self._step.is_bad or not self._running.is_on:
            return
        if not is_of_the_cpu(call.output):
            self._sum_on_device(call)
            return
        calls = self._running.calls
        try:
            if self._hooks.has_learned and calls and SeenCall(*calls[-1]).has_returned(call.output):
                self._passing.add(call.path)
            calls.append(seen_call(call))
        except Exception as error:  # noqa: BLE001 (as in Guard)
            self._give_up(error)
            return
        self._running.last = call.output
        if self._looks_at_each:
            self._look(calls[-1:], call.output)

    def _note(
        self, path: str, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: object
    ) -> None:
        """As ``returned``, of an inner call: written out for those that are the most, as it is run at every step."""
        running = self._running
        calls = running.calls
        start = None if len(calls) % _TIMED else time.perf_counter()
        given = args[0] if len(args) == 1 and not kwargs else None
        if type(output) is torch.Tensor and type(given) is torch.Tensor and running.is_quick and output.is_cpu:
            try:
                calls.append(quick_call(path, module, given, output))
            except RuntimeError:  # tensors of inference mode have no version
                pass
            else:
                self._step.order.append(path)
                running.last = output
                if start is not None:
                    self._spend(_OF_A_CALL * _TIMED * (time.perf_counter() - start))
                return
        self.returned(ModuleCall(path, module, args, kwargs, output))

    def _give_up(self, error: Exception) -> None:
        self._running.is_on = self._running.is_quick = False
        self._guard.switch_off(NAN, error)

    def ends(self, *, failed: bool) -> None:
        """The outermost call has ended."""
        calls, self._running.calls = self._running.calls, []
        last, self._running.last = self._running.last, None
        if calls and not self._step.is_bad and self._guard.is_on(NAN):
            self._look(calls, last, failed=failed)

    def _look(self, calls: Sequence[RawCall], output: object, *, failed: bool = False) -> None:
        """Looks at what the last of the calls has returned; at what all of them did if it is not finite."""
        start, added = time.perf_counter(), None
        try:
            added = None if failed else quick_total(output)
        except Exception as error:  # noqa: BLE001 (as in Guard)
            self._give_up(error)
            return
        self._spend(time.perf_counter() - start)
        if added is not None and math.isfinite(added):
            self._step.is_known = True
            return
        seen = [SeenCall(*call) for call in calls]
        with self._looking():
            sums = [] if failed else [float(each) for each in map(total, seen[-1].outputs() or ()) if each is not None]
            self._step.is_known = self._step.is_known or bool(sums)
            if failed or not all(map(self._is_in_order, sums)):
                self._find(seen, is_certain=failed or any(map(math.isnan, sums)))

    def _find(self, calls: Sequence[SeenCall], *, is_certain: bool) -> None:
        self._step.is_certain = is_certain
        if self._is_broken:  # and that was told
            self._step.is_bad = True
            return
        self._step.found = first_origin(calls)
        self._step.is_bad = self._step.found is not None

    def _sum_on_device(self, call: ModuleCall) -> None:
        with self._looking():
            for _, tensor in named_outputs(call.path, call.output):
                added = total(tensor)
                if added is not None:
                    self._remember(call, added)

    def _spend(self, seconds: float) -> None:
        self._seconds += seconds
        self._cost.seconds += seconds

    def _is_needed(self, module: ObservedModule) -> bool:
        return module.path not in self._passing and can_be_first(module.module)

    def _is_in_order(self, added: float) -> bool:
        return math.isfinite(added) or (math.isinf(added) and self._returns_infinity)

    def _remember(self, call: ModuleCall, added: torch.Tensor) -> None:
        given = [each for each in map(total, seen_call(call).inputs()) if each is not None]
        self._step.labels.append((call.path, type(call.module).__name__))
        self._step.sums.append(added)
        self._step.given.append(torch.stack([each.to(added.device) for each in given]).sum() if given else added * 0)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        timed, part = self._cost.timed(), self._guard.part(NAN)
        with timed, part, torch.no_grad(), torch._C.DisableTorchFunction(), dispatch._disable_current_modes():
            yield
