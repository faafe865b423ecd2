"""Where NaN or infinity came from: the first module, in the order of the calls, that returned one.

At each step that is looked at, one sum of each tensor that a module returns: a sum is finite only if all that it
sums is. Where it is not, the tensor itself is looked at, and what the module was given. On the CPU at once; on a
device nothing is waited for: the sums are read when they are there, and say which module, but not which element.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import nn
from torch.utils import _python_dispatch as dispatch

from torchviz_tb.capture.graph.terminals import output_tensors
from torchviz_tb.capture.observed_modules import Observable
from torchviz_tb.capture.outputs import named_outputs
from torchviz_tb.capture.sites import plain_name
from torchviz_tb.capture.tensors import Unsupported, plain
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.cost import Cost
from torchviz_tb.watching.guard import Guard
from torchviz_tb.watching.later import Later
from torchviz_tb.watching.module_hooks import ModuleCall, ModuleHooks

NAN = "nan"
"""The part that fails when modules can't be looked at."""

STEPS_AFTER = 3
"""Steps that are looked at after one that had NaN or infinity, where not all are."""

_SMALL = (torch.float16, torch.bfloat16)
_PIECE = 1 << 22  # elements looked at together


class Unseen(Exception):
    """Modules can't be looked at."""


@dataclass(frozen=True)
class Origin:
    """The first tensor that was not finite; the fields are those of Incident in records.proto."""

    site: str
    module_type: str
    stage: pb.Stage
    role: pb.Role
    reason: str
    first_bad_index: tuple[int, ...] = ()


@dataclass
class _Step:
    """What was seen between two steps."""

    found: Origin | None = None
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
        for (path, module_type), total, before in zip(self.labels, sums, given, strict=True):
            if not math.isfinite(total):
                role = pb.ROLE_ORIGIN if math.isfinite(before) else pb.ROLE_PROPAGATION
                was = "is finite" if math.isfinite(before) else "holds it already"
                reason = f"Its output holds NaN or infinity, or adds up to it; what it was given {was}."
                return Origin(path, module_type, pb.STAGE_ACTIVATION, role, reason)
        return None


class NanOrigin:
    """Looks at what modules return, at every step or at those after an alarm, until it has found an origin.

    After one it is silent until a whole step was finite.
    """

    def __init__(self, guard: Guard, cost: Cost, *, always: bool) -> None:
        self._guard = guard
        self._cost = cost
        self._always = always
        self._steps_left = 0
        self._hooks = ModuleHooks(self)
        self._step = _Step()
        self._pending: list[_Pending] = []
        self._is_broken = False
        self._is_stale = False
        self.finite_step: int | None = None  # the newest at which all that modules returned was finite

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

    def look_ahead(self, modules: Callable[[], Observable | None]) -> None:
        """Puts hooks on these modules, or takes them off."""
        wanted = (self._always or self._steps_left > 0) and self._guard.is_on(NAN)
        if wanted == self.is_looking and not self._is_stale:
            return
        self._is_stale = False
        self._hooks.disarm()
        found = modules() if wanted else None
        if found is None:
            return
        if found.modules:
            self._hooks.arm(found.modules)
        elif self._always:
            self._guard.switch_off(NAN, Unseen("the whole model is compiled: what its modules return can't be seen"))

    def refresh(self) -> None:
        """The model may have other modules than before: the next ``look_ahead`` sees."""
        self._is_stale = True

    def before_step(self, step: int, *, known: bool) -> Iterator[tuple[int, Origin]]:
        """What was found of this step and, on a device, of earlier ones; ``known``: a step before was not finite."""
        seen, looked = self._step, self.is_looking
        self._step = _Step(order=seen.order)
        if seen.sums:
            sums = torch.stack([each.to(seen.sums[0].device) for each in [*seen.sums, *seen.given]])
            self._pending.append(_Pending(step, seen.labels, Later(sums)))
        yield from self._judged(seen.found, step, looked=looked and not seen.sums, known=known)
        while self._pending and self._pending[0].sums.is_there:
            pending = self._pending.pop(0)
            yield from self._judged(pending.origin(), pending.step, looked=True, known=known)
        self._steps_left = max(0, self._steps_left - looked)

    def after_step(self) -> None:
        """The step has ended: what modules return belongs to the next."""
        self._step = _Step()
        self._hooks.settle()

    def end(self) -> None:
        """Takes off all hooks."""
        self._hooks.remove()

    def _judged(self, found: Origin | None, step: int, *, looked: bool, known: bool) -> Iterator[tuple[int, Origin]]:
        if found is not None and not self._is_broken:
            if known and found.stage == pb.STAGE_PARAMETER:  # what the step before has left
                found = replace(found, role=pb.ROLE_PROPAGATION)
            yield step, found
        if found is not None or looked:
            self._is_broken = found is not None
            self.finite_step = step if found is None else self.finite_step

    def begins(self, *, training: bool) -> None:
        """An outermost call begins."""

    def returned(self, call: ModuleCall) -> None:
        """A module has returned."""
        self._step.order.append(call.path)
        if self._step.found is not None or not self._guard.is_on(NAN):
            return
        with self._looking():
            for _, tensor in named_outputs(call.path, call.output):
                total = _sum(tensor)
                if total is None:
                    continue
                if not _is_at_hand(total):
                    self._remember(call, total)
                elif not math.isfinite(total) and (index := first_bad_index(tensor)) is not None:
                    self._step.found = _origin(call, tensor, index)
                    return

    def ends(self, *, failed: bool) -> None:
        """The outermost call has ended."""

    def _remember(self, call: ModuleCall, total: torch.Tensor) -> None:
        given = [each for each in map(_sum, _given(call)) if each is not None]
        self._step.labels.append((call.path, type(call.module).__name__))
        self._step.sums.append(total)
        self._step.given.append(torch.stack([each.to(total.device) for each in given]).sum() if given else total * 0)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        timed, part = self._cost.timed(), self._guard.part(NAN)
        with timed, part, torch.no_grad(), torch._C.DisableTorchFunction(), dispatch._disable_current_modes():
            yield


