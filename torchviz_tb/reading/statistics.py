"""Statistics of all sites at one step, and the columns that are computed from them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from torchviz_tb.reading import checks
from torchviz_tb.reading.packed import PackedColumns
from torchviz_tb.records import records_pb2 as pb

Float64s = npt.NDArray[np.float64]
States = npt.NDArray[np.uint8]

KEPT_COLUMNS = (
    "count",
    "zeros",
    "nan",
    "pos_inf",
    "neg_inf",
    "min",
    "max",
    "mean",
    "std",
    "abs_max",
    "l1",
    "l2",
    "lost",
    "units",
    "dead_units",
)
DERIVED_COLUMNS = ("zero_share", "nonfinite", "rms", "update_ratio", "lost_share", "dead_share")
COLUMNS = KEPT_COLUMNS + DERIVED_COLUMNS


_OF_SOME_STAGES = frozenset({"lost", "units", "dead_units"})


class State(IntEnum):
    """What a number is, or why there is none."""

    FINITE = 0
    ZERO = 1  # exactly 0 throughout
    POS_INF = 2  # holds +Inf, no NaN
    NEG_INF = 3  # holds -Inf, neither NaN nor +Inf
    NAN = 4  # holds NaN
    NO_GRADIENT = 5
    FROZEN = 6
    UNSUPPORTED = 7
    NOT_MEASURED = 8  # not at this step


STATE_OF_STATUS = {
    pb.STATUS_NO_GRADIENT: State.NO_GRADIENT,
    pb.STATUS_FROZEN: State.FROZEN,
    pb.STATUS_UNSUPPORTED: State.UNSUPPORTED,
}


@dataclass(frozen=True, eq=False)
class StageColumns:
    """The columns of one stage: arrays over the sites of the record, NaN where not measured."""

    columns: Mapping[str, Float64s]
    state: States
    reasons: Mapping[int, str]

    @classmethod
    def from_record(cls, record: pb.StageStatistics, sites: int) -> "StageColumns":
        """Columns of ``sites`` entries; raises DamagedRecord where lengths or indices don't fit."""
        packed = PackedColumns(record)
        status = packed.column("status", sites)
        measured = status == pb.STATUS_MEASURED
        columns = {}
        for name in KEPT_COLUMNS:
            if name in _OF_SOME_STAGES and name not in packed:
                continue
            columns[name] = np.where(measured, packed.column(name, sites), np.nan)
        checks.indices((reason.site for reason in record.reasons), sites, "site")
        return cls(columns, _states(status, columns), {reason.site: reason.text for reason in record.reasons})


def _states(status: Float64s, columns: Mapping[str, Float64s]) -> States:
    state = np.full(status.shape, State.NOT_MEASURED, np.uint8)
    for code, meaning in STATE_OF_STATUS.items():
        state[status == code] = meaning
    state[status == pb.STATUS_MEASURED] = State.FINITE
    state[(columns["zeros"] == columns["count"]) & (columns["count"] > 0)] = State.ZERO
    # From the least to the most telling: a later line wins.
    state[columns["neg_inf"] > 0] = State.NEG_INF
    state[columns["pos_inf"] > 0] = State.POS_INF
    state[columns["nan"] > 0] = State.NAN
    return state


@dataclass(frozen=True, eq=False)
class Statistics:
    """One record: the stages that were measured at one step."""

    site_count: int
    sites_checksum: int
    stages: Mapping[str, StageColumns]
    sample_seconds: float | None = None
    """Seconds that taking the sample held up the training loop."""
    gradient_scale: float | None = None
    """The loss scale that the gradients were divided by."""
    step_seconds: float | None = None
    """Wall seconds of one training step, the mean since the sample before."""
    watch_share: float | None = None
    """Share of the wall time since the sample before that the watch took, 0 to 1."""

    @classmethod
    def from_record(cls, record: pb.Statistics) -> "Statistics":
        """All stages that this version knows."""
        count = checks.site_count(record.site_count)
        stages: dict[str, StageColumns] = {}
        for stage in record.stages:
            name = checks.stage_name(stage.stage)
            if name is not None:
                checks.require(name not in stages, "a stage is in it twice")
                stages[name] = StageColumns.from_record(stage, count)
        return cls(
            count,
            record.sites_checksum,
            stages,
            sample_seconds=_positive(record.sample_seconds),
            gradient_scale=_positive(record.gradient_scale),
            step_seconds=_positive(record.step_seconds),
            watch_share=_positive(record.watch_share),
        )

    def column(self, stage: str, name: str) -> Float64s | None:
        """A kept or derived column over the sites; None where the stage does not have it.

        ``zero_share`` = zeros / count, ``nonfinite`` = nan + pos_inf + neg_inf, ``rms`` = l2 / sqrt(finite count);
        for updates ``update_ratio`` = l2 of the update / l2 of the parameter, ``lost_share`` = lost / count; for
        activations ``dead_share`` = dead_units / units, units being channels or features, dead those that are 0
        throughout.
        0 / 0 is NaN.
        """
        kept = self.stages.get(stage)
        if kept is None:
            return None
        if name in KEPT_COLUMNS:
            return kept.columns.get(name)
        return self._derived(stage, name, kept.columns)

    def _derived(self, stage: str, name: str, kept: Mapping[str, Float64s]) -> Float64s | None:
        nonfinite = kept["nan"] + kept["pos_inf"] + kept["neg_inf"]
        if name == "nonfinite":
            return nonfinite
        if name == "zero_share":
            return _divide(kept["zeros"], kept["count"])
        if name == "rms":
            return _divide(kept["l2"], np.sqrt(np.maximum(kept["count"] - nonfinite, 0)))
        if name == "update_ratio" and stage == "update" and "parameter" in self.stages:
            return _divide(kept["l2"], self.stages["parameter"].columns["l2"])
        if name == "lost_share" and "lost" in kept:
            return _divide(kept["lost"], kept["count"])
        if name == "dead_share" and "units" in kept and "dead_units" in kept:
            return _divide(kept["dead_units"], kept["units"])
        return None


def _positive(value: float) -> float | None:
    """A number that is absent as 0; what can't be one counts as absent, too."""
    return value if 0 < value < math.inf else None


def _divide(numerator: Float64s, denominator: Float64s) -> Float64s:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(numerator / denominator)
