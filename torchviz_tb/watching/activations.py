"""Statistics of what modules return, at the steps that are sampled."""

import threading
import warnings
import weakref
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch.utils import _python_dispatch as dispatch

from torchviz_tb.capture.engines import Measurement
from torchviz_tb.capture.observed_modules import Observable
from torchviz_tb.capture.outputs import OutputSite, UnitAxes, dead_units, named_outputs, output_site, site_name
from torchviz_tb.capture.sites import SiteTable
from torchviz_tb.capture.statistics import COMING, Outcome, StageMeasurement, begin_stage, measure_stage
from torchviz_tb.capture.tensors import Unsupported, plain
from torchviz_tb.capture.transfer import Bytes, Transfer, is_on_host
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


@dataclass
class _Result:
    """What is known of one output; on a device it comes when the transfer settles that it is measured with."""

    outcome: Outcome
    is_complex: bool = False
    dead: torch.Tensor | None = None  # bool [units], on the CPU; None: units can't be told apart

    @property
    def is_told(self) -> bool:
        """Whether there is a measurement, or will be."""
        return isinstance(self.outcome, Measurement) or self.outcome == COMING

    def merged(self, other: "_Result") -> "_Result":
        """Both; an output that could not be measured once is not measured."""
        one, two = self.outcome, other.outcome
        if isinstance(one, Measurement) and isinstance(two, Measurement):
            outcome: Outcome = one.merged(two).within(_TALLY_BOUND)
        else:
            outcome = two if isinstance(one, Measurement) else one
        both = self.dead is not None and other.dead is not None and self.dead.shape == other.dead.shape
        dead = self.dead & other.dead if both and self.dead is not None and other.dead is not None else None
        return _Result(outcome, self.is_complex or other.is_complex, dead)


@dataclass(frozen=True)
class _Shown:
    """An output that a call has shown."""

    site: OutputSite
    result: _Result


@dataclass(frozen=True)
class _Known:
    """The tensor that was measured last: a container returns what its last module did."""

    tensor: "weakref.ref[torch.Tensor]"
    version: int | None  # of its values; None: not told, and it is not known again
    axis: int | None
    result: _Result

    def is_still(self, tensor: torch.Tensor, version: int | None, axis: int | None) -> bool:
        """Whether it says all of this tensor."""
        return self.tensor() is tensor and version is not None and (self.version, self.axis) == (version, axis)


class _Forward:
    """What one outermost call shows, complete once its transfer has settled."""

    def __init__(self) -> None:
        self.shown: list[_Shown] = []
        self.transfer = Transfer()


class _Gathered:
    """What the forwards of a training step have shown, each output merged over all that have come."""

    def __init__(self) -> None:
        self.sites: dict[str, OutputSite] = {}
        self.tells: set[str] = set()  # names of the outputs that have, or will have, numbers
        self.coming: deque[_Forward] = deque()
        self.results: dict[str, _Result] = {}

    def add(self, forward: _Forward) -> None:
        """One more forward; its numbers are taken in when they are there."""
        for each in forward.shown:
            self.add_site(each)
        forward.transfer.start()
        self.coming.append(forward)
        self.take_in()

    def add_site(self, shown: _Shown) -> None:
        """One more output."""
        self.sites.setdefault(shown.site.name, shown.site)
        if shown.result.is_told:
            self.tells.add(shown.site.name)

    def take_in(self, *, wait: bool = False) -> None:
        """Merges what has come, in the order of the forwards; all of it, if it may wait."""
        while self.coming and (wait or self.coming[0].transfer.is_there):
            forward = self.coming.popleft()
            forward.transfer.settle()
            for each in forward.shown:
                before = self.results.get(each.site.name)
                own = each.result
                self.results[each.site.name] = own if before is None else before.merged(own)


class _Call(threading.local):
    """What the outermost call that runs in a thread has shown so far."""

    def __init__(self) -> None:
        self.training = True
        self.forward = _Forward()
        self.axes = UnitAxes()
        self.known: _Known | None = None


