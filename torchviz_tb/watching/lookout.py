"""What a watch looks out for at every step, besides its samples: skipped steps and accidents."""

import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch

from torchviz_tb.capture.observed_modules import Observable
from torchviz_tb.capture.sites import ParameterSite
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching.cost import Cost
from torchviz_tb.watching.first_bad import first_bad_index
from torchviz_tb.watching.flight import FlightRecorder
from torchviz_tb.watching.gradient_origin import gradient_origin
from torchviz_tb.watching.group import Group
from torchviz_tb.watching.later import Later
from torchviz_tb.watching.loss_scale import Scaler, SkippedSteps, pending_scale, pending_skip
from torchviz_tb.watching.nan_origin import NanOrigin

_ACCIDENTS = frozenset([pb.INCIDENT_NON_FINITE, pb.INCIDENT_NORM_SPIKE, pb.INCIDENT_LOSS_SPIKE, pb.INCIDENT_EXCEPTION])


class Lookout:
    """Reports to the group's incidents, and writes the flight recorder when an accident is among them."""

    def __init__(
        self,
        group: Group,
        cost: Cost,
        origin: NanOrigin | None,
        *,
        flight_steps: int,
        share: float,
        scaler: Scaler | None,
    ) -> None:
        self.call_order: list[str] = []  # paths of the modules as the graph has them, in the order of the calls
        self._group = group
        self._origin = origin
        self._was_broken = False
        self._scaler = None if scaler is None else SkippedSteps(scaler)
        self._flight = FlightRecorder(flight_steps, share, cost, self._alarm) if flight_steps else None
        self._accident: pb.Incident | None = None
        # The newest steps at which a gradient that is not finite is no news: somebody told, or a scaler skips them.
        self._known_non_finite: deque[int] = deque(maxlen=64)
        self._skips: list[tuple[int, Later, Later | None]] = []
        self._known_exceptions = {id(error) for error in _exceptions()}
        self._step = -1  # the newest
        self._parameters: list[int] = []  # ids of those that were known last
        self._known: list[tuple[int, weakref.ref[torch.nn.Parameter]]] = []  # and they, by their index in the table
        self._stop = group.incidents.listen(self._heard)

    @property
    def scale(self) -> float | None:
        """The scaler's present scale, if a scaler was given."""
        return None if self._scaler is None else self._scaler.scale

    def know(self, sites: Mapping[int, ParameterSite], optimizers: Iterable[torch.optim.Optimizer]) -> None:
        """From now on looks at these parameters, by their index in the group's table."""
        parameters = [id(site.parameter) for site in sites.values()]
        if self._origin is not None and parameters != self._parameters:
            self._origin.refresh()
            self._known = [(index, weakref.ref(site.parameter)) for index, site in sites.items()]
        self._parameters = parameters
        if self._flight is not None:
            self._flight.know(sites, optimizers)

    def look_ahead(self, modules: Callable[[], Observable | None]) -> None:
        """Has what these modules return looked at before the next step, if need be."""
        if self._origin is not None:
            self._origin.look_ahead(modules)

    def note_loss(self, loss: torch.Tensor | float) -> None:
        """The loss of the step that comes."""
        if self._flight is not None:
            self._flight.note_loss(loss)

    def before_step(self, step: int, optimizer: torch.optim.Optimizer | None) -> None:
        """Looks at the gradients that an optimizer is about to use; None stands for all."""
        self._step = step
        self._report_skipped(step)
        if self._flight is None:
            self._report_origins(step)
        else:
            self._report_origins(step, self._flight.is_finite)
        if optimizer is not None:
            self._note_pending_skip(step, optimizer)
        if self._flight is not None:
            self._flight.look(step, optimizer, pending_scale(optimizer), self.scale)

    def after_step(self) -> None:
        """Reports what is known by now, and writes it."""
        self._report_pending_skips(wait=False)
        if self._flight is not None:
            self._flight.judge()
        if self._origin is not None:
            self._origin.after_step()
        self._write()

    def left_by(self, error: BaseException) -> None:
        """The training loop was left by an exception."""
        self._known_exceptions.add(id(error))
        reason = f"{type(error).__name__}: {error}".removesuffix(": ")
        self._group.incidents.add(max(self._step, 0), pb.INCIDENT_EXCEPTION, reason)
        self._write()

    def close(self) -> None:
        """Reports what is left to report; afterwards looks out no more."""
        self._report_skipped(self._step + 1)
        self._report_pending_skips(wait=True)
        self._report_origins(self._step + 1)
        self._report_broken_end()
        for error in _exceptions():
            if id(error) not in self._known_exceptions and not _is_an_ending(error):
                self.left_by(error)
        if self._flight is not None:
            self._flight.judge()
        self._write()
        self._stop()
        if self._origin is not None:
            self._origin.end()

    def _heard(self, incident: pb.Incident) -> None:
        if incident.kind == pb.INCIDENT_NON_FINITE:
            self._known_non_finite.append(incident.step)
            self._was_broken = True
            if self._origin is not None:
                self._origin.alarm()
        if incident.kind in _ACCIDENTS and self._accident is None:
            self._accident = incident

    def _alarm(
        self,
        step: int,
        kind: pb.IncidentKind,
        reason: str,
        *,
        bad: Sequence[int] = (),
        finite: Sequence[int] = (),
        before: float | None = None,
        after: float | None = None,
    ) -> None:
        """Reports an accident that the flight recorder found, unless somebody knew more of it."""
        if kind == pb.INCIDENT_NON_FINITE and step in self._known_non_finite:
            return
        forward_was_finite = True if self._origin is not None and self._origin.finite_step == step else None
        if not bad:
            is_of_loss = kind == pb.INCIDENT_NON_FINITE and forward_was_finite is True
            reason += " What the model returned was finite: it arises in the loss." if is_of_loss else ""
            role = pb.ROLE_ORIGIN if is_of_loss else pb.ROLE_UNSPECIFIED
            self._group.incidents.add(step, kind, reason, role=role, before=before, after=after)
            return
        sites = self._group.table.record().sites
        order = (self._origin.order if self._origin is not None else []) or self.call_order
        found = gradient_origin(bad, finite, sites, order, forward_was_finite=forward_was_finite)
        gradient = None if self._flight is None or step != self._step else self._flight.gradient(found.site)
        self._group.incidents.add(
            step,
            kind,
            f"{reason} {found.reason}",
            site=sites[found.site].name,
            module_type=sites[found.site].module_type,
            stage=pb.STAGE_GRADIENT,
            role=found.role,
            first_bad_index=() if gradient is None else first_bad_index(gradient) or (),
            before=before,
            after=after,
        )

    def _report_origins(self, step: int, is_finite: Callable[[], bool] = lambda: False) -> None:
        if self._origin is None:
            return
        for when, found in self._origin.before_step(step, known=self._was_broken, is_finite=is_finite):
            self._group.incidents.add(
                when,
                pb.INCIDENT_NON_FINITE,
                found.reason,
                site=found.site,
                module_type=found.module_type,
                stage=found.stage,
                role=found.role,
                first_bad_index=found.first_bad_index,
            )

    def _report_broken_end(self) -> None:
        """The first parameter that the end leaves with NaN or infinity where no forward is to come that would tell."""
        if self._origin is None or self._was_broken or self._step < 0:
            return
        for index, reference in self._known:
            parameter = reference()
            where = first_bad_index(parameter) if parameter is not None and parameter.requires_grad else None
            if where is not None:
                site = self._group.table.record().sites[index]
                self._group.incidents.add(
                    self._step,
                    pb.INCIDENT_NON_FINITE,
                    "The parameter is not finite at the end, and nothing was before: an update has broken it.",
                    site=site.name,
                    module_type=site.module_type,
                    stage=pb.STAGE_PARAMETER,
                    role=pb.ROLE_ORIGIN,
                    first_bad_index=where,
                )
                return

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


def _exceptions() -> list[BaseException]:
    """What is on its way or being handled while the watch is closed, and what an interpreter that ends was left by."""
    found = [sys.exc_info()[1], getattr(sys, "last_value", None)]
    return [error for error in found if isinstance(error, BaseException)]


def _is_an_ending(error: BaseException) -> bool:
    """Whether it is how loops and programs end that went well."""
    return isinstance(error, (StopIteration, GeneratorExit)) or (isinstance(error, SystemExit) and not error.code)
