"""One sampled step of a watch, from the first optimizer's update to the last one's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch

from torchviz_tb.capture.sites import ParameterSite, SiteTable
from torchviz_tb.capture.statistics import StageMeasurement, Value, begin_stage
from torchviz_tb.capture.transfer import Bytes
from torchviz_tb.capture.updates import UpdateSnapshot
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.activations import Activations
from torchviz_tb.watching.cost import Period
from torchviz_tb.watching.group import Group
from torchviz_tb.watching.heatmap_choice import ALL_HEATMAPS, HEATMAP_SIZE, HeatmapChoice
from torchviz_tb.watching.loss_scale import pending_scale, unscaled
from torchviz_tb.watching.parts import (
    ACTIVATIONS,
    GRADIENTS,
    HEATMAPS,
    PARAMETERS,
    RAW_GRADIENTS,
    UPDATES,
    Own,
    all_of_it,
    applied_gradient_values,
    dense,
    gradient_value,
    gradient_values,
    parameter_values,
)
from torchviz_tb.watching.raw_gradients import RawGradients
from torchviz_tb.watching.sample import Sample
from torchviz_tb.watching.shared_sample import SharedSample
from torchviz_tb.watching.sharing import Sharing

Sites = Mapping[int, ParameterSite]


def add_parameters(sample: Sample, sites: Sites) -> None:
    """Measures parameters; the others of the table stay excluded."""
    sample.add_begun(begin_stage(pb.STAGE_PARAMETER, parameter_values(sites, sample.site_count), sample.transfer))


def add_gradients(sample: Sample, sites: Sites) -> None:
    """Measures gradients; the others of the table stay excluded."""
    values = _readable(gradient_values(sites, sample.site_count), None)
    sample.add_begun(begin_stage(pb.STAGE_GRADIENT, values, sample.transfer))


def add_gradient_heatmaps(
    sample: Sample, sites: Sites, scale: torch.Tensor | None = None, *, max_cells: int = HEATMAP_SIZE
) -> None:
    """Reduces the gradients that there are, divided by a scale, to heatmaps of so many rows and columns at most."""
    found = {index: site.parameter.grad for index, site in sites.items() if site.parameter.requires_grad}
    gradients = {index: gradient for index, gradient in found.items() if gradient is not None}
    several = [gradients] if scale is None else [{index: gradient} for index, gradient in gradients.items()]
    for together in several:  # what is copied is copied one at a time
        sample.begin_heatmaps(_dense_tensors(together, scale), stage=pb.STAGE_GRADIENT, max_cells=max_cells)


def _dense_tensors(
    gradients: Mapping[int, torch.Tensor], scale: torch.Tensor | None
) -> Iterator[tuple[int, torch.Tensor]]:
    """Those that have a value for each element, divided by a scale."""
    for index, gradient in gradients.items():
        value = unscaled(dense(gradient), scale)
        if isinstance(value, torch.Tensor):
            yield index, value


def by_index(group: Group, sites: Sequence[ParameterSite]) -> dict[int, ParameterSite]:
    """Sites by their place in the group's table."""
    return {group.table.index(site.name): site for site in sites}


def _readable(values: Sequence[Value], scale: torch.Tensor | None) -> Iterable[Value]:
    """Gradients as they can be measured: themselves, or one by one what had to be made of them."""
    is_sparse = any(isinstance(value, torch.Tensor) and value.layout == torch.sparse_coo for value in values)
    return values if scale is None and not is_sparse else (unscaled(dense(value), scale) for value in values)


