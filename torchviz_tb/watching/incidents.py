"""What happens to a run besides its numbers, told by whoever notices it: each group has one Incidents.

    group.incidents.add(step, pb.INCIDENT_NON_FINITE, "The output holds NaN ...", urgent=True,
                        site="h.3.attn", stage=pb.STAGE_ACTIVATION, role=pb.ROLE_ORIGIN, first_bad_index=(12, 7))

``add`` gathers; ``write`` makes one record of what was gathered, and the watch calls it at the end of every
step, ``Group.close`` at the end. With ``urgent=True`` the record is written and flushed before ``add``
returns, for what may be the last that is heard of the run. The steps of records must grow, so an incident that
comes after its step's record was written goes into the next one; its own ``step`` stays what it is. It is read
back with ``run.incidents()``.

The first INCIDENT_NON_FINITE, norm or loss spike or exception also makes the watch write its flight recorder:
see ``flight.py``.
"""

from collections.abc import Callable, Sequence

from google.protobuf.message import Message

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

MAX_INCIDENTS = 1000
"""Kept of one watch: a run that is broken at every step says nothing new after that many."""

Write = Callable[[Kind, Message, int], bool]


class Incidents:
    """The incidents of one group, until they are written."""

    def __init__(self, write: Write, flush: Callable[[], None]) -> None:
        self._write = write
        self._flush = flush
        self._gathered: list[pb.Incident] = []
        self._count = 0
        self._last_step: int | None = None
        self._listeners: list[Callable[[pb.Incident], None]] = []

    @property
    def count(self) -> int:
        """How many there were so far, those beyond the limit included."""
        return self._count

    def listen(self, listener: Callable[[pb.Incident], None]) -> Callable[[], None]:
        """Calls a function with every incident that is added; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def add(
        self,
        step: int,
        kind: pb.IncidentKind,
        reason: str,
        *,
        site: str = "",
        module_type: str = "",
        stage: pb.Stage = pb.STAGE_UNSPECIFIED,
        role: pb.Role = pb.ROLE_UNSPECIFIED,
        first_bad_index: Sequence[int] = (),
        before: float | None = None,
        after: float | None = None,
        gradient_scale: float | None = None,
        urgent: bool = False,
    ) -> None:
        """Takes note of an incident; the arguments are the fields of Incident in records.proto.

        Costs a few microseconds, with ``urgent`` the writing of a record and the flush of the file.
        """
        incident = pb.Incident(
            step=step,
            kind=kind,
            reason=reason,
            site=site,
            module_type=module_type,
            stage=stage,
            role=role,
            first_bad_index=first_bad_index,
            before=before,
            after=after,
            gradient_scale=gradient_scale,
        )
        self._count += 1
        if self._count <= MAX_INCIDENTS:
            self._gathered.append(incident)
        elif self._count == MAX_INCIDENTS + 1:
            limit = f"More than {MAX_INCIDENTS} incidents: those after this step are not kept."
            self._gathered.append(pb.Incident(step=step, kind=pb.INCIDENT_LIMIT, reason=limit))
        for listener in [*self._listeners]:
            listener(incident)
        if urgent:
            self.write()
            self._flush()

    def write(self) -> None:
        """Writes what was gathered as one record, if anything was."""
        if not self._gathered:
            return
        gathered, self._gathered = self._gathered, []
        step = max(incident.step for incident in gathered)
        if self._last_step is not None:
            step = max(step, self._last_step + 1)
        if self._write(Kind.INCIDENTS, pb.Incidents(incidents=gathered), step):
            self._last_step = step
