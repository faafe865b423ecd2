"""SummaryWriter: torch's own, and what it lacks to see inside a model."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import torch

from torchviz_tb.capture.graph import ForwardError
from torchviz_tb.capture.sites import Selection, find_sites
from torchviz_tb.capture.tensor_views import tensor_view
from torchviz_tb.errors import ArgumentError
from torchviz_tb.events.graph_def import graph_def, graph_event
from torchviz_tb.events.leaving import call_at_exit, flush_on_sigterm, may_wait
from torchviz_tb.progress import Moment, Progress
from torchviz_tb.progress.bar import Bar
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.summaries.opening import LogDir
from torchviz_tb.summaries.stock_writer import StockWriter
from torchviz_tb.watching import Watch, watch
from torchviz_tb.watching.arguments import Optimizers, check_model, check_module, check_tag, check_tensor, step_number
from torchviz_tb.watching.first_graph import record_first_graph, record_graph_now
from torchviz_tb.watching.group import WRITING
from torchviz_tb.watching.groups import Groups
from torchviz_tb.watching.heatmap_choice import HEATMAP_SIZE
from torchviz_tb.watching.loss_scale import Scaler
from torchviz_tb.watching.parts import GRADIENTS, HEATMAPS, PARAMETERS
from torchviz_tb.watching.sample import Sample
from torchviz_tb.watching.step_sample import Sites, add_gradient_heatmaps, add_gradients, add_parameters, by_index
from torchviz_tb.watching.tensor_sample import add_tensor_distribution, add_tensor_heatmap

T = TypeVar("T")

PROGRESS_GROUP = "progress"
LOSS_TAG = "loss/train"
STOCK_GRAPH = "the graph in TensorBoard's own Graphs tab"


class SummaryWriter(StockWriter):
    """torch's SummaryWriter with a look inside the model; change the import and keep the rest.

    All of torch's methods and constructor arguments stay as they are, and take tensorboardX's additions by
    name; docs/compatibility.md lists them. What is added goes into the same event file and shows in
    TensorBoard's TorchViz tab. Nothing queued is lost at the end of a program that forgets ``close()``.

    Wrong arguments raise ArgumentError at the call; anything else that goes wrong in the added methods
    warns once and never reaches the training loop.

    Example:
        >>> writer = SummaryWriter("runs/first")  # doctest: +SKIP
        >>> writer.watch(model, optimizer)  # doctest: +SKIP
    """

    def __init__(
        self,
        log_dir: LogDir = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
        *,
        logdir: LogDir = None,
        write_to_disk: bool = True,
    ) -> None:
        """As torch's; ``logdir`` is tensorboardX's name of ``log_dir``, ``write_to_disk=False`` keeps nothing."""
        self._pid = os.getpid()
        self._progress: Progress[Any] | None = None  # of the newest loop
        super().__init__(
            log_dir,
            comment,
            purge_step,
            max_queue,
            flush_secs,
            filename_suffix,
            logdir=logdir,
            write_to_disk=write_to_disk,
        )
        call_at_exit(self.close)
        flush_on_sigterm(self)

    def watch(
        self,
        model: torch.nn.Module,
        optimizer: Optimizers = None,
        *,
        log: str | Iterable[str] = "all",
        log_freq: int = 100,
        heatmap_freq: int | None = None,
        heatmap_size: int = HEATMAP_SIZE,
        heatmap_include: Selection = None,
        include: Selection = None,
        exclude: Selection = None,
        name: str | None = None,
        global_step: Callable[[], int] | None = None,
        scaler: Scaler | None = None,
        budget: float | None = None,
        flight_recorder: int = 32,
        nan: str | None = None,
    ) -> Watch:
        """Records the model while it trains; nothing else to call. ``torchviz_tb.watch`` says all about it."""
        return watch(
            model,
            optimizer,
            writer=self,
            log=log,
            log_freq=log_freq,
            heatmap_freq=heatmap_freq,
            heatmap_size=heatmap_size,
            heatmap_include=heatmap_include,
            include=include,
            exclude=exclude,
            name=name,
            global_step=global_step,
            scaler=scaler,
            budget=budget,
            flight_recorder=flight_recorder,
            nan=nan,
        )

    def add_graph(
        self,
        model: torch.nn.Module,
        input_to_model: Any = None,
        verbose: bool = False,
        use_strict_trace: bool = True,  # noqa: ARG002 (torch's)
        *,
        input_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        """Records the model's graph, from a forward with the input, or without one from the next step there is.

        Runs the model once and leaves it as it was: parameters, buffers, gradients, train flags, hooks and random
        state. Takes any model that runs, whatever types it takes and returns. TensorBoard's own Graphs tab shows
        the same graph. Where the forward raises, nothing is recorded.

        Args:
            model: The module.
            input_to_model: A tensor or any other object, or a tuple or list of positional arguments.
            verbose: Prints what goes into TensorBoard's own Graphs tab.
            use_strict_trace: Accepted as torch's; nothing is traced, so it changes nothing.
            input_kwargs: Keyword arguments of the forward.

        Raises:
            ArgumentError: The model is not a module.
            Exception: What the model's own forward raises on this input, as with torch's writer.
        """
        check_module(model)
        group = self._groups.for_model(model)

        def show(graph: pb.Graph) -> None:
            with group.guard.part(STOCK_GRAPH):
                self._add_stock_graph(graph, verbose=verbose)

        if input_to_model is None and input_kwargs is None:
            record_first_graph(model, group, _no_step, show)
            return
        try:
            positional = _positional(input_to_model)
            record_graph_now(model, positional, dict(input_kwargs or {}), group, _no_step, show)
        except ForwardError as failed:
            raise failed.error from None
        if verbose:
            self._background.wait()

    def _add_stock_graph(self, graph: pb.Graph, *, verbose: bool) -> None:
        """Writes a flat graph for TensorBoard's own Graphs tab."""
        definition = graph_def(graph)
        self._get_file_writer().add_event(graph_event(definition))
        if verbose:
            sys.stdout.write(str(definition))

    def add_parameters(self, model: torch.nn.Module, global_step: int | None = None) -> None:
        """Records statistics and distributions of all parameters of a model, at one step, as one record.

        Costs one pass over the parameters. Calls for one model at one step (this, ``add_gradients``,
        ``add_gradient_heatmaps``) are joined, and written when parameters and gradients are there, or else the
        step moves on, or the writer is flushed or closed. Raises ArgumentError for what is not a model or not a step.
        """
        self._add(PARAMETERS, add_parameters, model, global_step)

    def add_gradients(self, model: torch.nn.Module, global_step: int | None = None) -> None:
        """Records statistics and distributions of all gradients: call it between backward and the update.

        Parameters without a gradient are recorded as such. Otherwise as ``add_parameters``.
        """
        self._add(GRADIENTS, add_gradients, model, global_step)

    def add_gradient_heatmaps(self, model: torch.nn.Module, global_step: int | None = None) -> None:
        """Records a heatmap of each gradient (output × input, at most 64 × 64 cells): call it after backward.

        Costs about three passes over the gradients. Otherwise as ``add_parameters``.
        """
        self._add(HEATMAPS, add_gradient_heatmaps, model, global_step)

    def add_distribution(self, tag: str, tensor: torch.Tensor, global_step: int | None = None) -> None:
        """Records statistics and an exact distribution of a tensor of any shape and number type.

        Costs one pass over it. Raises ArgumentError for what is not a tensor, for a tag that a watch
        has as its name, and for what is not a step.
        """
        self._add_tensor(tag, tensor, global_step, "distribution", add_tensor_distribution)

    def add_heatmap(self, tag: str, matrix: torch.Tensor, global_step: int | None = None) -> None:
        """Records a heatmap of a matrix: rows × columns, reduced to at most 64 × 64 cells.

        Tensors of more dimensions are seen as first × all others, those of one as one row. Costs about three
        passes over the matrix. Raises as ``add_distribution``.
        """
        self._add_tensor(tag, matrix, global_step, "heatmap", add_tensor_heatmap)

    def add_tensor_view(
        self, name: str, tensor: torch.Tensor, global_step: int | None = None, axes: Sequence[str] = ()
    ) -> None:
        """Records a tensor itself for the Tensors view; of a large one its leading corner.

        Args:
            name: What it is called on the page.
            tensor: Any shape and number type; of complex numbers the magnitudes are kept.
            global_step: The training step.
            axes: A name for each dimension, such as ("batch", "head", "query", "key"), or none.

        Raises:
            ArgumentError: An argument can't be used.
        """
        check_tag(name)
        check_tensor(tensor)
        step = self._step(global_step)
        group = self._groups.for_name(name)
        with group.guard.part("tensor view", lets_through=(ArgumentError,)):
            group.write(Kind.TENSOR_VIEW, tensor_view(name, tensor, axes), step)

    def add_progress(
        self,
        global_step: int | None = None,
        *,
        total_steps: int | None = None,
        epoch: int | None = None,
        epochs: int | None = None,
        step_in_epoch: int | None = None,
        steps_in_epoch: int | None = None,
        items_per_second: float | None = None,
    ) -> None:
        """Records how far the run is; what is not known is left out. Costs a few microseconds.

        Args:
            global_step: The training step.
            total_steps: Steps of the whole run.
            epoch: The current one, counted from 1.
            epochs: Epochs of the whole run.
            step_in_epoch: Counted from 0.
            steps_in_epoch: Steps of one epoch.
            items_per_second: Throughput, in the caller's own items (examples, tokens ...).

        Raises:
            ArgumentError: A number is negative or not a number.
        """
        progress = {
            "total_steps": total_steps,
            "epoch": epoch,
            "epochs": epochs,
            "step_in_epoch": step_in_epoch,
            "steps_in_epoch": steps_in_epoch,
            "items_per_second": items_per_second,
        }
        known = {name: value for name, value in progress.items() if value is not None}
        self._groups.for_name(PROGRESS_GROUP).write(Kind.PROGRESS, _progress(known), self._step(global_step))

    def progress(
        self,
        iterable: Iterable[T],
        *,
        epoch: int | None = None,
        epochs: int | None = None,
        first_step: int | None = None,
        show: bool = True,
    ) -> Progress[T]:
        """Iterates over a loader with a bar in the terminal, and records how far the run is, for the Overview.

        Recorded are the step (batches, counted over all epochs), epoch, examples a second and, if it is told by
        ``loss()``, the loss as the scalar "loss/train": after the first batch, every two seconds, and after the last.
        Costs about a microsecond a batch. For a loop that does not train, such as validation, use the loader itself.

        Args:
            iterable: The loader, or anything else that can be iterated over.
            epoch: The current one, counted from 0 as by ``range(epochs)``.
            epochs: Epochs of the whole run.
            first_step: The step of the first batch; if not given, steps go on where the last loop ended.
            show: Whether there is a bar.

        Raises:
            ArgumentError: An argument can't be used.

        Example:
            >>> for epoch in range(5):  # doctest: +SKIP
            ...     for inputs, targets in (batches := writer.progress(loader, epoch=epoch, epochs=5)):
            ...         loss = train_step(inputs, targets)
            ...         batches.loss(loss)
        """
        first = step_number(first_step) if first_step is not None or self._progress is None else self._progress.steps
        bar = Bar() if show else None
        self._progress = progress = Progress(iterable, self._record_progress, epoch, epochs, first, bar)
        return progress

    def _record_progress(self, moment: Moment) -> None:
        self.add_progress(moment.step, **moment.told)
        if moment.loss is not None:
            self.add_scalar(LOSS_TAG, moment.loss, moment.step)

    def flush(self) -> None:
        """Returns when everything logged so far is in the file."""
        groups = Groups.known(self)
        if groups is not None:
            groups.write_pending()
        super().flush()

    def close(self) -> None:
        """Writes everything logged so far and closes the file; what is logged later opens another, as torch does it."""
        groups = Groups.known(self)
        if groups is not None:
            groups.close()
        super().close()

    def __del__(self) -> None:
        if may_wait(self._pid):
            self.close()

    @property
    def _groups(self) -> Groups:
        return Groups.of(self)

    def _step(self, global_step: int | None) -> int:
        """The step of a record: the call's, or that of ``use_metadata``, or 0."""
        return step_number(self._moment(global_step)[0])

    def _add(
        self, part: str, add: Callable[[Sample, Sites], None], model: torch.nn.Module, global_step: int | None
    ) -> None:
        """Adds a part to what is gathered for a model at a step."""
        check_model(model)
        step = self._step(global_step)
        group = self._groups.for_model(model)
        if not group.guard.is_on(part, WRITING):
            return
        with group.guard.part(part):
            sites = find_sites(model)
            sample = group.pending_sample(step, sites)
            with sample.timed(), torch.no_grad():
                add(sample, by_index(group, sites))
            group.write_complete()

    def _add_tensor(
        self,
        tag: str,
        tensor: torch.Tensor,
        global_step: int | None,
        part: str,
        add: Callable[[Sample, torch.Tensor], None],
    ) -> None:
        """Writes a sample whose only site is a tensor."""
        check_tag(tag)
        check_tensor(tensor)
        step = self._step(global_step)
        group = self._groups.for_name(tag)
        if not group.guard.is_on(part, WRITING):
            return
        with group.guard.part(part):
            sample = group.tensor_sample(step, tensor)
            with sample.timed():
                add(sample, tensor)
            group.write_sample(sample)


def _positional(input_to_model: Any) -> tuple[Any, ...]:
    """Positional arguments as torch.jit.trace understands its input."""
    if input_to_model is None:
        return ()
    return tuple(input_to_model) if isinstance(input_to_model, (tuple, list)) else (input_to_model,)


def _no_step() -> int:
    """The step of a graph that was asked for outside of training."""
    return 0


def _progress(known: Mapping[str, float]) -> pb.Progress:
    progress = pb.Progress()
    try:
        for name, value in known.items():
            setattr(progress, name, float(value) if name == "items_per_second" else int(value))
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"add_progress was given {name}={value!r}, not a number from 0 on: leave out what is not known"
        ) from error
    return progress
