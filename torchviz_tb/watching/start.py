"""watch(): checks what it is given, and starts."""

from collections.abc import Callable, Iterable

import torch

from torchviz_tb.capture.engines import choice
from torchviz_tb.capture.observed_modules import observable
from torchviz_tb.capture.sites import Selection, find_sites
from torchviz_tb.events.file_writer import find_file_writer
from torchviz_tb.watching import arguments
from torchviz_tb.watching.handle import Watch
from torchviz_tb.watching.heatmap_choice import HEATMAP_SIZE, HeatmapRule
from torchviz_tb.watching.loss_scale import Scaler

_HEATMAP_EVERY = 5  # samples


def watch(
    model: torch.nn.Module,
    optimizer: arguments.Optimizers = None,
    *,
    writer: object,
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
    """Records a model into the event file of any SummaryWriter while it trains; nothing else to call.

    Each time the optimizer is about to step, at step 0 and then every ``log_freq`` steps, all parameters
    (before the update), gradients (what the optimizer consumes) and updates (after minus before) are
    measured and written as one record; the graph is taken from the first forward. Where ``step()`` is given a
    closure, the gradients are those that its first call leaves.

    Costs about one pass over parameters, gradients and updates at a sampled step, and until the end of
    that step a copy of the parameters for the updates; next to nothing at the other steps.

    Args:
        model: The module that is trained; wrapped ones (DistributedDataParallel, compiled) will do. If it is
            sharded, by fully_shard or into DTensors, every rank calls this, after that, with the same arguments.
        optimizer: One or several; the steps of the first are counted. A parameter that two of them hold is
            measured at the step of the last one that moves it. Without one, call ``step()`` on what
            is returned between backward and the update; updates can't be measured then.
        writer: A SummaryWriter of torchviz_tb, torch or tensorboardX. None records nothing: for ranks other
            than 0 of a distributed training.
        log: "all", or any of "graph", "parameters", "gradients", "updates", "heatmaps"; besides, "raw_gradients":
            as backward leaves them, before they are unscaled and clipped, and "activations": what modules return.
            Costs, at sampled steps only, a copy of the gradients, and one or two passes over all outputs.
        log_freq: Steps from one sample to the next.
        heatmap_freq: Steps from one set of gradient heatmaps to the next; 5 times ``log_freq`` if not given.
        heatmap_size: Rows and columns that a heatmap has at most; a larger gradient is reduced to as many cells.
        heatmap_include: Of which of the included parameters there are heatmaps, as ``include``. All if not given.
        include: Which parameters: glob patterns, compiled regexes, module types, or a function of name and
            parameter. All if not given. Modules are selected by the same patterns, or with their parameters.
        exclude: Which of them not, in the same way. What is not selected costs nothing.
        name: The name of the watch on the page; "model", "model_2" ... if not given.
        global_step: Returns the step; by default the steps of the optimizer are counted from 0.
        scaler: The torch.amp.GradScaler of the loop, so that its scale and the steps that it skips are recorded.
            Costs one ``get_scale()`` a step. Optimizers with ``fused=True`` tell of both by themselves.
        budget: The share of the wall time that samples may take, such as 0.01. Where they take more, the steps
            between samples double, and the log says so. Not for sharded models.
        flight_recorder: How many steps are kept in memory, to be written when a gradient norm or loss spikes or
            is not finite, or an exception ends the loop: one that leaves ``with writer.watch(...)`` or ``with
            SummaryWriter(...)``, is on its way when either is closed, or ends the program. ``run.flight_recorder()``
            reads them. Costs one pass over the gradients at each step, and where time allows some more for magnitudes,
            means, zeros, parameters and updates; at most 0.5 % of the wall time and a quarter of a second: steps
            beyond that are left out. 0 switches it off.
        nan: When to look for the first module that returns NaN or infinity. "origin": at every step and at what each
            module returns, so that the module, and whether it got what it returned, is known of the very step at which
            it began; costs a hook and a sum for each. "after": at the 3 steps after one whose gradient or loss was
            not finite; costs nothing before. "off": never. If not given: on the CPU, at every step, but only one sum
            of what the model returns; where it is not finite, the module is found by what autograd keeps. As long as
            that takes under 1 % of the wall time; else, on other devices, and for a model that is sharded or compiled
            as a whole, "after". ``run.incidents()`` and the findings tell. What torch.jit.script is to compile must
            have no hooks: ``unwatch()`` before, or "after".

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
    arguments.check_scaler(scaler)
    arguments.check_budget(budget)
    arguments.check_flight_steps(flight_recorder)
    arguments.check_nan(nan)
    choice.prepare()
    if writer is not None and find_file_writer(writer) is None:
        writer = None
    arguments.check_selection(find_sites(model, include, exclude), include, exclude)
    arguments.check_heatmap_size(heatmap_size)
    if heatmap_include is not None:
        chosen = find_sites(model, heatmap_include, exclude)
        arguments.check_selection(chosen, heatmap_include, exclude, argument="heatmap_include")
    return Watch(
        model,
        optimizers,
        writer,
        name=name,
        parts=parts,
        log_freq=log_freq,
        heatmap_freq=arguments.frequency("heatmap_freq", heatmap_freq),
        select=lambda watched: find_sites(watched, include, exclude),
        observe=lambda watched, sites: observable(watched, sites, include, exclude),
        global_step=global_step,
        scaler=scaler,
        budget=budget,
        flight_steps=flight_recorder,
        nan=nan,
        heatmaps=HeatmapRule(
            heatmap_size,
            None if heatmap_include is None else lambda watched: find_sites(watched, heatmap_include, exclude),
        ),
    )
