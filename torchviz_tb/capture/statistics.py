"""Tensors → the columns and histograms of one stage."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch

from torchviz_tb.capture.batches import Batches
from torchviz_tb.capture.engines import Engine, Measurement
from torchviz_tb.capture.histograms import histograms as stored_histograms
from torchviz_tb.capture.tensors import FlatTensor, Unsupported, flat
from torchviz_tb.capture.transfer import Transfer
from torchviz_tb.records import records_pb2 as pb

Value: TypeAlias = "torch.Tensor | pb.Status | Unsupported"
"""A site's tensor, or why there is none."""

_GRADIENTS = (pb.STAGE_GRADIENT, pb.STAGE_RAW_GRADIENT)

_COMING = pb.STATUS_UNSPECIFIED  # in the place of an outcome until its measurement is there

Outcome: TypeAlias = "Measurement | pb.Status | Unsupported"
"""What was measured of a site's tensor, or why there is nothing."""


@dataclass(frozen=True)
class StageSample:
    """What one stage of all sites says at one step, as it is recorded."""

    statistics: pb.StageStatistics
    distributions: list[pb.DistributionEntry] = field(default_factory=list)


@dataclass
class StageMeasurement:
    """What one stage of all sites says at one step, before grids are chosen: what ranks can merge."""

    stage: pb.Stage
    outcomes: list[Outcome]  # by site
    complex_sites: list[int] = field(default_factory=list)
    lost: list[int] | None = None  # by site, of updates only
    units: list[int] | None = None  # by site, of activations only
    dead_units: list[int] | None = None

    def sample(self) -> StageSample:
        """The measurement as it is recorded."""
        statistics = pb.StageStatistics(
            stage=self.stage,
            lost=self.lost or [],
            complex_sites=self.complex_sites,
            units=self.units or [],
            dead_units=self.dead_units or [],
        )
        sample = StageSample(statistics)
        for site, outcome in enumerate(self.outcomes):
            if isinstance(outcome, Measurement):
                _add_measured(statistics, outcome)
            else:
                _add_missing(statistics, site, outcome)
        sample.distributions.extend(self._distributions())
        return sample

    def _distributions(self) -> Iterator[pb.DistributionEntry]:
        counted = {
            site: outcome
            for site, outcome in enumerate(self.outcomes)
            if isinstance(outcome, Measurement) and outcome.tally is not None
        }
        tallies = [outcome.tally for outcome in counted.values() if outcome.tally is not None]
        stored = stored_histograms(tallies, [outcome.beside for outcome in counted.values()])
        for site, histogram in zip(counted, stored, strict=True):
            yield pb.DistributionEntry(site=site, stage=self.stage, histogram=histogram)


@torch.no_grad()
def measure(
    stage: pb.Stage,
    values: Iterable[Value],
    *,
    histograms: bool = True,
    lost: Sequence[int] | None = None,
    engine: Engine | None = None,
) -> StageSample:
    """Measures the tensors of all sites, where ``values[i]`` belongs to site i.

    A Status stands for a tensor that is not there (STATUS_NO_GRADIENT, STATUS_FROZEN,
    STATUS_EXCLUDED). A kind of tensor without readable numbers (sparse, meta, quantized,
    nested, sharded ...) becomes STATUS_UNSUPPORTED with a reason: no kind raises.

    Counts are exact. Moments are of the finite elements, summed in float64, so what a
    64-bit integer has beyond 2^53 is rounded to float64 first; they are infinite only where
    the true value exceeds float64. Complex tensors are measured by magnitude. ``values`` may
    be lazy: about 16 million elements are held at a time, on a device about one million and the largest tensor.
    """
    return measure_stage(stage, values, histograms=histograms, lost=lost, engine=engine).sample()


@torch.no_grad()
def measure_stage(
    stage: pb.Stage,
    values: Iterable[Value],
    *,
    histograms: bool = True,
    lost: Sequence[int] | None = None,
    engine: Engine | None = None,
) -> StageMeasurement:
    """As ``measure``, but what can still be merged with the measurements of other ranks."""
    transfer = Transfer()
    measured = begin_stage(stage, values, transfer, histograms=histograms, engine=engine)
    measured.lost = None if lost is None else list(lost)
    transfer.settle()
    return measured


@torch.no_grad()
def begin_stage(
    stage: pb.Stage,
    values: Iterable[Value],
    transfer: Transfer,
    *,
    histograms: bool = True,
    engine: Engine | None = None,
) -> StageMeasurement:
    """As ``measure_stage``, without waiting for a device: complete once the transfer has settled.

    On the CPU it is complete at once. Tensors in a sequence are taken to be held by others; those of an iterator
    are let go of as soon as they are measured.
    """
    measured = StageMeasurement(stage, [])
    noun = "gradient" if stage in _GRADIENTS else "tensor"
    is_kept = isinstance(values, Sequence)
    batches = Batches(measured.outcomes.__setitem__, transfer, histograms=histograms, engine=engine)
    for site, value in enumerate(values):
        outcome = flat(value, noun) if isinstance(value, torch.Tensor) else value
        measured.outcomes.append(_COMING if isinstance(outcome, FlatTensor) else outcome)
        if isinstance(outcome, FlatTensor):
            if outcome.values.is_complex():
                measured.complex_sites.append(site)
            batches.add(site, outcome, is_kept_elsewhere=is_kept)
    batches.finish()
    return measured


def _add_measured(columns: pb.StageStatistics, measured: Measurement) -> None:
    moments = measured.moments
    columns.status.append(pb.STATUS_MEASURED)
    columns.count.append(measured.count)
    columns.zeros.append(measured.zeros)
    columns.nan.append(measured.nan)
    columns.pos_inf.append(measured.pos_inf)
    columns.neg_inf.append(measured.neg_inf)
    columns.min.append(moments.min)
    columns.max.append(moments.max)
    columns.mean.append(moments.true_mean)
    columns.std.append(moments.std)
    columns.abs_max.append(moments.abs_max)
    columns.l1.append(moments.true_l1)
    columns.l2.append(moments.l2)


def _add_missing(columns: pb.StageStatistics, site: int, value: "pb.Status | Unsupported") -> None:
    if isinstance(value, Unsupported):
        columns.reasons.add(site=site, text=value.reason)
    columns.status.append(pb.STATUS_UNSUPPORTED if isinstance(value, Unsupported) else value)
    for column in (columns.count, columns.zeros, columns.nan, columns.pos_inf, columns.neg_inf):
        column.append(0)
    for moment in (columns.min, columns.max, columns.mean, columns.std, columns.abs_max, columns.l1, columns.l2):
        moment.append(float("nan"))
