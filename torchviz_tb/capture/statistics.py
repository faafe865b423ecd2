"""Tensors → the columns and histograms of one stage."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch

from torchviz_tb.capture.batches import Batches
from torchviz_tb.capture.engines import Engine, Measurement
from torchviz_tb.capture.histograms import histograms as histograms_of
from torchviz_tb.capture.tensors import FlatTensor, Unsupported, flat
from torchviz_tb.capture.transfer import Transfer
from torchviz_tb.records import records_pb2 as pb

Value: TypeAlias = "torch.Tensor | pb.Status | Unsupported"
"""A site's tensor, or why there is none."""

_GRADIENTS = (pb.STAGE_GRADIENT, pb.STAGE_RAW_GRADIENT)

COMING = pb.STATUS_UNSPECIFIED
"""In the place of an outcome until its measurement is there."""

Outcome: TypeAlias = "Measurement | pb.Status | Unsupported"
"""What was measured of a site's tensor, or why there is nothing."""

Place: TypeAlias = "tuple[int, pb.Stage]"
"""A site, by its index, and a stage."""

_COLUMNS = (
    "status", "count", "zeros", "nan", "pos_inf", "neg_inf", "min", "max", "mean", "std", "abs_max", "l1", "l2"
)  # fmt: skip
_NOTHING = (*[0] * 5, *[math.nan] * 7)


@dataclass(frozen=True)
class StageSample:
    """What one stage of all sites says at one step, as it is recorded."""

    statistics: pb.StageStatistics
    counted: Mapping[int, Measurement] = field(default_factory=dict)  # by site, with tallies

    @property
    def distributions(self) -> list[pb.DistributionEntry]:
        """The distributions as they are recorded, made anew at each call."""
        stage = self.statistics.stage
        return distribution_entries({(site, stage): measured for site, measured in self.counted.items()})


@dataclass
class StageMeasurement:
    """What one stage of all sites says at one step, before grids are chosen: what ranks can merge."""

    stage: pb.Stage
    outcomes: list[Outcome]  # by site
    complex_sites: list[int] = field(default_factory=list)
    lost: list[int] | None = None  # by site, of updates only
    units: list[int] | None = None  # by site, of activations only
    dead_units: list[int] | None = None

    @property
    def has_any(self) -> bool:
        """Whether a tensor was measured, or is being."""
        return any(isinstance(outcome, Measurement) or outcome == COMING for outcome in self.outcomes)

    def sample(self) -> StageSample:
        """The measurement as it is recorded."""
        statistics = pb.StageStatistics(
            stage=self.stage,
            lost=self.lost or [],
            complex_sites=self.complex_sites,
            units=self.units or [],
            dead_units=self.dead_units or [],
        )
        rows = [_row(outcome) for outcome in self.outcomes]
        for name, column in zip(_COLUMNS, zip(*rows, strict=True), strict=False):
            getattr(statistics, name).extend(column)
        for site, outcome in enumerate(self.outcomes):
            if isinstance(outcome, Unsupported):
                statistics.reasons.add(site=site, text=outcome.reason)
        measured = {site: each for site, each in enumerate(self.outcomes) if isinstance(each, Measurement)}
        return StageSample(statistics, {site: each for site, each in measured.items() if each.tally is not None})


def distribution_entries(counted: Mapping[Place, Measurement]) -> list[pb.DistributionEntry]:
    """The histograms of measurements that have a tally, as they are recorded: 20 µs each."""
    tallies = [measured.tally for measured in counted.values() if measured.tally is not None]
    stored = histograms_of(tallies, [measured.beside for measured in counted.values()])
    return [
        pb.DistributionEntry(site=site, stage=stage, histogram=histogram)
        for (site, stage), histogram in zip(counted, stored, strict=True)
    ]


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
    be lazy: about four million elements are held at a time, on a device about one million, and the largest tensor.
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

    Until then numbers are missing that a device still computes or an engine has still to make. Tensors in a sequence
    are taken to be held by others; those of an iterator are let go of as soon as they are measured.
    """
    measured = StageMeasurement(stage, [])
    noun = "gradient" if stage in _GRADIENTS else "tensor"
    is_kept = isinstance(values, Sequence)
    batches = Batches(measured.outcomes.__setitem__, transfer, histograms=histograms, engine=engine)
    for site, value in enumerate(values):
        outcome = flat(value, noun) if isinstance(value, torch.Tensor) else value
        if not isinstance(outcome, FlatTensor):
            measured.outcomes.append(outcome)
            continue
        measured.outcomes.append(COMING)
        if outcome.values.is_complex():
            measured.complex_sites.append(site)
        batches.add(site, outcome, is_kept_elsewhere=is_kept)
        del outcome  # or a copy would be there until the next one is made
    batches.finish()
    return measured


def _row(outcome: Outcome) -> tuple[float, ...]:
    """What the columns say of a site."""
    if isinstance(outcome, Unsupported):
        return (pb.STATUS_UNSUPPORTED, *_NOTHING)
    if not isinstance(outcome, Measurement):
        return (outcome, *_NOTHING)
    counts = outcome.count, outcome.zeros, outcome.nan, outcome.pos_inf, outcome.neg_inf
    moments = outcome.moments
    extremes, sums = (moments.min, moments.max), (moments.true_mean, moments.std)
    return (pb.STATUS_MEASURED, *counts, *extremes, *sums, moments.abs_max, moments.true_l1, moments.l2)
