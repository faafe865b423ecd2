"""One sampled step of a watch, from the first optimizer's update to the last one's."""

from collections.abc import Mapping, Sequence

import torch

from torchviz_tb.capture.heatmaps import heatmap
from torchviz_tb.capture.sites import ParameterSite
from torchviz_tb.capture.statistics import measure
from torchviz_tb.capture.updates import UpdateSnapshot
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.group import Group
from torchviz_tb.watching.parts import GRADIENTS, HEATMAPS, PARAMETERS, UPDATES, gradient_values, parameter_values
from torchviz_tb.watching.sample import Sample

Sites = Mapping[int, ParameterSite]


def add_parameters(sample: Sample, sites: Sites) -> None:
    """Measures parameters; the others of the table stay excluded."""
    sample.add(measure(pb.STAGE_PARAMETER, parameter_values(sites, sample.site_count)))


def add_gradients(sample: Sample, sites: Sites) -> None:
    """Measures gradients; the others of the table stay excluded."""
    sample.add(measure(pb.STAGE_GRADIENT, gradient_values(sites, sample.site_count)))


def add_gradient_heatmaps(sample: Sample, sites: Sites) -> None:
    """Reduces the gradients that there are to heatmaps."""
    for index, site in sites.items():
        gradient = site.parameter.grad
        if gradient is not None and site.parameter.requires_grad:
            sample.add_heatmap(heatmap(gradient, site=index, stage=pb.STAGE_GRADIENT))


_MEASURES = {PARAMETERS: add_parameters, GRADIENTS: add_gradients, HEATMAPS: add_gradient_heatmaps}


def by_index(group: Group, sites: Sequence[ParameterSite]) -> dict[int, ParameterSite]:
    """Sites by their place in the group's table."""
    return {group.table.index(site.name): site for site in sites}


class StepSample:
    """Gathers one step, an optimizer at a time, so that each one's parameters are seen as it sees them.

    Parameters that no watched optimizer holds go with the first one.
    """

    def __init__(
        self,
        group: Group,
        step: int,
        parts: frozenset[str],
        sites: Sequence[ParameterSite],
        optimizers: Sequence[torch.optim.Optimizer],
    ) -> None:
        self.parts = parts
        self._group = group
        self._sample = group.hold_sample(step, sites, optimizers)
        self._unseen = by_index(group, sites)
        self._owner = {id(p): id(o) for o in optimizers for each in o.param_groups for p in each["params"]}
        self._waiting = {id(optimizer) for optimizer in optimizers}
        self._snapshots: dict[int, tuple[UpdateSnapshot, Sites]] = {}
        self.has_gradient: dict[str, bool] = {}  # of the trainable sites seen so far

    def awaits(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether the optimizer has not stepped since the sample began."""
        return id(optimizer) in self._waiting

    @property
    def is_complete(self) -> bool:
        """Whether every optimizer has made its update."""
        return not self._waiting and not self._snapshots

    def before(self, optimizer: torch.optim.Optimizer | None) -> None:
        """Measures what the optimizer is about to use; None stands for whatever comes."""
        with self._sample.timed():
            self._waiting.discard(id(optimizer))
            sites = self._take(optimizer)
            for site in sites.values():
                if site.parameter.requires_grad:
                    self.has_gradient[site.name] = site.parameter.grad is not None
            for part, add in _MEASURES.items():
                if self._records(part):
                    with self._group.guard.part(part):
                        add(self._sample, sites)
            if optimizer is not None and self._records(UPDATES):
                with self._group.guard.part(UPDATES):
                    parameters = parameter_values(sites, self._sample.site_count)
                    self._snapshots[id(optimizer)] = UpdateSnapshot(parameters), sites

    def after(self, optimizer: torch.optim.Optimizer) -> None:
        """Measures what the optimizer did to its parameters."""
        if id(optimizer) not in self._snapshots:
            return
        with self._sample.timed(), self._group.guard.part(UPDATES):
            snapshot, sites = self._snapshots.pop(id(optimizer))
            count = self._sample.site_count
            self._sample.add(snapshot.measure(parameter_values(sites, count), gradient_values(sites, count)))

    def write(self) -> None:
        """Writes what was gathered."""
        self._group.write_sample(self._sample)

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
