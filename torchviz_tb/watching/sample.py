"""What is gathered at one step until it is written: all sites in one record of each kind."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch

from torchviz_tb.capture.device_heatmaps import begin_heatmaps
from torchviz_tb.capture.engines import Measurement
from torchviz_tb.capture.heatmaps import HeatmapPart
from torchviz_tb.capture.statistics import Place, StageMeasurement, StageSample, distribution_entries
from torchviz_tb.capture.transfer import Transfer
from torchviz_tb.events.recorder import LaterRecord
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.cost import Period
from torchviz_tb.watching.heatmap_choice import HEATMAP_SIZE

_COUNTS = ("count", "zeros", "nan", "pos_inf", "neg_inf")
_MOMENTS = ("min", "max", "mean", "std", "abs_max", "l1", "l2")
_OPTIONAL = ("lost", "units", "dead_units")
"""Empty in stages that don't have them."""
_COLUMNS = (*_COUNTS, *_MOMENTS, *_OPTIONAL)
_BYTES_OF_SITE = 100  # in a stage, before they are compressed


class Sample:
    """Statistics, distributions and heatmaps of one step, over one state of the table of sites.

    What devices compute goes by its ``transfer`` and is missing until ``settle``.
    """

    def __init__(self, step: int, site_count: int, sites_checksum: int) -> None:
        self.step = step
        self.site_count = site_count
        self.wall_time = time.time()
        self.seconds = 0.0  # that gathering held up the training loop
        self.is_written = False
        self.gradient_scale: float | None = None
        self.period: Period | None = None  # the time since the sample before
        self.transfer = Transfer()
        self._coming: list[StageMeasurement] = []  # in the order in which they are to be added
        self._checksum = sites_checksum
        self._stages: dict[pb.Stage, pb.StageStatistics] = {}
        self._counted: dict[Place, Measurement] = {}
        self._heatmaps: dict[Place, HeatmapPart] = {}
        self._has_heatmaps = False  # or will have, once the transfer has settled

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Counts the time of the block to ``sample_seconds``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - start

    def add_begun(self, measured: StageMeasurement) -> None:
        """As ``add``, of a stage that is complete once the transfer has settled."""
        self._coming.append(measured)

    def settle(self) -> None:
        """Takes in what was measured; waits for devices if need be."""
        coming, self._coming = self._coming, []
        self.transfer.settle()
        for measured in coming:
            stage = measured.sample()
            _pad(stage.statistics, self.site_count)
            self.add(stage)

    def add(self, measured: StageSample) -> None:
        """Adds a stage, or to a stage the sites that were not selected before."""
        stage = measured.statistics.stage
        known = self._stages.get(stage)
        if known is None:
            self._stages[stage] = measured.statistics
        else:
            _fill_excluded(known, measured.statistics)
        for site, counted in measured.counted.items():
            self._counted.setdefault((site, stage), counted)

    def add_heatmap(self, heatmap: HeatmapPart | None) -> None:
        """Adds a heatmap, if there is one; the first of a site and stage stays."""
        if heatmap is not None:
            self._heatmaps.setdefault((heatmap.site, heatmap.stage), heatmap)

    def begin_heatmaps(
        self, tensors: Iterable[tuple[int, torch.Tensor]], *, stage: pb.Stage, max_cells: int = HEATMAP_SIZE
    ) -> None:
        """Adds the heatmaps of the tensors of sites, once the transfer has settled."""
        comes = begin_heatmaps(tensors, self.transfer, self.add_heatmap, stage=stage, max_cells=max_cells)
        self._has_heatmaps = self._has_heatmaps or comes

    def absorb(self, other: "Sample") -> None:
        """Takes over what a sample of the same step and table has and this one has not."""
        self.settle()
        other.settle()
        for stage, statistics in other._stages.items():
            if stage not in self._stages:
                counted = {site: each for (site, its_stage), each in other._counted.items() if its_stage == stage}
                self.add(StageSample(statistics, counted))
        for heatmap in other._heatmaps.values():
            self.add_heatmap(heatmap)

    def grow(self, site_count: int, sites_checksum: int) -> None:
        """The table has grown: its new sites count as excluded in the stages that are there."""
        self.site_count, self._checksum = site_count, sites_checksum
        for stage in self._stages.values():
            _pad(stage, site_count)

    def fits(self, other: "Sample") -> bool:
        """Whether both are of one step and one state of the table."""
        return (self.step, self._checksum) == (other.step, other._checksum)

    def has(self, *stages: pb.Stage) -> bool:
        """Whether all of these stages were measured, or are being."""
        return {*self._stages, *(measured.stage for measured in self._coming)}.issuperset(stages)

    def statistics(self) -> LaterRecord | None:
        """The record, or None where no stage was measured. Made, as the others, by whoever first settles the sample."""
        stages = len(self._stages) + len(self._coming)
        return LaterRecord(self._statistics, stages * self.site_count * _BYTES_OF_SITE) if stages else None

    def _statistics(self) -> pb.Statistics:
        self.settle()
        return pb.Statistics(
            site_count=self.site_count,
            sites_checksum=self._checksum,
            stages=[self._stages[stage] for stage in sorted(self._stages)],
            sample_seconds=self.seconds,
            gradient_scale=self.gradient_scale or 0.0,
            step_seconds=0.0 if self.period is None else self.period.step_seconds,
            watch_share=0.0 if self.period is None else self.period.watch_share,
        )

    def distributions(self) -> LaterRecord | None:
        """The record, or None where there is no histogram."""
        if not self._has_histograms:
            return None
        size = sum(each.tally.nbytes for each in self._counted.values() if each.tally is not None)
        return LaterRecord(self._distributions, size + self.transfer.nbytes)

    @property
    def _has_histograms(self) -> bool:
        return bool(self._counted) or any(measured.has_any for measured in self._coming)

    def _distributions(self) -> pb.Distributions:
        self.settle()
        counted = {place: self._counted[place] for place in sorted(self._counted)}
        entries = distribution_entries(counted)
        return pb.Distributions(site_count=self.site_count, sites_checksum=self._checksum, entries=entries)

    def heatmaps(self) -> LaterRecord | None:
        """The record, or None where there is no heatmap."""
        if not self._heatmaps and not self._has_heatmaps:
            return None
        size = sum(part.nbytes for part in self._heatmaps.values())
        return LaterRecord(self._heatmap_record, size + (0 if self._has_histograms else self.transfer.nbytes))

    def _heatmap_record(self) -> pb.Heatmaps:
        self.settle()
        heatmaps = [self._heatmaps[place].record() for place in sorted(self._heatmaps)]
        return pb.Heatmaps(site_count=self.site_count, sites_checksum=self._checksum, heatmaps=heatmaps)


