"""Watch: records a model while its optimizers train it."""

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import final

import torch

from torchviz_tb.capture.observed_modules import Observable
from torchviz_tb.capture.sites import ParameterSite
from torchviz_tb.errors import ArgumentError
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import arguments
from torchviz_tb.watching.activations import Activations
from torchviz_tb.watching.closing import say_goodbye
from torchviz_tb.watching.closures import StepArguments, when_gradients_are_there
from torchviz_tb.watching.cost import Cadence, Cost
from torchviz_tb.watching.first_graph import Removable, record_first_graph
from torchviz_tb.watching.group import WRITING, Group
from torchviz_tb.watching.groups import group_of_watch
from torchviz_tb.watching.guard import Guard
from torchviz_tb.watching.heatmap_choice import HeatmapRule
from torchviz_tb.watching.lookout import Lookout
from torchviz_tb.watching.loss_scale import Scaler
from torchviz_tb.watching.nan_origin import NanOrigin
from torchviz_tb.watching.nested_steps import is_within_its_own_step
from torchviz_tb.watching.parts import ACTIVATIONS, GRADIENTS, GRAPH, HEATMAPS, PARAMETERS, RAW_GRADIENTS, UPDATES
from torchviz_tb.watching.raw_gradients import RawGradients
from torchviz_tb.watching.report import WatchReport
from torchviz_tb.watching.schedule import Forecast
from torchviz_tb.watching.sharing import Sharing
from torchviz_tb.watching.step_counter import StepCounter
from torchviz_tb.watching.step_sample import StepSample, by_index

SAMPLING = "sampling"
"""The part that finds the parameters and the step; without it a watch records no steps."""

_STATISTICS = frozenset([PARAMETERS, GRADIENTS, RAW_GRADIENTS, UPDATES, ACTIVATIONS])
_LOOKING_SHARE = 0.005  # of the wall time, for the flight recorder
_ORIGIN_SHARE = 0.01  # for the origin of NaN, where nobody asked for it

Select = Callable[[torch.nn.Module], Sequence[ParameterSite]]
Observe = Callable[[torch.nn.Module, Sequence[ParameterSite]], Observable]