def _sum(tensor: "torch.Tensor | Unsupported") -> torch.Tensor | None:
    """The sum in float32 at least, of the magnitude where there is one; None for what has no values or is finite."""
    if not isinstance(tensor, torch.Tensor) or not (tensor.is_floating_point() or tensor.is_complex()):
        return None
    values = plain(tensor)
    if not isinstance(values, torch.Tensor) or values.dtype.itemsize == 1:
        return None
    total = values.sum(dtype=torch.float32 if values.dtype in _SMALL else None)
    return torch.view_as_real(total.to(torch.complex64)).sum() if total.is_complex() else total.to(torch.float32)


def _is_at_hand(total: torch.Tensor) -> bool:
    """Whether reading it waits for no device."""
    return total.device.type == "cpu"


def first_bad_index(tensor: "torch.Tensor | Unsupported") -> tuple[int, ...] | None:
    """Position of the first element that is NaN or infinite; None where all are finite, or none can be read.

    Costs about two passes, a synchronisation for each four million elements of a tensor on a device, and little
    memory unless the tensor has gaps.
    """
    values = plain(tensor) if isinstance(tensor, torch.Tensor) else tensor
    if not isinstance(values, torch.Tensor):
        return None
    start = 0
    for piece in values.reshape(-1).split(_PIECE):
        # Types of 8 bits don't know isfinite.
        bad = ~torch.isfinite(piece.float() if piece.is_floating_point() and piece.dtype.itemsize == 1 else piece)
        if bad.any():
            return _unravelled(start + int(bad.int().argmax()), values.shape)
        start += piece.numel()
    return None


def _unravelled(position: int, shape: Sequence[int]) -> tuple[int, ...]:
    index = []
    for size in reversed(shape):
        position, place = divmod(position, size)
        index.append(place)
    return tuple(reversed(index))


def _given(call: ModuleCall) -> list[torch.Tensor]:
    return [tensor for _, tensor in output_tensors((call.args, call.kwargs))]


def _origin(call: ModuleCall, output: "torch.Tensor | Unsupported", index: tuple[int, ...]) -> Origin:
    """What the first bad output says, after all before it were finite."""
    module_type = type(call.module).__name__
    broken = _first_broken(call.module.named_parameters())
    if broken is not None:
        name, where = broken
        site = plain_name(f"{call.path}.{name}" if call.path else name)
        reason = "The parameter is not finite before the forward: the update of a step before has broken it."
        return Origin(site, module_type, pb.STAGE_PARAMETER, pb.ROLE_ORIGIN, reason, where)
    what = _what(output, index)
    given = next((tensor for tensor in _given(call) if first_bad_index(tensor) is not None), None)
    if given is None:
        reason = f"Its output holds {what}; what it was given is finite, and so are its parameters.{_made_by(output)}"
        return Origin(call.path, module_type, pb.STAGE_ACTIVATION, pb.ROLE_ORIGIN, reason, index)
    source = (
        "from the batch, or from code that takes no gradient"
        if given.grad_fn is None
        else "from the code between this module and those that ran before it"
    )
    reason = (
        f"Its output holds {what} because what it was given does, though no module before it returned any: "
        f"it comes {source}.{_made_by(given)}"
    )
    return Origin(call.path, module_type, pb.STAGE_ACTIVATION, pb.ROLE_PROPAGATION, reason, index)


def _first_broken(tensors: Iterable[tuple[str, nn.Parameter]]) -> tuple[str, tuple[int, ...]] | None:
    found = ((name, first_bad_index(tensor)) for name, tensor in tensors)
    return next(((name, index) for name, index in found if index is not None), None)


def _what(tensor: "torch.Tensor | Unsupported", index: tuple[int, ...]) -> str:
    values = plain(tensor) if isinstance(tensor, torch.Tensor) else tensor
    return "NaN" if isinstance(values, torch.Tensor) and bool(torch.isnan(values[index])) else "infinity"


def _made_by(tensor: "torch.Tensor | Unsupported") -> str:
    """The last operation on a tensor, as autograd calls it."""
    node = tensor.grad_fn if isinstance(tensor, torch.Tensor) else None
    name = "" if node is None else re.sub(r"Backward\d*$", "", type(node).__name__)
    return f" The last operation on it: {name}." if name else ""