def _pad(stage: pb.StageStatistics, site_count: int) -> None:
    """Sites that the table has gained since count as excluded."""
    added = site_count - len(stage.status)
    stage.status.extend([pb.STATUS_EXCLUDED] * added)
    for name in _COUNTS:
        getattr(stage, name).extend([0] * added)
    for name in _MOMENTS:
        getattr(stage, name).extend([float("nan")] * added)
    for name in _OPTIONAL:
        column = getattr(stage, name)
        column.extend([0] * added if column else [])


def _fill_excluded(known: pb.StageStatistics, added: pb.StageStatistics) -> None:
    """Copies the columns of the sites that only the added statistics have."""
    missing = {site for site, status in enumerate(known.status) if status == pb.STATUS_EXCLUDED}
    for site in missing:
        known.status[site] = added.status[site]
    for name in _COLUMNS:
        _fill_column(getattr(known, name), getattr(added, name), missing)
    known.reasons.extend(reason for reason in added.reasons if reason.site in missing)
    known.complex_sites.extend(site for site in added.complex_sites if site in missing)


def _fill_column(known: "list[float]", added: Sequence[float], sites: Iterable[int]) -> None:
    if not known and added:  # the optional ones are empty where they were not measured
        known.extend([0] * len(added))
    for site in sites:
        if site < len(added):
            known[site] = added[site]
