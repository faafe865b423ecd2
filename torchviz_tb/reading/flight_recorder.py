"""The steps before an accident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from torchviz_tb.reading import checks
from torchviz_tb.reading.incidents import incident_kind
from torchviz_tb.reading.packed import PackedColumns
from torchviz_tb.reading.statistics import STATE_OF_STATUS, State, States
from torchviz_tb.records import records_pb2 as pb

MAX_STEPS = 1000
MAX_CELLS = 2**22
"""Steps × sites of one record."""

DETAILS = {
    "gradient_abs_max": "gradient_abs_max",
    "gradient_means": "gradient_mean",
    "gradient_zero_shares": "gradient_zero_share",
    "parameter_norms": "parameter_norm",
    "update_norms": "update_norm",
}
"""Name of a detail → the field of RecordedStep in records.proto, which says what it is."""

Float32s = npt.NDArray[np.float32]
Float64s = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FlightRecorder:
    """One record: S steps that end with an accident, N sites.

    ``gradient_norms`` [S, N] are L2 norms over all values of the gradients that the optimizer consumed:
    NaN or infinite where the gradient holds such a value, NaN where there was none (``state`` [S, N] tells
    which). ``losses`` and ``gradient_scales`` [S] are NaN where they are not known. ``details`` are further
    columns [S, N], by name: DETAILS; NaN at the steps at which they were not taken, which took less time so.
    """

    site_count: int
    sites_checksum: int
    trigger: str
    reason: str
    steps: npt.NDArray[np.int64]
    gradient_norms: Float32s
    state: States
    losses: Float64s
    gradient_scales: Float64s
    details: Mapping[str, Float32s]

    @classmethod
    def from_record(cls, record: pb.FlightRecorder) -> "FlightRecorder":
        """Raises DamagedRecord where steps don't grow or lengths don't fit."""
        sites, steps = checks.site_count(record.site_count), [each.step for each in record.steps]
        checks.require(0 < len(steps) <= MAX_STEPS, lambda: f"it holds {len(steps)} steps, not 1 to {MAX_STEPS}")
        checks.require(len(steps) * sites <= MAX_CELLS, "it has more steps and sites than the bound")
        checks.require(steps == sorted(set(steps)), "its steps don't grow")
        norms, state = _cells(record.steps, sites)
        return cls(
            site_count=sites,
            sites_checksum=record.sites_checksum,
            trigger=incident_kind(record.trigger),
            reason=record.reason,
            steps=np.asarray(steps, np.int64),
            gradient_norms=norms,
            state=state,
            losses=_told(record.steps, "loss"),
            gradient_scales=_told(record.steps, "gradient_scale"),
            details={name: _detail(record.steps, field, sites) for name, field in DETAILS.items()},
        )

    def placed(self, positions: npt.NDArray[np.intp], sites: int) -> "FlightRecorder":
        """The same over ``sites`` sites, site i of the record at ``positions[i]``; the others were not measured.

        Raises DamagedRecord where that would be too many.
        """
        checks.require(len(self.steps) * sites <= MAX_CELLS, "it has more steps and sites than the bound")
        state = np.full((len(self.steps), sites), State.NOT_MEASURED, np.uint8)
        state[:, positions] = self.state
        details = {name: _spread(column, positions, sites) for name, column in self.details.items()}
        norms = _spread(self.gradient_norms, positions, sites)
        return replace(self, site_count=sites, gradient_norms=norms, state=state, details=details)


def _spread(column: Float32s, positions: npt.NDArray[np.intp], sites: int) -> Float32s:
    spread = np.full((len(column), sites), np.nan, np.float32)
    spread[:, positions] = column
    return spread


def _detail(steps: Sequence[pb.RecordedStep], field: str, sites: int) -> Float32s:
    column = np.full((len(steps), sites), np.nan, np.float32)
    for row, step in enumerate(steps):
        packed = PackedColumns.of(step)
        if field in packed:
            length = len(step.status)
            column[row, :length] = packed.column(field, length)
    return column


def _cells(steps: Sequence[pb.RecordedStep], sites: int) -> tuple[Float32s, States]:
    norms = np.full((len(steps), sites), np.nan, np.float32)
    state = np.full((len(steps), sites), State.NOT_MEASURED, np.uint8)
    for row, step in enumerate(steps):
        length = len(step.status)
        checks.require(length <= sites, lambda: f"a step in it has {length} entries for {sites} sites")  # noqa: B023
        packed = PackedColumns.of(step)
        status = packed.column("status", length)
        measured = status == pb.STATUS_MEASURED
        found = packed.column("gradient_norm", length).astype(np.float32)
        norms[row, :length] = np.where(measured, found, np.float32(np.nan))
        for code, meaning in STATE_OF_STATUS.items():
            state[row, :length][status == code] = meaning
        state[row, :length][measured] = _states(found[measured])
    return norms, state


def _states(norms: Float32s) -> States:
    """What the norms of measured gradients say of them."""
    states = np.where(norms == 0, np.uint8(State.ZERO), np.uint8(State.FINITE))
    states[np.isinf(norms)] = State.POS_INF
    states[np.isnan(norms)] = State.NAN
    return states


def _told(steps: Sequence[pb.RecordedStep], field: str) -> Float64s:
    return np.array([getattr(step, field) if step.HasField(field) else np.nan for step in steps], np.float64)
