"""Watch: records a model while its optimizers train it."""

import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import final

import torch

from torchviz_tb.capture.sites import ParameterSite, Selection, find_sites
from torchviz_tb.errors import ArgumentError
from torchviz_tb.events.file_writer import NoWriter, find_file_writer
from torchviz_tb.events.recorder import Recorder
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import arguments
from torchviz_tb.watching.first_graph import Removable, record_first_graph
from torchviz_tb.watching.group import WRITING, Group
from torchviz_tb.watching.groups import Groups
from torchviz_tb.watching.guard import Guard
from torchviz_tb.watching.parts import GRADIENTS, GRAPH, HEATMAPS, PARAMETERS, UPDATES
from torchviz_tb.watching.report import WatchReport
from torchviz_tb.watching.schedule import Schedule
from torchviz_tb.watching.sharing import Sharing
from torchviz_tb.watching.step_counter import StepCounter
from torchviz_tb.watching.step_sample import StepSample

SAMPLING = "sampling"
"""The part that finds the parameters and the step; without it a watch records no steps."""

_HEATMAP_EVERY = 5  # samples
_STATISTICS = frozenset([PARAMETERS, GRADIENTS, UPDATES])

Select = Callable[[torch.nn.Module], Sequence[ParameterSite]]


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
        global_step: Callable[[], int] | None,
    ) -> None:
        self._model = weakref.ref(model)
        self._optimizers = [weakref.ref(optimizer) for optimizer in optimizers]
        self._writer = writer  # kept alive here: nobody else may hold it
        sites = select(model)
        shares = parts != (GRAPH,) and Sharing.is_needed(sites)
        self._group = _group_of(model, writer, name, shares=shares)
        self._name = name or "model" if self._group is None else self._group.name
        self._guard = Guard(self._name) if self._group is None else self._group.guard
        self._parts = parts
        self._samples_due = Schedule(log_freq)
        self._heatmaps_due = Schedule(heatmap_freq)
        self._select = select
        self._global_step = global_step
        self._open: StepSample | None = None
        self._handles: list[Removable] = []
        self._counter = StepCounter(optimizers)
        self._sites = len(sites)
        self._samples = 0
        self._had_gradient: dict[str, bool] = {}
        self._seconds = 0.0
        self._began = time.perf_counter()
        self._ended = self._group is None
        self._sharing: Sharing | None = None
        if shares:
            wanted = log_freq, heatmap_freq, parts
            self._sharing = Sharing(self._guard, sites, wanted, has_writer=writer is not None)
        if self._group is not None:
            self._attach(model, optimizers, self._group)

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
            self._open = self._begin(self._current_step() if number is None else number)
            if self._open is not None:
                self._open.before(None)
            self._finish()
            self._counter.count += 1

    def unwatch(self) -> None:
        """Removes every hook and writes what is pending; further calls do nothing."""
        if self._ended:
            return
        if self._sharing is not None:
            self._sharing.end()  # an open sample is finished without the others
        with self._guarded():
            self._finish()
        self._ended = True
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self._group is not None:
            self._group.flush()

    def report(self) -> WatchReport:
        """What was recorded so far, what could not be and why, and what it cost."""
        without = tuple(name for name, had in self._had_gradient.items() if not had)
        elapsed = time.perf_counter() - self._began
        return WatchReport(
            name=self._name,
            sites=self._sites,
            samples=self._samples,
            parts=self._parts,
            not_recorded=self._not_recorded(),
            without_gradient=without,
            seconds=self._seconds,
            share=self._seconds / elapsed if elapsed else 0.0,
        )

    def __enter__(self) -> "Watch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.unwatch()

    @property
    def _is_running(self) -> bool:
        is_idle = self._sharing is not None and self._sharing.is_idle
        return not self._ended and not is_idle and self._guard.is_on(SAMPLING, WRITING)

    def _attach(self, model: torch.nn.Module, optimizers: Sequence[torch.optim.Optimizer], group: Group) -> None:
        if self._parts != (GRAPH,):
            for optimizer in optimizers:
                self._handles.append(optimizer.register_step_pre_hook(self._before_step))
                self._handles.append(optimizer.register_step_post_hook(self._after_step))
        if GRAPH in self._parts and self._writer is not None and not group.has(Kind.GRAPH):
            self._handles.append(record_first_graph(model, group, self._current_step))

    def _before_step(self, optimizer: torch.optim.Optimizer, *_: object) -> None:
        if not self._is_running:
            return
        with self._guarded():
            begins = self._counter.begins(optimizer) or self._global_step is not None
            if self._open is not None and self._counter.is_first(optimizer) and not self._open.awaits(optimizer):
                self._finish()  # some other optimizer has not stepped in between, or a step raised
            if self._open is None and begins:
                self._open = self._begin(self._current_step())
            if self._open is not None and self._open.awaits(optimizer):
                self._open.before(optimizer)

    def _after_step(self, optimizer: torch.optim.Optimizer, *_: object) -> None:
        if not self._is_running:
            return
        if self._open is not None:
            with self._guarded():
                self._open.after(optimizer)
                if self._open.is_complete:
                    self._finish()
        self._counter.ended(optimizer)

    def _current_step(self) -> int:
        return self._counter.count if self._global_step is None else arguments.step_number(self._global_step())

    def _begin(self, step: int) -> StepSample | None:
        """A sample of this step, if one is due."""
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
        return StepSample(self._group, step, parts, sites, optimizers, self._sharing)

    def _due_parts(self, step: int) -> frozenset[str]:
        due = _STATISTICS if self._samples_due.take(step) else frozenset[str]()
        if self._heatmaps_due.take(step):
            due |= {HEATMAPS}
        return frozenset(part for part in due.intersection(self._parts) if self._guard.is_on(part))

    def _finish(self) -> None:
        """Writes the open sample."""
        sample, self._open = self._open, None
        if sample is None:
            return
        sample.write()
        self._samples += 1
        for name, has_gradient in sample.has_gradient.items():
            self._had_gradient[name] = has_gradient or self._had_gradient.get(name, False)

    def _not_recorded(self) -> dict[str, str]:
        reasons = self._guard.off
        if self._group is None or self._writer is None:
            return dict.fromkeys(self._parts, "no writer was given")
        if UPDATES in self._parts and not self._optimizers:
            reasons[UPDATES] = "there is no optimizer to watch"
        if GRAPH in self._parts and not self._group.has(Kind.GRAPH):
            reasons.setdefault(GRAPH, "the model has not been called yet")
        return reasons

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        start = time.perf_counter()
        with self._guard.part(SAMPLING), torch.no_grad():
            yield
        self._seconds += time.perf_counter() - start