class Activations:
    """Gathers, between two steps, what the forwards of one training step return: all calls count together.

    Forwards in eval mode count where a step has none in train mode; one that raises does not count. Nothing is
    kept of the tensors. Costs, while it is armed, one pass over each output, a second one over those with many
    zeros, on a device over all, for which nothing waits; up to 100 kB an output until the step is sampled.
    """

    def __init__(self, guard: Guard, cost: Cost) -> None:
        self.seconds = 0.0  # that gathering has held up the step to be sampled
        self.has_seen_any = False
        self._guard = guard
        self._cost = cost
        self._hooks = ModuleHooks(self)
        self._lock = threading.Lock()
        self._call = _Call()
        self._gathered = _Gathered()
        self._is_training = False
        self._unseen: dict[str, str] = {}  # class names of modules whose output can't be seen, by path
        self._names: set[str] = set()
        self._has_warned = False
        self._gaps = 0  # that there were when it began to gather

    def arm(self, model: Observable) -> None:
        """From now on gathers what these modules return."""
        self.drop()
        self._unseen = {path: type(model.compiled[path]).__name__ for path in model.closed}
        if not model.modules:
            raise NotObservable(f"the whole model is {_COMPILED}")
        self._warn([*model.compiled, *self._hooks.compiled])
        self._hooks.arm(model.modules)

    def take(self, table: SiteTable, transfer: Transfer) -> StageMeasurement | None:
        """What was gathered, as a stage of a table that takes up what is new; None where nothing was. Disarms.

        Complete once the transfer has settled.
        """
        self._hooks.disarm()
        gathered = self._gathered
        if self._guard.gaps[ACTIVATIONS] > self._gaps:  # what was seen is not all of it
            self.drop()
            return None
        if self._hooks.compiled and not gathered.sites:
            raise NotObservable(f"the whole model is {_COMPILED}")
        self._warn(self._hooks.compiled)
        for path, module_type in {**dict.fromkeys(self._hooks.compiled, ""), **self._unseen}.items():
            name = site_name(path, "output")
            if name not in gathered.sites:
                outcome = Unsupported(_COMPILED)
                gathered.sites[name] = output_site(name, path, module_type, outcome)
                gathered.results[name] = _Result(outcome)
        self.drop()
        if not gathered.sites:
            return None
        self.has_seen_any = True
        self._names.update(gathered.sites)
        if len(self._names) > SITES_BOUND:
            raise NotObservable(f"the names of the outputs change: there are more than {SITES_BOUND} by now")
        table.add_new(site.record() for site in gathered.sites.values())
        stage = _empty_stage({name: table.index(name) for name in gathered.tells}, table.count)
        for forward in gathered.coming:
            transfer.adopt(forward.transfer)
        transfer.keep(partial(_fill, stage, gathered, {name: table.index(name) for name in gathered.sites}), 0)
        return stage

    def drop(self) -> None:
        """Forgets what was gathered, and takes the hooks off."""
        self._hooks.disarm()
        self._gathered, self._is_training, self.seconds = _Gathered(), False, 0.0
        self._gaps = self._guard.gaps[ACTIVATIONS]
        self._call = _Call()

    def end(self) -> None:
        """Takes off all hooks, those in compiled code as well."""
        self.drop()
        self._hooks.remove()

    def begins(self, *, training: bool) -> None:
        """An outermost call begins."""
        call = self._call
        call.training, call.forward, call.known = training, _Forward(), None
        call.axes.forget()

    def returned(self, call: ModuleCall) -> None:
        """A module has returned."""
        if not self._guard.is_on(ACTIVATIONS):
            return
        with self._measuring():
            shown = [self._show(name, tensor, call) for name, tensor in named_outputs(call.path, call.output)]
            self._call.forward.shown += shown

    def ends(self, *, failed: bool) -> None:
        """The outermost call has ended: now it counts."""
        forward, self._call.forward, self._call.known = self._call.forward, _Forward(), None
        if failed or not self._guard.is_on(ACTIVATIONS):
            return
        with self._measuring(), self._lock:
            if self._call.training and not self._is_training:
                self._is_training = True
                self._gathered = _Gathered()
            if self._call.training == self._is_training:
                self._gathered.add(forward)

    def _show(self, name: str, tensor: "torch.Tensor | Unsupported", call: ModuleCall) -> _Shown:
        site = output_site(name, call.path, type(call.module).__name__, tensor)
        if isinstance(tensor, Unsupported):
            return _Shown(site, _Result(tensor))
        axis = self._call.axes.axis(call.module, site.shape)
        known = self._call.known
        version = None if tensor.is_inference() else tensor._version
        if known is None or not known.is_still(tensor, version, axis):
            result = begin_output(tensor, axis, self._call.forward.transfer)
            known = self._call.known = _Known(weakref.ref(tensor), version, axis, result)
        return _Shown(site, known.result)

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


def begin_output(tensor: torch.Tensor, axis: int | None, transfer: Transfer) -> _Result:
    """What is to know of an output whose units are in a dimension; of one on a device once the transfer has settled."""
    values = plain(tensor)
    if not isinstance(values, torch.Tensor):
        return _Result(values)
    if is_on_host(values):
        return _measured(tensor, values, axis)
    stage = begin_stage(pb.STAGE_ACTIVATION, [tensor], transfer)
    result = _Result(stage.outcomes[0], bool(stage.complex_sites))
    if axis is not None:
        transfer.send(dead_units(values, axis), partial(_note_dead, result))
    transfer.keep(partial(_note_outcome, result, stage), 0)
    return result


def _measured(tensor: torch.Tensor, values: torch.Tensor, axis: int | None) -> _Result:
    measured = measure_stage(pb.STAGE_ACTIVATION, [tensor])
    (outcome,) = measured.outcomes
    if not isinstance(outcome, Measurement):
        return _Result(outcome)
    dead = None if axis is None else dead_units(values, axis, outcome.zeros)
    return _Result(outcome.within(_TALLY_BOUND), bool(measured.complex_sites), dead)


def _note_dead(result: _Result, packed: Bytes) -> None:
    result.dead = torch.from_numpy(packed.astype(bool))


def _note_outcome(result: _Result, stage: StageMeasurement) -> None:
    (outcome,) = stage.outcomes
    result.outcome = outcome.within(_TALLY_BOUND) if isinstance(outcome, Measurement) else outcome


def _empty_stage(coming: Mapping[str, int], count: int) -> StageMeasurement:
    """A stage over a table of so many sites, of which some are still to come."""
    outcomes: list[Outcome] = [pb.STATUS_EXCLUDED] * count
    for index in coming.values():
        outcomes[index] = COMING
    return StageMeasurement(pb.STAGE_ACTIVATION, outcomes, units=[0] * count, dead_units=[0] * count)


def _fill(stage: StageMeasurement, gathered: _Gathered, indices: Mapping[str, int]) -> None:
    gathered.take_in(wait=True)
    for name, index in sorted(indices.items(), key=lambda each: each[1]):
        result = gathered.results[name]
        stage.outcomes[index] = result.outcome
        if result.is_complex:
            stage.complex_sites.append(index)
        if result.dead is not None and stage.units is not None and stage.dead_units is not None:
            stage.units[index], stage.dead_units[index] = len(result.dead), int(result.dead.sum())
