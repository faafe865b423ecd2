"""Statistics of what modules return, at the steps that are sampled."""

import threading
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch.utils import _python_dispatch as dispatch

from torchviz_tb.capture.engines import Measurement
from torchviz_tb.capture.observed_modules import Observable
from torchviz_tb.capture.outputs import OutputSite, UnitAxes, dead_units, named_outputs, output_site, site_name
from torchviz_tb.capture.sites import SiteTable
from torchviz_tb.capture.statistics import Outcome, StageMeasurement, StageSample, measure_stage
from torchviz_tb.capture.tensors import Unsupported, plain
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.cost import Cost
from torchviz_tb.watching.guard import Guard
from torchviz_tb.watching.module_hooks import ModuleCall, ModuleHooks
from torchviz_tb.watching.parts import ACTIVATIONS

SITES_BOUND = 10_000
"""Names of outputs in one watch. A model whose outputs have ever new names would fill the table of sites."""

_TALLY_BOUND = 4096  # entries of a histogram that is kept until the step is sampled: at most 100 kB
_COMPILED = "compiled: what modules return in compiled code can't be seen without changing that code"


class NotObservable(Exception):
    """What a model computes can't be seen."""


@dataclass(frozen=True)
class _Gathered:
    """What all calls so far say of one output."""

    site: OutputSite
    outcome: Outcome
    is_complex: bool = False
    dead: torch.Tensor | None = None  # bool [units]; None: units can't be told apart

    def merged(self, other: "_Gathered") -> "_Gathered":
        """Both; an output that could not be measured once is not measured."""
        one, two = self.outcome, other.outcome
        if isinstance(one, Measurement) and isinstance(two, Measurement):
            outcome: Outcome = one.merged(two).within(_TALLY_BOUND)
        else:
            outcome = two if isinstance(one, Measurement) else one
        both = self.dead is not None and other.dead is not None and self.dead.shape == other.dead.shape
        dead = self.dead & other.dead if both and self.dead is not None and other.dead is not None else None
        return replace(self, outcome=outcome, is_complex=self.is_complex or other.is_complex, dead=dead)


@dataclass(frozen=True)
class _Known:
    """The tensor that was measured last: a container returns what its last module did."""

    tensor: "weakref.ref[torch.Tensor]"
    version: int | None  # of its values; None: not told, and it is not known again
    axis: int | None
    gathered: _Gathered

    def is_still(self, tensor: torch.Tensor, version: int | None, axis: int | None) -> bool:
        """Whether it says all of this tensor."""
        return self.tensor() is tensor and version is not None and (self.version, self.axis) == (version, axis)


class _Call(threading.local):
    """What the outermost call that runs in a thread has shown so far."""

    def __init__(self) -> None:
        self.training = True
        self.shown: list[_Gathered] = []
        self.axes = UnitAxes()
        self.known: _Known | None = None