def _group_of(model: torch.nn.Module, writer: object, name: str | None, *, shares: bool) -> Group | None:
    """The group of a new watch; on a rank that measures parts for others it writes nowhere. None: nothing is to do."""
    if writer is not None:
        return Groups.of(writer).for_watch(model, name)
    return Group(name or "model", Recorder(NoWriter())) if shares else None


def watch(
    model: torch.nn.Module,
    optimizer: arguments.Optimizers = None,
    *,
    writer: object,
    log: str | Iterable[str] = "all",
    log_freq: int = 100,
    heatmap_freq: int | None = None,
    include: Selection = None,
    exclude: Selection = None,
    name: str | None = None,
    global_step: Callable[[], int] | None = None,
) -> Watch:
    """Records a model into the event file of any SummaryWriter while it trains; nothing else to call.

    Each time the optimizer is about to step, at step 0 and then every ``log_freq`` steps, all parameters
    (before the update), gradients (what the optimizer consumes) and updates (after minus before) are
    measured and written as one record; the graph is taken from the first forward.

    Costs about one pass over parameters, gradients and updates at a sampled step, and until the end of
    that step a copy of the parameters for the updates; next to nothing at the other steps.

    Args:
        model: The module that is trained; wrapped ones (DistributedDataParallel, compiled) will do. If it is
            sharded, by fully_shard or into DTensors, every rank calls this, after that, with the same arguments.
        optimizer: One or several; the steps of the first are counted. Without one, call ``step()`` on what
            is returned between backward and the update; updates can't be measured then.
        writer: A SummaryWriter of torchviz_tb, torch or tensorboardX. None records nothing: for ranks other
            than 0 of a distributed training.
        log: "all", or any of "graph", "parameters", "gradients", "updates", "heatmaps".
        log_freq: Steps from one sample to the next.
        heatmap_freq: Steps from one set of gradient heatmaps to the next; 5 times ``log_freq`` if not given.
        include: Which parameters: glob patterns, compiled regexes, module types, or a function of name and
            parameter. All if not given.
        exclude: Which of them not, in the same way. What is not selected costs nothing.
        name: The name of the watch on the page; "model", "model_2" ... if not given.
        global_step: Returns the step; by default the steps of the optimizer are counted from 0.

    Raises:
        ArgumentError: An argument can't be used; afterwards nothing is raised any more.

    Example:
        >>> watch(model, optimizer, writer=writer)  # doctest: +SKIP
    """
    arguments.check_model(model)
    optimizers = arguments.optimizer_list(optimizer, model)
    parts = arguments.chosen_parts(log, has_optimizer=bool(optimizers))
    log_freq = arguments.frequency("log_freq", log_freq)
    heatmap_freq = _HEATMAP_EVERY * log_freq if heatmap_freq is None else heatmap_freq
    arguments.check_name(name)
    arguments.check_global_step(global_step)
    if writer is not None and find_file_writer(writer) is None:
        writer = None
    arguments.check_selection(find_sites(model, include, exclude), include, exclude)
    return Watch(
        model,
        optimizers,
        writer,
        name=name,
        parts=parts,
        log_freq=log_freq,
        heatmap_freq=arguments.frequency("heatmap_freq", heatmap_freq),
        select=lambda watched: find_sites(watched, include, exclude),
        global_step=global_step,
    )