@final
class Watch:
    """A model that is being recorded; what ``watch()`` returns.

    It lives as long as the optimizers do, needs no reference, keeps neither model nor optimizers
    alive, and ends with ``unwatch()``, as a context manager at the end of the block. A fault in it
    never reaches the training loop: it warns once and switches off the part that failed.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        optimizers: Sequence[torch.optim.Optimizer],
        writer: object,
        *,
        name: str | None,
        parts: tuple[str, ...],
        log_freq: int,
        heatmap_freq: int,
        select: Select,
        observe: Observe,
        global_step: Callable[[], int] | None,
        scaler: Scaler | None = None,
        budget: float | None = None,
        flight_steps: int = 0,
        nan: str | None = None,
        heatmaps: HeatmapRule = HeatmapRule(),  # noqa: B008 (frozen)
    ) -> None:
        self._model = weakref.ref(model)
        self._optimizers = [weakref.ref(optimizer) for optimizer in optimizers]
        self._writer = writer  # kept alive here: nobody else may hold it
        sites = select(model)
        shares = parts != (GRAPH,) and Sharing.is_needed(sites)
        if shares:
            arguments.check_no_budget(budget)
        self._group = group_of_watch(model, writer, name, shares=shares)
        self._name = name or "model" if self._group is None else self._group.name
        self._guard = Guard(self._name) if self._group is None else self._group.guard
        self._parts = parts
        self._cost = Cost()
        self._cadence = Cadence(self._cost, log_freq, heatmap_freq, budget)
        self._select = select
        self._observe = observe
        self._heatmaps = heatmaps
        self._global_step = global_step
        self._open: StepSample | None = None
        self._handles: list[Removable] = []
        self._counter = StepCounter(optimizers)
        self._sites = len(sites)
        self._samples = 0
        self._had_gradient: dict[str, bool] = {}
        self._raw = RawGradients() if RAW_GRADIENTS in parts and not shares else None
        self._activations: Activations | None = None
        if ACTIVATIONS in parts and writer is not None:
            self._activations = Activations(self._guard, self._cost)
        self._lookout: Lookout | None = None
        self._has_ended_in_words = writer is None
        self._step_now = 0  # of the training step that began last
        self._forecast = Forecast()
        self._is_told_steps = False  # by calls of step()
        self._ended = self._group is None
        self._sharing: Sharing | None = None
        if shares:
            wanted = log_freq, heatmap_freq, parts
            self._sharing = Sharing(self._guard, sites, wanted, has_writer=writer is not None)
        if self._group is not None:
            if writer is not None and parts != (GRAPH,):
                share = min(_LOOKING_SHARE, budget or 1.0)
                origin = self._nan_origin(model, sites, nan)
                self._lookout = Lookout(
                    self._group, self._cost, origin, flight_steps=flight_steps, share=share, scaler=scaler
                )
            self._attach(model, optimizers, self._group)
            self._group.before_close(self._close)

    def loss(self, loss: torch.Tensor | float) -> None:
        """Tells the loss of the step that comes, a number or a tensor of one, so that spikes of it are seen.

        Call it at any time before ``optimizer.step()``; it is recorded only if something goes wrong, by the
        flight recorder. Waits for no device. Raises ArgumentError for what is not one number.
        """
        arguments.check_loss(loss)
        if self._lookout is not None and self._is_running:
            with self._guarded():
                self._lookout.note_loss(loss)

    def step(self, global_step: int | None = None) -> None:
        """Samples if the schedule says so: for a watch without an optimizer, between backward and the update.

        The step is the one given, or else the number of earlier calls. Raises ArgumentError for a
        watch that has an optimizer, which samples by itself.
        """
        if self._optimizers:
            raise ArgumentError(
                f"watch '{self._name}' has an optimizer and samples at its step(), so its own step() is not to be "
                "called: remove the call, and give watch() global_step=lambda: ... if steps are not to be counted"
            )
        number = None if global_step is None else arguments.step_number(global_step)
        if not self._is_running:
            return
        with self._guarded():
            self._write_arrived()
            self._is_told_steps = number is not None
            now = self._current_step() if number is None else number
            self._step_now = now
            self._forecast.began(now)
            self._open = self._begin(now)
            if self._open is not None:
                self._open.before(None)
            self._look(None)
            self._finish()
            self._counter.count += 1
            self._end_step()
            self._look_ahead()

    def unwatch(self) -> None:
        """Removes every hook and writes what is pending; further calls do nothing."""
        if self._ended:
            return
        if self._sharing is not None:
            self._sharing.end()  # an open sample is finished without the others
        with self._guarded():
            self._finish()
        self._close()
        self._ended = True
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self._raw is not None:
            self._raw.disarm()
        if self._activations is not None:
            self._activations.end()
        if self._group is not None:
            self._group.flush()

    def report(self) -> WatchReport:
        """What was recorded so far, what could not be and why, and what it cost."""
        without = tuple(name for name, had in self._had_gradient.items() if not had)
        return WatchReport(
            name=self._name,
            sites=self._sites,
            samples=self._samples,
            parts=self._parts,
            not_recorded=self._not_recorded(),
            without_gradient=without,
            seconds=self._cost.seconds,
            share=self._cost.share,
            log_freq=self._cadence.samples.freq,
            incidents=0 if self._group is None else self._group.incidents.count,
        )

    def __enter__(self) -> "Watch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and self._lookout is not None and self._is_running:
            with self._guarded():
                self._lookout.left_by(error)
        self.unwatch()

    @property
    def _is_running(self) -> bool:
        is_idle = self._sharing is not None and self._sharing.is_idle
        # A CUDA graph that is being recorded runs nothing: what we would add to it would break it.
        is_recorded = torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()
        return not self._ended and not is_idle and not is_recorded and self._guard.is_on(SAMPLING, WRITING)

    def _nan_origin(self, model: torch.nn.Module, sites: Sequence[ParameterSite], nan: str | None) -> NanOrigin | None:
        if nan == "off":
            return None
        if nan is None:  # cheap on the CPU; and what is compiled could not be seen anyway
            always = all(site.parameter.device.type == "cpu" for site in sites) and self._sharing is None
            always = always and bool(self._observe(model, sites).modules)
            return NanOrigin(self._guard, self._cost, always=always, share=_ORIGIN_SHARE)
        return NanOrigin(self._guard, self._cost, always=nan == "origin")

    def _attach(self, model: torch.nn.Module, optimizers: Sequence[torch.optim.Optimizer], group: Group) -> None:
        if self._parts != (GRAPH,):
            # A compiled step runs our hooks as they are: compiled, they would be traced down to each number's fate.
            before, after = torch.compiler.disable(self._before_step), torch.compiler.disable(self._after_step)
            for optimizer in optimizers:
                self._handles.append(optimizer.register_step_pre_hook(before))
                self._handles.append(optimizer.register_step_post_hook(after))
        if GRAPH in self._parts and self._writer is not None and not group.has(Kind.GRAPH):
            self._handles.append(record_first_graph(model, group, self._current_step, self._note_graph))
        with self._guarded():
            self._look_ahead()

    def _before_step(
        self, optimizer: torch.optim.Optimizer, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> StepArguments | None:
        if not self._is_running or is_within_its_own_step(optimizer):
            return None
        with self._guarded():
            self._write_arrived()
            begins = self._counter.begins(optimizer) or self._global_step is not None
            if begins:
                self._step_now = self._current_step()
                self._forecast.began(self._step_now)
            if self._open is not None and self._counter.is_first(optimizer) and not self._open.awaits(optimizer):
                self._finish()  # some other optimizer has not stepped in between, or a step raised
            if self._open is None and begins:
                self._open = self._begin(self._step_now)
            if self._open is not None and self._open.awaits(optimizer):
                self._open.before(optimizer)
        return when_gradients_are_there(args, kwargs, partial(self._look, optimizer))

    def _look(self, optimizer: torch.optim.Optimizer | None) -> None:
        """Looks at the gradients that an optimizer is about to use; None stands for all."""
        with self._guarded():
            if self._open is not None:
                self._open.take_gradients(optimizer)
            if self._lookout is not None:
                self._lookout.before_step(self._step_now, optimizer)

    def _after_step(self, optimizer: torch.optim.Optimizer, *_: object) -> None:
        if not self._is_running or is_within_its_own_step(optimizer):
            return
        with self._guarded():
            if self._open is not None:
                self._open.after(optimizer)
                if self._open.is_complete:
                    self._finish()
            if self._counter.ended(optimizer):
                self._end_step()
            self._look_ahead()

    def _current_step(self) -> int:
        return self._counter.count if self._global_step is None else arguments.step_number(self._global_step())

    def _begin(self, step: int) -> StepSample | None:
        """A sample of this step, if one is due."""
        stretched = self._cadence.stretched(step)
        if stretched is not None:
            self._report_cadence(step, *stretched)
        parts = self._due_parts(step)
        model = self._model()
        if not parts or model is None or self._group is None:
            return None
        sites = self._select(model)  # anew, since parameters may have been added or unfrozen
        self._sites = len(sites)
        if self._sharing is not None:
            self._sharing.begin(sites)
            if self._sharing.is_idle:
                return None
        optimizers = [optimizer for reference in self._optimizers if (optimizer := reference()) is not None]
        period = self._cost.begin_sample(self._counter.count)
        with_all = self._sharing, self._raw, self._activations, self._heatmaps.choice(model)
        sample = StepSample(self._group, step, parts, sites, optimizers, *with_all)
        sample.note(period, None if self._lookout is None else self._lookout.scale)
        if self._lookout is not None:
            self._lookout.know(by_index(self._group, sites), optimizers)
        return sample

    def _due_parts(self, step: int) -> frozenset[str]:
        due = _STATISTICS if self._cadence.samples.take(step) else frozenset[str]()
        if self._cadence.heatmaps.take(step):
            due |= {HEATMAPS}
        return frozenset(part for part in due.intersection(self._parts) if self._guard.is_on(part))

    def _finish(self) -> None:
        """Writes the open sample."""
        sample, self._open = self._open, None
        if sample is None:
            return
        sample.write()
        self._cadence.took(sample.seconds)
        self._samples += 1
        for name, has_gradient in sample.has_gradient.items():
            self._had_gradient[name] = has_gradient or self._had_gradient.get(name, False)

    def _write_arrived(self) -> None:
        """Writes earlier samples whose results have come from a device meanwhile."""
        if self._group is not None:
            self._group.write_arrived()

    def _end_step(self) -> None:
        """All optimizers have made their update, as far as we know."""
        if self._lookout is not None:
            self._lookout.after_step()

    def _look_ahead(self) -> None:
        """Has what comes before the next step observed, if that step will be sampled, or in search of NaN."""
        if self._lookout is not None:
            self._lookout.look_ahead(self._observable)
        if (self._raw is None and self._activations is None) or self._open is not None:
            return
        now = self._forecast.last if self._is_told_steps else None
        coming = self._forecast.coming(self._current_step() if now is None else now)
        model = self._model() if self._cadence.samples.is_due(coming) else None
        sites = [] if model is None else self._select(model)
        if self._raw is not None:
            self._raw.disarm()
            if model is not None and self._guard.is_on(RAW_GRADIENTS):
                self._raw.arm(sites)
        if self._activations is not None:
            self._activations.drop()
            if model is not None and self._guard.is_on(ACTIVATIONS):
                with self._guard.part(ACTIVATIONS):
                    self._activations.arm(self._observe(model, sites))

    def _observable(self) -> Observable | None:
        model = self._model()
        return None if model is None else self._observe(model, self._select(model))

    def _note_graph(self, graph: pb.Graph) -> None:
        if self._lookout is not None:
            self._lookout.call_order = [scope.path for scope in graph.scopes]

    def _report_cadence(self, step: int, before: int, after: int) -> None:
        reason = f"Samples every {before} steps cost more than the budget: from now on every {after} steps."
        if self._group is not None:
            self._group.incidents.add(step, pb.INCIDENT_CADENCE, reason, before=before, after=after)

    def _close(self) -> None:
        """The writer closes: says what there is to say; what is sampled later goes into its next file."""
        if self._lookout is not None:
            with self._guarded():
                self._finish()
                self._lookout.close()
            self._lookout = None
        if not self._has_ended_in_words:
            self._has_ended_in_words = True
            say_goodbye(self.report())

    def _not_recorded(self) -> dict[str, str]:
        gaps = {part: f"left out {count}×: a device had no memory for it" for part, count in self._guard.gaps.items()}
        reasons = {**gaps, **self._guard.off}
        if self._group is None or self._writer is None:
            return dict.fromkeys(self._parts, "no writer was given")
        if RAW_GRADIENTS in self._parts and self._raw is None:
            reasons[RAW_GRADIENTS] = "the model is sharded: its gradients are not accumulated by the backward"
        if self._activations is not None and self._samples and not self._activations.has_seen_any:
            reasons.setdefault(ACTIVATIONS, "no module was called with gradients enabled before a sampled step")
        if UPDATES in self._parts and not self._optimizers:
            reasons[UPDATES] = "there is no optimizer to watch"
        if GRAPH in self._parts and not self._group.has(Kind.GRAPH):
            reasons.setdefault(GRAPH, "the model has not been called yet")
        return reasons

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        gaps = self._guard.gaps[SAMPLING]
        with self._cost.timed(), self._guard.part(SAMPLING), torch.no_grad():
            yield
        if self._guard.gaps[SAMPLING] > gaps:
            self._open = None  # what there is of it is not of the step that comes
