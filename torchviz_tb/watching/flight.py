"""The flight recorder: statistics of the last steps, kept in memory until something goes wrong.

At every step it takes the L2 norm of each gradient, in one call for all of them (``torch._foreach_norm``): one
pass over the gradients, without waiting for a device. All its looks together take, of the training thread's own
time, at most ``share`` of the wall time and a quarter of a second, enough for some thousand looks at a small model;
steps beyond that are left out. As long as half of that is left, it also takes each gradient's largest magnitude, mean
and share of zeros, and the norms of the parameters and, where one optimizer has them all and they are at most 64 MB,
of their updates: in all about eight times as dear, and for the step a copy of the parameters. Nothing is written
until an accident; then the steps that are in memory become one record, and it starts anew.

What it takes for an accident, besides what others report to ``incidents``: a norm or loss that is not finite;
a gradient norm of the whole model above 10 times the median of the steps in memory (of the last 32 where fewer are
kept); a loss that lies above their median by more than 10 median absolute deviations and by more than the median
itself. Medians are of at least 8 steps.
"""

import math
import time
import weakref
from collections import deque
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from statistics import median
from typing import Protocol

import torch

from torchviz_tb.capture.sites import ParameterSite
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching import flight_looks
from torchviz_tb.watching.cost import Cost
from torchviz_tb.watching.first_bad import first_bad_index
from torchviz_tb.watching.flight_looks import GRADIENT_NORM, Look, Sites
from torchviz_tb.watching.later import Later
from torchviz_tb.watching.parts import is_used

MOST_STEPS = 1000
_MOST_CELLS = 2**22  # steps times sites that a reader accepts
_LEAST_STEPS = 8
_STEPS_OF_MEDIANS = 32  # where fewer are kept to be written
_SPIKE = 10.0
_SHARE_OF_DETAILS = 0.5  # of the time that it may take
_FREE_SECONDS = 0.25  # beyond the share: next to nothing for a run, and all steps of a short one
_MOST_BYTES = 2**26  # of parameters that are copied for the updates
_COLUMNS = 6  # by site of a step, at most


