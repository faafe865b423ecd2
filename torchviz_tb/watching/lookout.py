"""What a watch looks out for at every step, besides its samples: skipped steps and accidents."""

import sys
from collections import deque
from collections.abc import Iterable, Mapping

import torch

from torchviz_tb.capture.sites import ParameterSite
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching.cost import Cost
from torchviz_tb.watching.flight import FlightRecorder
from torchviz_tb.watching.group import Group
from torchviz_tb.watching.later import Later
from torchviz_tb.watching.loss_scale import Scaler, SkippedSteps, pending_scale, pending_skip

_ACCIDENTS = frozenset([pb.INCIDENT_NON_FINITE, pb.INCIDENT_NORM_SPIKE, pb.INCIDENT_LOSS_SPIKE, pb.INCIDENT_EXCEPTION])


class Lookout:
    """Reports to the group's incidents, and writes the flight recorder when an accident is among them."""

    def __init__(self, group: Group, cost: Cost, *, flight_steps: int, share: float, scaler: Scaler | None) -> None:
        self._group = group
        self._scaler = None if scaler is None else SkippedSteps(scaler)
        self._flight = FlightRecorder(flight_steps, share, cost, self._alarm) if flight_steps else None
        self._accident: pb.Incident | None = None
        # The newest steps at which a gradient that is not finite is no news: somebody told, or a scaler skips them.
        self._known_non_finite: deque[int] = deque(maxlen=64)
        self._skips: list[tuple[int, Later, Later | None]] = []
        self._exception_before = getattr(sys, "last_value", None)
        self._step = 0  # the newest
        self._stop = group.incidents.listen(self._heard)

    @property
    def scale(self) -> float | None:
        """The scaler's present scale, if a scaler was given."""
        return None if self._scaler is None else self._scaler.scale

    def know(self, sites: Mapping[int, ParameterSite], optimizers: Iterable[torch.optim.Optimizer]) -> None:
        """From now on looks at these parameters, by their index in the group's table."""
        if self._flight is not None:
            self._flight.know(sites, optimizers)

    def note_loss(self, loss: torch.Tensor | float) -> None:
        """The loss of the step that comes."""
        if self._flight is not None:
            self._flight.note_loss(loss)

    def before_step(self, step: int, optimizer: torch.optim.Optimizer | None) -> None:
        """Looks at the gradients that an optimizer is about to use; None stands for all."""
        self._step = step
        self._report_skipped(step)
        if optimizer is not None:
            self._note_pending_skip(step, optimizer)
        if self._flight is not None:
            self._flight.look(step, optimizer, pending_scale(optimizer), self.scale)

    def after_step(self) -> None:
        """Reports what is known by now, and writes it."""
        self._report_pending_skips(wait=False)
        if self._flight is not None:
            self._flight.judge()
        self._write()

    def left_by(self, error: BaseException) -> None:
        """The training loop was left by an exception."""
        reason = f"{type(error).__name__}: {error}"
        self._group.incidents.add(self._step, pb.INCIDENT_EXCEPTION, reason)
        self._write()

    def close(self) -> None:
        """Reports what is left to report; afterwards looks out no more."""
        self._report_skipped(self._step + 1)
        self._report_pending_skips(wait=True)
        error = getattr(sys, "last_value", None)  # what an interpreter that ends was left by
        if isinstance(error, BaseException) and error is not self._exception_before:
            self.left_by(error)
        if self._flight is not None:
            self._flight.judge()
        self._write()
        self._stop()

    def _heard(self, incident: pb.Incident) -> None:
        if incident.kind == pb.INCIDENT_NON_FINITE:
            self._known_non_finite.append(incident.step)
        if incident.kind in _ACCIDENTS and self._accident is None:
            self._accident = incident

    def _alarm(
        self,
        step: int,
        kind: pb.IncidentKind,
        reason: str,
        *,
        site: int | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> None:
        """Reports an accident that the flight recorder found, unless somebody knew more of it."""
        if kind == pb.INCIDENT_NON_FINITE and step in self._known_non_finite:
            return
        incidents, names = self._group.incidents, self._group.table.names
        if site is None:
            incidents.add(step, kind, reason, before=before, after=after)
        else:
            incidents.add(step, kind, reason, site=names[site], stage=pb.STAGE_GRADIENT, before=before, after=after)

    def _write(self) -> None:
        accident, self._accident = self._accident, None
        self._group.incidents.write()
        if accident is None or self._flight is None:
            return
        table = self._group.table
        record = self._flight.record(table.count, table.checksum, accident.kind, accident.reason)
        if record.steps:
            self._group.write_on_sites(Kind.FLIGHT_RECORDER, record, record.steps[-1].step)
        self._group.flush()

    def _report_skipped(self, step: int) -> None:
        found = None if self._scaler is None else self._scaler.since_last()
        if found is None:
            return
        count, before, after = found
        what = "a step" if count == 1 else f"{count} steps"
        self._group.incidents.add(
            step,
            pb.INCIDENT_SKIPPED_STEP,
            f"The gradient scaler found NaN or infinity in a gradient and skipped {what} before this one.",
            before=before,
            after=after,
            gradient_scale=before,
        )

    def _note_pending_skip(self, step: int, optimizer: torch.optim.Optimizer) -> None:
        found, scale = pending_skip(optimizer), pending_scale(optimizer)
        if found is not None:
            self._known_non_finite.append(step)
            self._skips.append((step, Later(found), None if scale is None else Later(scale)))

    def _report_pending_skips(self, *, wait: bool) -> None:
        while self._skips and (wait or self._skips[0][1].is_there):
            step, found, scale = self._skips.pop(0)
            if self._scaler is None and found.numbers() > 0:
                before = None if scale is None else float(scale.numbers())
                reason = "A gradient holds NaN or infinity, so the optimizer left out its update."
                self._group.incidents.add(step, pb.INCIDENT_SKIPPED_STEP, reason, before=before, gradient_scale=before)