class Activations:
    """Gathers, between two steps, what the forwards of one training step return: all calls count together.

    Forwards in eval mode count where a step has none in train mode; one that raises does not count. Nothing is
    kept of the tensors. Costs, while it is armed, one pass over each output, a second one over those with many
    zeros, and on a device a synchronisation each; up to 100 kB an output until the step is sampled.
    """

    def __init__(self, guard: Guard, cost: Cost) -> None:
        self.seconds = 0.0  # that gathering has held up the step to be sampled
        self.has_seen_any = False
        self._guard = guard
        self._cost = cost
        self._hooks = ModuleHooks(self)
        self._lock = threading.Lock()
        self._call = _Call()
        self._gathered: dict[str, _Gathered] = {}
        self._is_training = False
        self._unseen: dict[str, str] = {}  # class names of modules whose output can't be seen, by path
        self._names: set[str] = set()
        self._has_warned = False

    def arm(self, model: Observable) -> None:
        """From now on gathers what these modules return."""
        self.drop()
        self._unseen = {path: type(model.compiled[path]).__name__ for path in model.closed}
        if not model.modules:
            raise NotObservable(f"the whole model is {_COMPILED}")
        self._warn([*model.compiled, *self._hooks.compiled])
        self._hooks.arm(model.modules)

    def take(self, table: SiteTable) -> StageSample | None:
        """What was gathered, as a stage of a table that takes up what is new; None where nothing was. Disarms."""
        self._hooks.disarm()
        gathered = self._gathered
        if self._hooks.compiled and not gathered:
            raise NotObservable(f"the whole model is {_COMPILED}")
        self._warn(self._hooks.compiled)
        for path, module_type in {**dict.fromkeys(self._hooks.compiled, ""), **self._unseen}.items():
            name = site_name(path, "output")
            outcome = Unsupported(_COMPILED)
            gathered.setdefault(name, _Gathered(output_site(name, path, module_type, outcome), outcome))
        self.drop()
        if not gathered:
            return None
        self.has_seen_any = True
        self._names.update(gathered)
        if len(self._names) > SITES_BOUND:
            raise NotObservable(f"the names of the outputs change: there are more than {SITES_BOUND} by now")
        table.add_new(each.site.record() for each in gathered.values())
        return _stage({table.index(name): each for name, each in gathered.items()}, table.count).sample()

    def drop(self) -> None:
        """Forgets what was gathered, and takes the hooks off."""
        self._hooks.disarm()
        self._gathered, self._is_training, self.seconds = {}, False, 0.0
        self._call = _Call()

    def end(self) -> None:
        """Takes off all hooks, those in compiled code as well."""
        self.drop()
        self._hooks.remove()

    def begins(self, *, training: bool) -> None:
        """An outermost call begins."""
        call = self._call
        call.training, call.shown, call.known = training, [], None
        call.axes.forget()

    def returned(self, call: ModuleCall) -> None:
        """A module has returned."""
        if not self._guard.is_on(ACTIVATIONS):
            return
        with self._measuring():
            shown = [self._gather(name, tensor, call) for name, tensor in named_outputs(call.path, call.output)]
            self._call.shown += shown

    def ends(self, *, failed: bool) -> None:
        """The outermost call has ended: now it counts."""
        shown, self._call.shown, self._call.known = self._call.shown, [], None
        if failed or not self._guard.is_on(ACTIVATIONS):
            return
        with self._measuring(), self._lock:
            if self._call.training and not self._is_training:
                self._is_training = True
                self._gathered.clear()
            if self._call.training == self._is_training:
                for each in shown:
                    before = self._gathered.get(each.site.name)
                    self._gathered[each.site.name] = each if before is None else before.merged(each)

    def _gather(self, name: str, tensor: "torch.Tensor | Unsupported", call: ModuleCall) -> _Gathered:
        site = output_site(name, call.path, type(call.module).__name__, tensor)
        if isinstance(tensor, Unsupported):
            return _Gathered(site, tensor)
        axis = self._call.axes.axis(call.module, site.shape)
        known = self._call.known
        version = None if tensor.is_inference() else tensor._version
        if known is None or not known.is_still(tensor, version, axis):
            known = self._call.known = _Known(weakref.ref(tensor), version, axis, _measured(site, tensor, axis))
        return replace(known.gathered, site=site)

    @contextmanager
    def _measuring(self) -> Iterator[None]:
        """Faults switch the part off; the user's modes see nothing of what is done."""
        before = self._cost.seconds
        timed, part = self._cost.timed(), self._guard.part(ACTIVATIONS)
        with timed, part, torch.no_grad(), torch._C.DisableTorchFunction(), dispatch._disable_current_modes():
            yield
        self.seconds += self._cost.seconds - before

    def _warn(self, compiled: list[str]) -> None:
        if compiled and not self._has_warned:
            self._has_warned = True
            named = ", ".join(repr(path or "the model") for path in compiled[:3])
            more = f" and {len(compiled) - 3} more" if len(compiled) > 3 else ""
            warnings.warn(
                "log='activations' shows nothing of what happens within modules that are compiled or scripted "
                f"({named}{more}): "
                "compile after the runs in which you look at activations, or compile smaller parts",
                stacklevel=2,
            )


def _measured(site: OutputSite, tensor: torch.Tensor, axis: int | None) -> _Gathered:
    measured = measure_stage(pb.STAGE_ACTIVATION, [tensor])
    (outcome,) = measured.outcomes
    if not isinstance(outcome, Measurement):
        return _Gathered(site, outcome)
    values = plain(tensor)
    dead = dead_units(values, axis, outcome.zeros) if isinstance(values, torch.Tensor) and axis is not None else None
    return _Gathered(site, outcome.within(_TALLY_BOUND), bool(measured.complex_sites), dead)


def _stage(gathered: dict[int, _Gathered], count: int) -> StageMeasurement:
    """A stage over a table of so many sites."""
    units, dead = [0] * count, [0] * count
    outcomes: list[Outcome] = [pb.STATUS_EXCLUDED] * count
    stage = StageMeasurement(pb.STAGE_ACTIVATION, outcomes, units=units, dead_units=dead)
    for index, each in sorted(gathered.items()):
        outcomes[index] = each.outcome
        if each.is_complex:
            stage.complex_sites.append(index)
        if each.dead is not None:
            units[index], dead[index] = len(each.dead), int(each.dead.sum())
    return stage