class Alarm(Protocol):
    """What is called for an accident."""

    def __call__(
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
        """Where it is about gradients, the indices of sites whose gradient is not finite, and of those where it is."""


class FlightRecorder:
    """The last ``steps`` steps of a watch."""

    def __init__(self, steps: int, share: float, cost: Cost, alarm: Alarm) -> None:
        self.cost = Cost(time.thread_time)  # of looking alone, whatever else the machine does meanwhile
        self._watch_cost = cost
        self._share = share
        self._alarm = alarm
        self._looks: deque[Look] = deque(maxlen=steps)
        self._unjudged: deque[Look] = deque()
        self._totals: deque[float] = deque(maxlen=max(steps, _STEPS_OF_MEDIANS))
        self._losses: deque[float] = deque(maxlen=max(steps, _STEPS_OF_MEDIANS))
        self._sites: list[tuple[int, weakref.ref[torch.nn.Parameter]]] = []
        self._owners: dict[int, int] = {}
        self._last_step: int | None = None
        self._is_broken = False  # the newest look that was judged was not finite
        self._lasting: set[pb.IncidentKind] = set()  # spikes that were there at it
        self._pending_loss: Later | None = None
        self._optimizers = 0
        self._takes_details = False  # at the step that is looked at
        self._before: tuple[Look, dict[int, torch.Tensor]] | None = None  # copies of the parameters before its update

    def know(self, sites: Mapping[int, ParameterSite], optimizers: Iterable[torch.optim.Optimizer]) -> None:
        """From now on looks at these sites; those of an optimizer when it steps, the others at the first."""
        self._sites = [(index, weakref.ref(site.parameter)) for index, site in sites.items()]
        optimizers = [*optimizers]
        self._optimizers = len(optimizers)
        self._owners = {id(p): id(o) for o in optimizers for each in o.param_groups for p in each["params"]}

    def note_loss(self, loss: torch.Tensor | float) -> None:
        """The loss of the step that comes."""
        value = loss if isinstance(loss, torch.Tensor) else torch.tensor(float(loss), device="cpu")
        self._pending_loss = Later(value.reshape(-1)[:1].mean())

    @torch.no_grad()
    def look(
        self,
        step: int,
        optimizer: torch.optim.Optimizer | None,
        pending_scale: torch.Tensor | None = None,
        gradient_scale: float | None = None,
    ) -> None:
        """Looks at the gradients that an optimizer is about to use, None for all; ``pending_scale`` divides them."""
        current = self._looks[-1] if self._looks and self._looks[-1].step == step else None
        if current is None:
            self._before = None
            if (self._last_step is not None and step <= self._last_step) or not self._affords():
                return
            self._takes_details = self._affords(_SHARE_OF_DETAILS)
            current = self._open(step, gradient_scale)
        with self.cost.timed():
            self._measure(current, optimizer, pending_scale)

    def gradient(self, site: int) -> torch.Tensor | None:
        """The present gradient of a site."""
        parameter = next((reference() for index, reference in self._sites if index == site), None)
        return None if parameter is None else parameter.grad

    @torch.no_grad()
    def is_finite(self) -> bool:
        """Whether the loss that was told last and all gradients are, as they are now; waits for a device."""
        gradients = [parameter.grad for _, reference in self._sites if (parameter := reference()) is not None]
        loss = None if self._pending_loss is None else self._pending_loss.numbers()
        known = [gradient for gradient in gradients if gradient is not None and flight_looks.is_measured(gradient)]
        return all(first_bad_index(gradient) is None for gradient in known) and (
            loss is None or math.isfinite(float(loss))
        )

    def judge(self) -> None:
        """Raises the alarm for accidents in the looks whose numbers are there; called when the step has ended."""
        self._take_updates()
        while self._unjudged and self._unjudged[0].is_there:
            self._judge(self._unjudged.popleft())

    def record(self, site_count: int, sites_checksum: int, trigger: pb.IncidentKind, reason: str) -> pb.FlightRecorder:
        """What is in memory, which is given up; without steps where there is nothing. May wait for a device."""
        most = max(1, _MOST_CELLS // (_COLUMNS * max(1, site_count)))
        looks, self._looks = [*self._looks][-most:], deque(maxlen=self._looks.maxlen)
        return pb.FlightRecorder(
            site_count=site_count,
            sites_checksum=sites_checksum,
            trigger=trigger,
            reason=reason,
            steps=[look.record() for look in looks],
        )

    def _affords(self, share: float = 1.0) -> bool:
        """Whether it has taken less than this share of what it may take."""
        return self.cost.seconds <= share * (self._share * self._watch_cost.elapsed + _FREE_SECONDS)

    def _open(self, step: int, gradient_scale: float | None) -> Look:
        look = Look(step, loss=self._pending_loss, gradient_scale=gradient_scale)
        self._pending_loss = None
        self._last_step = step
        self._looks.append(look)
        self._unjudged.append(look)
        return look

    def _measure(self, look: Look, optimizer: torch.optim.Optimizer | None, pending_scale: torch.Tensor | None) -> None:
        gradients, parameters = {}, {}
        for index, reference in self._sites:
            parameter = reference()
            if parameter is None or index in look.status:
                continue
            if optimizer is not None and self._owners.get(id(parameter), id(optimizer)) != id(optimizer):
                continue
            look.status[index] = status = _status(parameter, self._owners)
            if status == pb.STATUS_MEASURED and parameter.grad is not None:
                gradients[index] = parameter.grad
            if self._takes_details and flight_looks.is_measured(parameter):
                parameters[index] = parameter.detach()
        look.add(GRADIENT_NORM, flight_looks.norms(gradients), pending_scale)
        if self._takes_details:
            self._add_details(look, gradients, parameters, pending_scale)

    def _add_details(self, look: Look, gradients: Sites, parameters: Sites, pending_scale: torch.Tensor | None) -> None:
        look.add("gradient_abs_max", flight_looks.largest(gradients), pending_scale)
        look.add("gradient_mean", flight_looks.means(gradients), pending_scale)
        look.add("gradient_zero_share", flight_looks.zero_shares(gradients), None)
        look.add("parameter_norm", flight_looks.norms(parameters), None)
        size = sum(parameter.numel() * parameter.itemsize for parameter in parameters.values())
        if self._optimizers == 1 and size <= _MOST_BYTES:
            self._before = look, {index: parameter.clone() for index, parameter in parameters.items()}

    def _take_updates(self) -> None:
        """What became of the parameters that were copied before the step."""
        before, self._before = self._before, None
        if before is None:
            return
        look, copies = before
        parameters = {
            index: parameter.detach() for index, reference in self._sites if (parameter := reference()) is not None
        }
        with torch.no_grad(), self.cost.timed():
            look.add("update_norm", flight_looks.differences(parameters, copies), None)

    def _judge(self, look: Look) -> None:
        norms, loss = look.by_site(GRADIENT_NORM), look.loss_value
        bad = [index for index, norm in norms.items() if not math.isfinite(norm)]
        is_broken = bool(bad) or (loss is not None and not math.isfinite(loss))
        if is_broken:
            if not self._is_broken:
                reason = _not_finite(bad, loss)
                finite = [index for index, norm in norms.items() if math.isfinite(norm)]
                self._alarm(look.step, pb.INCIDENT_NON_FINITE, reason, bad=bad, finite=finite, after=loss)
        else:
            total = math.sqrt(sum(norm * norm for norm in norms.values())) if norms else None
            self._judge_finite(look.step, total, loss)
        self._is_broken = is_broken

    def _judge_finite(self, step: int, total: float | None, loss: float | None) -> None:
        if total is not None:
            before = median(self._totals) if len(self._totals) >= _LEAST_STEPS else math.inf
            if self._begins(pb.INCIDENT_NORM_SPIKE, is_so=before > 0 and total > _SPIKE * before):
                reason = f"The gradient norm of the model is {total / before:.3g} times the median of the steps before."
                self._alarm(step, pb.INCIDENT_NORM_SPIKE, reason, before=before, after=total)
            self._totals.append(total)
        if loss is not None:
            is_spike = len(self._losses) >= _LEAST_STEPS and _is_spike(self._losses, loss)
            if self._begins(pb.INCIDENT_LOSS_SPIKE, is_so=is_spike):
                before = median(self._losses)
                reason = f"The loss is {loss:.4g}; the median of the steps before is {before:.4g}."
                self._alarm(step, pb.INCIDENT_LOSS_SPIKE, reason, before=before, after=loss)
            self._losses.append(loss)

    def _begins(self, spike: pb.IncidentKind, *, is_so: bool) -> bool:
        """Whether a spike is there that was not there at the step before: what lasts is one accident."""
        was_so = spike in self._lasting
        (self._lasting.add if is_so else self._lasting.discard)(spike)
        return is_so and not was_so


def _not_finite(bad: Sequence[int], loss: float | None) -> str:
    if not bad:
        return f"The loss is {loss}."
    others = {1: "", 2: ", as is that of 1 other"}.get(len(bad), f", as are those of {len(bad) - 1} others")
    return f"The norm of its gradient is not finite{others}: NaN, infinity, or values above 1e19."


def _status(parameter: torch.nn.Parameter, held: Container[int]) -> pb.Status:
    gradient = parameter.grad
    if not parameter.requires_grad and (gradient is None or not is_used(parameter, held)):
        return pb.STATUS_FROZEN
    if gradient is None:
        return pb.STATUS_NO_GRADIENT
    return pb.STATUS_MEASURED if flight_looks.is_measured(gradient) else pb.STATUS_UNSUPPORTED


def _is_spike(losses: Collection[float], loss: float) -> bool:
    middle = median(losses)
    deviation = median(abs(known - middle) for known in losses)
    return loss - middle > max(_SPIKE * deviation, abs(middle))
