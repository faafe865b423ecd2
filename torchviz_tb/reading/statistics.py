"""Statistics of all sites at one step, and the columns that are computed from them."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from torchviz_tb.reading import checks
from torchviz_tb.reading.packed import PackedColumns, split
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import parse

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


LONG_COLUMNS = frozenset({"min", "max", "mean", "std", "abs_max", "l1"})
"""Eight bytes a site each: three quarters of a record. A brief one is without them; findings and norms need none."""

_STAGES = pb.Statistics.DESCRIPTOR.fields_by_name["stages"].number
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


class StageColumns(Mapping[str, Float64s]):
    """The columns of one stage by name: arrays over the sites of the record, NaN where not measured.

    They are kept as they are stored, a third of the size, and an array is made whenever one is asked for: a page wants
    a column of a thousand records, not all columns of one.
    """

    def __init__(self, packed: PackedColumns, reasons: Iterable[pb.Reason], sites: int, *, brief: bool = False) -> None:
        """Columns of ``sites`` entries, the long ones only if not ``brief``.

        Raises DamagedRecord where lengths, also of what is not kept, or indices don't fit.
        """
        self._sites = sites
        names = [name for name in KEPT_COLUMNS if name not in _OF_SOME_STAGES or name in packed]
        for name in ("status", *names):
            packed.check(name, sites)
        self._packed = packed.without(LONG_COLUMNS) if brief else packed
        self._names = [name for name in names if not (brief and name in LONG_COLUMNS)]
        self.reasons = {reason.site: reason.text for reason in reasons}
        checks.indices(self.reasons, sites, "site")

    @property
    def memory(self) -> int:
        """Bytes that it takes, states included."""
        return self._packed.memory + 8 * self._sites

    @cached_property
    def state(self) -> States:
        """What each site's numbers are, or why there are none."""
        status = self._packed.column("status", self._sites)
        state = np.full(status.shape, State.NOT_MEASURED, np.uint8)
        for code, meaning in {**STATE_OF_STATUS, pb.STATUS_MEASURED: State.FINITE}.items():
            state[status == code] = meaning
        if not self._packed.is_all("zeros", 0):
            state[(self["zeros"] == self["count"]) & (self["count"] > 0)] = State.ZERO
        # From the least to the most telling: a later line wins. Nearly always there are none.
        for name, meaning in (("neg_inf", State.NEG_INF), ("pos_inf", State.POS_INF), ("nan", State.NAN)):
            if not self._packed.is_all(name, 0):
                state[self[name] > 0] = meaning
        return state

    def of_site(self, index: int) -> dict[str, Float64s]:
        """Every column as an array of the one site; a fraction of the cost of reading them whole."""
        measured = self._packed.at("status", index, self._sites) == pb.STATUS_MEASURED
        return {
            name: np.array([self._packed.at(name, index, self._sites) if measured else np.nan]) for name in self._names
        }

    def __getitem__(self, name: str) -> Float64s:
        if name not in self._names:
            raise KeyError(name)
        values = self._packed.column(name, self._sites)
        if self._packed.is_all("status", pb.STATUS_MEASURED):
            return values
        return np.where(self._packed.column("status", self._sites) == pb.STATUS_MEASURED, values, np.nan)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


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

    @property
    def memory(self) -> int:
        """Bytes that it takes."""
        return sum(stage.memory for stage in self.stages.values())

    @classmethod
    def brief_from_bytes(cls, message: bytes) -> "Statistics":
        """As ``from_bytes``, without the ``LONG_COLUMNS``: these are missing, though the record may have them."""
        return cls.from_bytes(message, brief=True)

    @classmethod
    def from_bytes(cls, message: bytes, *, brief: bool = False) -> "Statistics":
        """All stages that this version knows, of a serialized record. Raises DamagedRecord."""
        parts, others = split(message, {_STAGES})
        record = parse(others, pb.Statistics)
        count = checks.site_count(record.site_count)
        stages: dict[str, StageColumns] = {}
        for part in parts.get(_STAGES, []):
            packed, stage = PackedColumns.read(part, pb.StageStatistics)
            name = checks.stage_name(stage.stage)
            if name is not None:
                checks.require(name not in stages, "a stage is in it twice")
                stages[name] = StageColumns(packed, stage.reasons, count, brief=brief)
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
        return None if kept is None else _column(name, kept, self._before(stage))

    def of_site(self, stage: str, index: int) -> list[float]:
        """Every column, kept and derived, of one site; NaN where the stage does not have it."""
        kept, before = self.stages[stage].of_site(index), self._before(stage)
        parameter = before.of_site(index) if before else None
        columns = (_column(name, kept, parameter) for name in COLUMNS)
        return [math.nan if column is None else float(column[0]) for column in columns]

    def _before(self, stage: str) -> StageColumns | None:
        """The parameters that an update changed."""
        return self.stages.get("parameter") if stage == "update" else None


def _column(name: str, kept: Mapping[str, Float64s], parameter: Mapping[str, Float64s] | None) -> Float64s | None:
    """A kept or derived column; ``parameter`` are those of the parameters that an update changed."""
    if name in KEPT_COLUMNS:
        return kept.get(name)
    if name == "nonfinite":
        return _nonfinite(kept)
    if name == "zero_share":
        return _divide(kept["zeros"], kept["count"])
    if name == "rms":
        return _divide(kept["l2"], np.sqrt(np.maximum(kept["count"] - _nonfinite(kept), 0)))
    if name == "update_ratio" and parameter is not None:
        return _divide(kept["l2"], parameter["l2"])
    if name == "lost_share" and "lost" in kept:
        return _divide(kept["lost"], kept["count"])
    if name == "dead_share" and "units" in kept and "dead_units" in kept:
        return _divide(kept["dead_units"], kept["units"])
    return None


def _nonfinite(kept: Mapping[str, Float64s]) -> Float64s:
    return kept["nan"] + kept["pos_inf"] + kept["neg_inf"]


def _positive(value: float) -> float | None:
    """A number that is absent as 0; what can't be one counts as absent, too."""
    return value if 0 < value < math.inf else None


def _divide(numerator: Float64s, denominator: Float64s) -> Float64s:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(numerator / denominator)
