"""Measurements of parts → those of the whole tensors, by one packed MAX and one packed SUM.

The MAX finds extremes, agrees on what is there, and with the extremes fixes scales, centres and tables for
the SUM, which adds counts, moments and histograms. Both are of float64, in which counts are exact up to 2^53.
Only a histogram whose values are few or in narrow peaks, and spread over thousands of ranks' lists, takes
further SUMs of its own (``tables``).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import cast

import numpy as np
import numpy.typing as npt

from torchviz_tb.capture.engines import Measurement
from torchviz_tb.capture.heatmaps import HeatmapPart
from torchviz_tb.capture.histograms import Tally
from torchviz_tb.capture.moments import Moments, scale_for
from torchviz_tb.capture.sharded import heatmaps, tables
from torchviz_tb.capture.sharded.agreement import Membership
from torchviz_tb.capture.sharded.exchange import SharingError
from torchviz_tb.capture.sharded.heatmaps import SharedHeatmap
from torchviz_tb.capture.statistics import Outcome, StageMeasurement
from torchviz_tb.capture.tensors import Unsupported
from torchviz_tb.records import records_pb2 as pb

Float64s = npt.NDArray[np.float64]

STAGES = (pb.STAGE_PARAMETER, pb.STAGE_GRADIENT, pb.STAGE_RAW_GRADIENT, pb.STAGE_UPDATE)
"""What can be merged; a record of the MAX has room for all of them, whatever is measured at a step."""


@dataclass(frozen=True)
class Header:
    """What a rank says of its sample."""

    agreed: Mapping[str, int]  # must be the same on all ranks: names for people → numbers
    heatmaps: int = 0  # checksum of the heatmaps' layout; 0: none at this sample
    from_leader: float = 0.0  # a number that all ranks take from the leader


@dataclass
class Merged:
    """What all ranks know after the exchange."""

    stages: dict[pb.Stage, StageMeasurement] = field(default_factory=dict)
    missing: set[pb.Stage] = field(default_factory=set)  # stages that some rank has and another has not
    heatmaps: list[HeatmapPart] = field(default_factory=list)
    lacks_heatmaps: bool = False  # whether some rank has heatmaps and another has not the same
    from_leader: float = 0.0


class _Claim(IntEnum):
    """What a rank says of one site and stage in the MAX; minus infinity: nothing."""

    STATUS = 0
    MINUS_STATUS = 1
    HIGH = 2
    MINUS_LOW = 3
    KEY_HIGH = 4
    MINUS_KEY_LOW = 5
    MINUS_BITS = 6
    LENGTH = 7


_SUMS = 9  # entries of one site and stage in the SUM, before its table


def merge(
    membership: Membership,
    header: Header,
    parts: Mapping[pb.Stage, StageMeasurement],
    sites: int,
    shared_heatmaps: Sequence[SharedHeatmap] = (),
) -> Merged:
    """Enters the collectives of one sample. Every member calls it for the same sample, with the same number of sites.

    Raises SharingError where ranks do not come or are at different samples; all of them do, then.
    """
    claims = np.full((len(STAGES), sites, len(_Claim)), -np.inf)
    for row, stage in enumerate(STAGES):
        if stage in parts:
            claims[row] = [_claim(outcome) for outcome in parts[stage].outcomes]
    head = _packed_header(membership, header, parts)
    agreed = membership.exchange.largest(np.concatenate([head, claims.reshape(-1)]))
    merged = _checked_header(header, agreed[: len(head)])
    claims = agreed[len(head) :].reshape(claims.shape)
    kept = [stage for stage in STAGES if stage in parts and stage not in merged.missing]
    claims = claims[[STAGES.index(stage) for stage in kept]]
    shared_heatmaps = () if header.heatmaps == 0 or merged.lacks_heatmaps else shared_heatmaps
    sums = _merge_stages(
        membership, claims, [parts[stage] for stage in kept], merged, heatmaps.packed_sums(shared_heatmaps)
    )
    if shared_heatmaps:
        maxima = membership.exchange.largest(heatmaps.packed_maxima(shared_heatmaps))
        merged.heatmaps = heatmaps.merged(shared_heatmaps, sums, maxima)
    return merged


def _packed_header(membership: Membership, header: Header, parts: Mapping[pb.Stage, StageMeasurement]) -> Float64s:
    has = [float(stage in parts) for stage in STAGES]
    numbers = np.array([*header.agreed.values(), *has, header.heatmaps], np.float64)
    word = header.from_leader if membership.rank == membership.leader else -math.inf
    return np.concatenate([[word], numbers, -numbers])


def _checked_header(header: Header, agreed: Float64s) -> Merged:
    largest, smallest = np.split(agreed[1:], 2)
    smallest = -smallest
    for place, name in enumerate(header.agreed):
        if largest[place] != smallest[place]:
            raise SharingError(f"ranks differ in {name}: {smallest[place]:.0f} on one, {largest[place]:.0f} on another")
    differs = (largest != smallest)[len(header.agreed) :]
    return Merged(
        missing={stage for stage, some in zip(STAGES, differs, strict=False) if some},
        lacks_heatmaps=bool(differs[-1]),
        from_leader=float(agreed[0]),
    )


def _claim(outcome: Outcome) -> list[float]:
    claim = [-math.inf] * len(_Claim)
    status = _status(outcome)
    if status == pb.STATUS_EXCLUDED:
        return claim
    claim[_Claim.STATUS], claim[_Claim.MINUS_STATUS] = status, -status
    if isinstance(outcome, Measurement):
        if outcome.moments.count:
            claim[_Claim.HIGH], claim[_Claim.MINUS_LOW] = outcome.moments.max, -outcome.moments.min
        if outcome.tally is not None:
            claim[_Claim.MINUS_BITS], claim[_Claim.LENGTH] = -outcome.tally.bits, len(outcome.tally)
        if outcome.tally:
            keys = tables.signed_keys(outcome.tally)
            claim[_Claim.KEY_HIGH], claim[_Claim.MINUS_KEY_LOW] = keys[-1], -keys[0]
    return claim


def _status(outcome: Outcome) -> int:
    if isinstance(outcome, Measurement):
        return pb.STATUS_MEASURED
    return pb.STATUS_UNSUPPORTED if isinstance(outcome, Unsupported) else outcome


def _merge_stages(
    membership: Membership, claims: Float64s, parts: Sequence[StageMeasurement], merged: Merged, further: Float64s
) -> Float64s:
    """Merges the stages that all ranks have, and returns the sum of the further entries that go with them."""
    sites = claims.shape[1]
    own = [outcome for part in parts for outcome in part.outcomes]
    lost = [count for part in parts for count in part.lost or [0] * sites]
    results, sums = _merge_rows(membership, claims.reshape(-1, len(_Claim)), own, lost, further)
    for place, part in enumerate(parts):
        outcomes, counts = results.take(slice(place * sites, (place + 1) * sites))
        all_lost = None if part.lost is None else counts
        merged.stages[part.stage] = StageMeasurement(part.stage, outcomes, part.complex_sites, all_lost)
    return sums


@dataclass(frozen=True)
class _Rows:
    """One entry for each stage and site."""

    outcomes: list[Outcome]
    lost: list[int]

    def take(self, part: slice) -> tuple[list[Outcome], list[int]]:
        return self.outcomes[part], self.lost[part]


def _merge_rows(
    membership: Membership, claims: Float64s, own: Sequence[Outcome], lost: Sequence[int], further: Float64s
) -> tuple[_Rows, Float64s]:
    """What all ranks together have in each row, from what they claimed and this one has; and the further sums."""
    results = _Rows([_without_numbers(*row) for row in zip(claims, own, strict=True)], [0] * len(own))
    rows = [row for row, outcome in enumerate(results.outcomes) if outcome == pb.STATUS_MEASURED]
    scaling = [_Scaling.of(claims[row]) for row in rows]
    sums = [number for each, row in zip(scaling, rows, strict=True) for number in each.sums(own[row], lost[row])]
    counted = [row for row in rows if claims[row, _Claim.MINUS_BITS] > -np.inf]
    layout = [_first_table(claims[row], len(membership.members)) for row in counted]
    tallies = [_tally(own[row]) for row in counted]
    packed = np.concatenate([sums, tables.packed(layout, tallies, membership.place), further])
    total = membership.exchange.total(packed) if len(packed) else packed
    tables_start, further_start = len(sums), len(packed) - len(further)
    bits = [int(-claims[row, _Claim.MINUS_BITS]) for row in counted]
    whole = _refined(membership, tables.unpacked(layout, total[tables_start:further_start]), tallies, bits)
    tally_of = dict(zip(counted, whole, strict=True))
    for place, row in enumerate(rows):
        numbers = total[place * _SUMS : (place + 1) * _SUMS]
        results.outcomes[row], results.lost[row] = scaling[place].measurement(numbers, tally_of.get(row))
    return results, total[further_start:]


def _without_numbers(claim: Float64s, own: Outcome) -> Outcome:
    """Why there is no measurement; STATUS_MEASURED where there is one."""
    largest, smallest = claim[_Claim.STATUS], -claim[_Claim.MINUS_STATUS]
    if largest == -np.inf:
        return pb.STATUS_EXCLUDED
    if largest != smallest:
        return Unsupported(f"ranks differ: {_words(smallest)} on one, {_words(largest)} on another")
    if largest == pb.STATUS_UNSUPPORTED:
        return own if isinstance(own, Unsupported) else Unsupported("not measured on the ranks that hold it")
    return cast("pb.Status", int(largest))


def _words(status: float) -> str:
    return pb.Status.Name(int(status)).removeprefix("STATUS_").lower().replace("_", " ")


@dataclass(frozen=True)
class _Scaling:
    """Units in which ranks add up their moments: nearly all cancellation is avoided by a centre that all know.

    With the values between ``low`` and ``high`` and the centre in their middle, an outlier that pulls the
    centre away from the mean also makes the variance larger: what the final subtraction cancels is at most
    a fourth of the number of values, as a factor, so of 10^9 values the variance keeps 7 digits in the worst
    case and nearly all 16 in others.
    """

    low: float
    high: float
    scale: float
    center: float  # in units of scale

    @classmethod
    def of(cls, claim: Float64s) -> "_Scaling":
        high, low = float(claim[_Claim.HIGH]), -float(claim[_Claim.MINUS_LOW])
        if high == -math.inf:  # no finite value anywhere
            return cls(math.nan, math.nan, 1.0, 0.0)
        scale = scale_for(low, high)
        return cls(low, high, scale, low / scale / 2 + high / scale / 2)

    def sums(self, outcome: Outcome, lost: int) -> list[float]:
        """What a rank adds to the SUM; zeros where it measures nothing."""
        if not isinstance(outcome, Measurement):
            return [0.0] * _SUMS
        moments = outcome.moments
        ratio = moments.scale / self.scale
        distance = moments.mean * ratio - self.center if moments.count else 0.0
        return [
            moments.count,
            outcome.zeros,
            outcome.nan,
            outcome.pos_inf,
            outcome.neg_inf,
            lost,
            moments.count * distance,
            moments.squares * ratio * ratio + moments.count * distance * distance,
            moments.l1 * ratio,
        ]

    def measurement(self, total: Float64s, tally: Tally | None) -> tuple[Measurement, int]:
        """The measurement of all parts, and the lost updates."""
        count, zeros, nan, pos_inf, neg_inf, lost = (int(number) for number in total[:6])
        first, second, l1 = (float(number) for number in total[6:])
        moments = Moments()
        if count:
            mean = first / count
            squares = 0.0 if self.low == self.high else max(second - mean * first, 0.0)
            moments = Moments(count, self.low, self.high, self.center + mean, squares, l1, self.scale)
        return Measurement(zeros, nan, pos_inf, neg_inf, moments, tally), lost


def _first_table(claim: Float64s, ranks: int) -> tables.Table:
    length, bits = int(claim[_Claim.LENGTH]), int(-claim[_Claim.MINUS_BITS])
    if not length:
        return tables.Slots(ranks, 0, bits)
    return tables.first_table(int(-claim[_Claim.MINUS_KEY_LOW]), int(claim[_Claim.KEY_HIGH]), bits, length, ranks)


def _tally(outcome: Outcome) -> Tally | None:
    return outcome.tally if isinstance(outcome, Measurement) else None


def _refined(
    membership: Membership, whole: list[Tally], own: Sequence[Tally | None], bits: Sequence[int]
) -> list[Tally]:
    """Further SUMs, until every tally tells its values apart as well as ranks can; mostly none."""
    while True:
        finer = [tables.next_table(tally, most) for tally, most in zip(whole, bits, strict=True)]
        asked = [place for place, table in enumerate(finer) if table is not None]
        if not asked:
            return whole
        layout = [table for table in finer if table is not None]
        packed = tables.packed(layout, [own[place] for place in asked], membership.place)
        for place, tally in zip(asked, tables.unpacked(layout, membership.exchange.total(packed)), strict=True):
            whole[place] = tally