class StepSample:
    """Gathers one step, an optimizer at a time, so that each one's parameters are seen as it sees them.

    Parameters that no watched optimizer holds go with the first one. Where ranks measure together, all of
    them gather first, and ``write`` merges.
    """

    def __init__(
        self,
        group: Group,
        step: int,
        parts: frozenset[str],
        sites: Sequence[ParameterSite],
        optimizers: Sequence[torch.optim.Optimizer],
        sharing: Sharing | None = None,
        raw: RawGradients | None = None,
        activations: Activations | None = None,
        heatmaps: HeatmapChoice = ALL_HEATMAPS,
    ) -> None:
        self.parts = parts
        self._heatmaps = heatmaps
        self._activations = activations
        self._raw = raw
        self._scale: torch.Tensor | None = None  # of what the optimizer that steps will divide by
        self._group = group
        self._sample = group.hold_sample(step, sites, optimizers)
        self._unseen = by_index(group, sites)
        self._sharing = sharing
        self._shared = None if sharing is None else SharedSample(self._sample, self._unseen)
        self._own: Own = all_of_it if sharing is None else sharing.own
        self._measures = {
            PARAMETERS: self._measure_parameters,
            GRADIENTS: self._measure_gradients,
            RAW_GRADIENTS: self._measure_raw_gradients,
            HEATMAPS: self._reduce_gradients,
        }
        self._owner = {id(p): id(o) for o in optimizers for each in o.param_groups for p in each["params"]}
        self._waiting = {id(optimizer) for optimizer in optimizers}
        self._without_gradients: dict[int, Sites] = {}  # by optimizer, what only its parameters were seen of
        self._snapshots: dict[int, tuple[UpdateSnapshot, Sites]] = {}
        self.has_gradient: dict[str, bool] = {}  # of the trainable sites seen so far

    def awaits(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether the optimizer has not stepped since the sample began."""
        return id(optimizer) in self._waiting

    @property
    def is_complete(self) -> bool:
        """Whether every optimizer has made its update."""
        return not self._waiting and not self._snapshots

    @property
    def seconds(self) -> float:
        """How long it has held up the training loop so far."""
        return self._sample.seconds

    def note(self, period: Period | None, gradient_scale: float | None) -> None:
        """What else is known of the step: the time since the sample before, and the loss scale."""
        self._sample.period, self._sample.gradient_scale = period, gradient_scale

    def before(self, optimizer: torch.optim.Optimizer | None) -> None:
        """Measures the parameters that an optimizer is about to update; None stands for whatever comes."""
        with self._sample.timed():
            self._waiting.discard(id(optimizer))
            sites = self._without_gradients[id(optimizer)] = self._take(optimizer)
            self._measure(PARAMETERS, sites)
            if optimizer is not None and self._records(UPDATES):
                with self._group.guard.part(UPDATES):
                    parameters = parameter_values(sites, self._sample.site_count, self._own)
                    self._snapshots[id(optimizer)] = UpdateSnapshot(parameters), sites

    def take_gradients(self, optimizer: torch.optim.Optimizer | None) -> None:
        """Measures the gradients that it is about to use, if that was not done: a closure may have had to make them."""
        sites = self._without_gradients.pop(id(optimizer), None)
        if sites is None:
            return
        with self._sample.timed():
            self._scale = pending_scale(optimizer)
            if self._scale is not None:
                self._sample.transfer.send(self._scale.float(), self._note_scale)
            for site in sites.values():
                if site.parameter.requires_grad:
                    self.has_gradient[site.name] = site.parameter.grad is not None
            for part in (GRADIENTS, RAW_GRADIENTS, HEATMAPS):
                self._measure(part, sites)

    def after(self, optimizer: torch.optim.Optimizer) -> None:
        """Measures what the optimizer did to its parameters."""
        self.take_gradients(optimizer)  # of one that did not call its closure
        if id(optimizer) not in self._snapshots:
            return
        with self._sample.timed(), self._group.guard.part(UPDATES):
            snapshot, sites = self._snapshots.pop(id(optimizer))
            count = self._sample.site_count
            parameters = parameter_values(sites, count, self._own)
            gradients = applied_gradient_values(sites, count, self._own, self._owner)
            self._add(snapshot.begin_stage(parameters, gradients, self._sample.transfer))

    def write(self) -> None:
        """Writes what was gathered; where ranks measure together, all of them come here, and the others wait."""
        if self._sharing is not None and self._shared is not None:
            with self._sample.timed():
                self._sharing.merge(self._shared)
        self._group.write_sample(self._sample, self._take_activations if self._records(ACTIVATIONS) else None)

    def _take_activations(self, table: SiteTable) -> StageMeasurement | None:
        """What modules returned since the step before; this rank's own outputs, where there are several."""
        if self._activations is None:
            return None
        with self._sample.timed(), self._group.guard.part(ACTIVATIONS):
            self._sample.seconds += self._activations.seconds
            return self._activations.take(table, self._sample.transfer)
        return None

    def _measure(self, part: str, sites: Sites) -> None:
        if self._records(part):
            with self._group.guard.part(part):
                self._measures[part](sites)

    def _measure_parameters(self, sites: Sites) -> None:
        self._begin(pb.STAGE_PARAMETER, parameter_values(sites, self._sample.site_count, self._own))

    def _measure_gradients(self, sites: Sites) -> None:
        values = gradient_values(sites, self._sample.site_count, self._own, self._owner)
        self._begin(pb.STAGE_GRADIENT, _readable(values, self._scale))

    def _measure_raw_gradients(self, sites: Sites) -> None:
        if self._raw is not None and self._raw.has_seen_any:
            self._begin(pb.STAGE_RAW_GRADIENT, _readable(self._raw.take(sites, self._sample.site_count), None))

    def _reduce_gradients(self, sites: Sites) -> None:
        chosen, size = self._heatmaps.of(sites), self._heatmaps.size
        if self._shared is None:
            add_gradient_heatmaps(self._sample, chosen, self._scale, max_cells=size)
            return
        for index, site in chosen.items():
            if site.parameter.requires_grad:
                local = gradient_value(site.parameter, self._own)
                self._shared.add_heatmap(index, site.parameter.grad, local, max_cells=size)

    def _note_scale(self, scale: Bytes) -> None:
        self._sample.gradient_scale = float(scale.view(np.float32)[0])

    def _begin(self, stage: pb.Stage, values: Iterable[Value]) -> None:
        self._add(begin_stage(stage, values, self._sample.transfer))

    def _add(self, measured: StageMeasurement) -> None:
        if self._shared is None:
            self._sample.add_begun(measured)
        else:
            self._shared.add(measured)

    def _records(self, part: str) -> bool:
        return part in self.parts and self._group.guard.is_on(part)

    def _take(self, optimizer: torch.optim.Optimizer | None) -> dict[int, ParameterSite]:
        """The sites that go with an optimizer; each site goes once."""
        taken = {
            index: site
            for index, site in self._unseen.items()
            if optimizer is None or self._owner.get(id(site.parameter), id(optimizer)) == id(optimizer)
        }
        self._unseen = {index: site for index, site in self._unseen.items() if index not in taken}
        return taken
