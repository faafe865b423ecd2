"""What happened in a run: accidents, skipped steps, and what the watch did about its own cost."""

from dataclasses import dataclass

from torchviz_tb.reading import checks
from torchviz_tb.records import records_pb2 as pb

MAX_INCIDENTS = 10_000
"""In one record."""

OTHER_KIND = "other"
"""A kind of incident that a newer version added."""

_KINDS: dict[int, str] = {
    number: name.removeprefix("INCIDENT_").lower()
    for name, number in pb.IncidentKind.items()
    if number != pb.INCIDENT_UNSPECIFIED
}
_ROLES: dict[int, str] = {pb.ROLE_ORIGIN: "origin", pb.ROLE_PROPAGATION: "propagation"}

INCIDENT_KINDS = tuple(_KINDS.values())
"""The words for the kinds: "non_finite", "skipped_step", "norm_spike" ..."""


def incident_kind(kind: int) -> str:
    """The kind's word."""
    return _KINDS.get(kind, OTHER_KIND)


@dataclass(frozen=True)
class Incident:
    """Something noteworthy at one step; None where it is not known or there is none."""

    step: int
    kind: str
    """One of INCIDENT_KINDS, or OTHER_KIND."""
    site: str | None
    """Name of the parameter; for the stage "activation", path of the module."""
    module_type: str | None
    stage: str | None
    role: str | None
    """Of "non_finite": "origin" where everything before was finite, or else "propagation"."""
    first_bad_index: tuple[int, ...] | None
    reason: str
    before: float | None
    """Norm or loss (spikes), steps between samples (cadence), loss scale (skipped step)."""
    after: float | None
    gradient_scale: float | None

    @classmethod
    def from_record(cls, record: pb.Incident) -> "Incident":
        """Raises DamagedRecord for an index that no tensor has."""
        return cls(
            step=record.step,
            kind=incident_kind(record.kind),
            site=record.site or None,
            module_type=record.module_type or None,
            stage=checks.stage_name(record.stage),
            role=_ROLES.get(record.role),
            first_bad_index=checks.shape(record.first_bad_index) or None,
            reason=record.reason,
            before=record.before if record.HasField("before") else None,
            after=record.after if record.HasField("after") else None,
            gradient_scale=record.gradient_scale if record.HasField("gradient_scale") else None,
        )


@dataclass(frozen=True)
class Incidents:
    """One record."""

    incidents: tuple[Incident, ...]

    @classmethod
    def from_record(cls, record: pb.Incidents) -> "Incidents":
        """Raises DamagedRecord where there are none, or too many."""
        count = len(record.incidents)
        checks.require(0 < count <= MAX_INCIDENTS, lambda: f"it holds {count} incidents, not 1 to {MAX_INCIDENTS}")
        return cls(tuple(Incident.from_record(incident) for incident in record.incidents))
