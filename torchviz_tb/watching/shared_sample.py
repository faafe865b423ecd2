"""One sampled step of a sharded model: what this rank measures, until the ranks have merged it."""

from collections.abc import Mapping

import torch

from torchviz_tb.capture.engines import Measurement
from torchviz_tb.capture.sharded.heatmaps import SharedHeatmap, layout_checksum, local_part
from torchviz_tb.capture.sharded.merge import STAGES, Merged
from torchviz_tb.capture.sites import ParameterSite
from torchviz_tb.capture.statistics import Outcome, StageMeasurement, Value
from torchviz_tb.capture.tensors import Unsupported, is_split
from torchviz_tb.capture.transfer import Transfer
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.sample import Sample


class SharedSample:
    """Gathers this rank's part of a sample, and takes the merged one into the sample that is written.

    Until then nothing is in that sample: should the ranks lose each other, tensors that are split go into it
    as not measured, all others as this rank measured them.
    """

    def __init__(self, sample: Sample, sites: Mapping[int, ParameterSite]) -> None:
        self.step = sample.step
        self.sites = sites  # by index in the table, in an order that is the same on all ranks
        self.heatmaps: list[SharedHeatmap] = []
        self._sample = sample
        self._stages: dict[pb.Stage, StageMeasurement] = {}
        self._further: list[StageMeasurement] = []  # of stages that are there, to be filled in when they are complete

    @property
    def transfer(self) -> Transfer:
        """The way for what devices compute."""
        return self._sample.transfer

    def add(self, measured: StageMeasurement) -> None:
        """Adds a stage, or to a stage the sites of a further optimizer; complete once the transfer has settled."""
        known = self._stages.setdefault(measured.stage, measured)
        if known is not measured:
            self._further.append(measured)

    def add_heatmap(self, index: int, gradient: torch.Tensor | None, local: Value, *, max_cells: int) -> None:
        """Adds this rank's part of a gradient's heatmap, on every rank and for every trainable site."""
        parameter = self.sites[index].parameter
        tensor = parameter if gradient is None else gradient
        stage, shape = pb.STAGE_GRADIENT, parameter.shape
        part = local_part(tensor, local, self.transfer, site=index, stage=stage, shape=shape, max_cells=max_cells)
        if part is not None:
            self.heatmaps.append(part)

    @property
    def heatmaps_checksum(self) -> int:
        """What ranks compare before they merge heatmaps."""
        positions = {index: position for position, index in enumerate(self.sites)}
        return layout_checksum(self.heatmaps, [positions[each.part.site] for each in self.heatmaps])

    def parts(self) -> dict[pb.Stage, StageMeasurement]:
        """The stages that can be merged, by site of this watch: one rank's table may have more sites than another's."""
        self._settle()
        return {stage: self._of_sites(self._stages[stage]) for stage in STAGES if stage in self._stages}

    def take(self, merged: Merged) -> None:
        """Puts what all ranks have together into the sample."""
        for stage, measured in merged.stages.items():
            whole = self._stages[stage]
            for position, (index, outcome) in enumerate(zip(self.sites, measured.outcomes, strict=True)):
                whole.outcomes[index] = self._checked(index, outcome)
                if whole.lost is not None and measured.lost is not None:
                    whole.lost[index] = measured.lost[position]
            self._sample.add(whole.sample())
        for heatmap in merged.heatmaps:
            self._sample.add_heatmap(heatmap)

    def take_alone(self, reason: str) -> None:
        """Puts what this rank can say alone into the sample."""
        self._settle()
        for measured in self._stages.values():
            for index, site in self.sites.items():
                if is_split(site.parameter) and isinstance(measured.outcomes[index], Measurement):
                    measured.outcomes[index] = Unsupported(f"sharded: {reason}")
            self._sample.add(measured.sample())
        for shared in self.heatmaps:
            if shared.is_whole:
                self._sample.add_heatmap(shared.part)

    def _settle(self) -> None:
        """Waits for what devices compute, and joins the stages of several optimizers."""
        self.transfer.settle()
        further, self._further = self._further, []
        for measured in further:
            _fill_excluded(self._stages[measured.stage], measured)

    def _of_sites(self, measured: StageMeasurement) -> StageMeasurement:
        lost = None if measured.lost is None else [measured.lost[index] for index in self.sites]
        return StageMeasurement(measured.stage, [measured.outcomes[index] for index in self.sites], lost=lost)

    def _checked(self, index: int, outcome: Outcome) -> Outcome:
        """The outcome, unless the parts are not the whole: no number is better than a wrong one."""
        elements = self.sites[index].parameter.numel()
        if isinstance(outcome, Measurement) and outcome.count != elements:
            return Unsupported(f"sharded: ranks hold {outcome.count} elements of {elements}")
        return outcome


def _fill_excluded(known: StageMeasurement, added: StageMeasurement) -> None:
    for index, outcome in enumerate(known.outcomes):
        if outcome == pb.STATUS_EXCLUDED:
            known.outcomes[index] = added.outcomes[index]
            if known.lost is not None and added.lost is not None:
                known.lost[index] = added.lost[index]
    known.complex_sites.extend(added.complex_sites)
