"""What the loss itself tells: it does not fall, or it jumps."""

from dataclasses import replace

import numpy as np

from torchviz_tb.diagnosis import thresholds
from torchviz_tb.diagnosis.evidence import Evidence, Float64s
from torchviz_tb.diagnosis.finding import Finding, Severity
from torchviz_tb.diagnosis.words import number
from torchviz_tb.reading.curves import Curve

_MAD_TO_DEVIATION = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


def loss_plateau(evidence: Evidence) -> list[Finding]:
    """The loss at the end is what it was at the start, whether it fell in between or not."""
    loss = _enough(evidence)
    if loss is None:
        return []
    points = loss.values.size
    start, end = np.median(loss.values[: points // 10]), np.median(loss.values[-(points // 4) :])
    # A loss that may be negative has no share that it could fall by.
    still = start > 0 and (1 - thresholds.PLATEAU_GAIN) * start < end < thresholds.PLATEAU_RISE * start
    if not still:
        return []
    return [
        Finding(
            kind="loss_plateau",
            severity=Severity.WARNING,
            title=_plateau_title(loss, float(start)),
            evidence=(
                f"The median of '{loss.tag}' is {number(float(start))} over the first tenth and {number(float(end))} "
                "over the last quarter."
            ),
            step=int(loss.steps[0]),
        )
    ]


def alone(evidence: Evidence, finding: Finding) -> Finding:
    """A run's only finding: of a plateau it says where the fault is not."""
    is_measured = len(evidence.steps) >= thresholds.MIN_SAMPLES and all(map(evidence.measured, ("gradient", "update")))
    if finding.kind != "loss_plateau" or not is_measured:
        return finding
    where = "Gradients, updates and weights show no fault: look at the data, the targets and the loss."
    return replace(finding, evidence=f"{finding.evidence} {where}")


def _plateau_title(loss: Curve, start: float) -> str:
    lowest = float(_running_median(loss.values).min())
    fell = lowest < (1 - thresholds.PLATEAU_FELL) * start
    return f"The loss {'is back where it began after' if fell else 'has not fallen in'} {_span(loss):,} steps"


def loss_spike(evidence: Evidence) -> list[Finding]:
    """The loss rises far beyond its own noise, and at least doubles."""
    loss = _enough(evidence)
    if loss is None:
        return []
    usual = _running_median(loss.values)
    rise = loss.values - usual
    deviation = _MAD_TO_DEVIATION * np.median(np.abs(rise)) + 1e-12 * np.abs(usual)
    start = np.median(loss.values[: thresholds.SPIKE_WINDOW])
    spikes = (
        (rise > thresholds.SPIKE_FACTOR * deviation)
        & (rise > thresholds.SPIKE_RISE * np.abs(usual))
        & (loss.values > thresholds.SPIKE_OF_START * start)
    )
    # The first points have no past to stand out from.
    spikes[: thresholds.SPIKE_WINDOW] = False
    if not spikes.any():
        return []
    peak = int(np.argmax(np.where(spikes, rise / np.abs(usual), -np.inf)))
    after = loss.values[peak + 1 :] > usual[peak] + thresholds.SPIKE_FACTOR * deviation[peak]
    back = int(np.argmin(after)) + 1 if after.size and not after.all() else None
    returned = "it did not come back"
    if back:
        returned = "at the next point it was back" if back == 1 else f"after {back:,} points it was back"
    return [
        Finding(
            kind="loss_spike",
            severity=Severity.WARNING,
            title=f"The loss jumps at step {int(loss.steps[peak])}",
            evidence=(
                f"From {number(float(usual[peak]))}, the median around it, to {number(float(loss.values[peak]))}; "
                f"{returned}.{_gradient_at(evidence, int(loss.steps[peak]))}"
            ),
            step=int(loss.steps[peak]),
            extent=float(spikes.mean()),
        )
    ]


def _gradient_at(evidence: Evidence, step: int) -> str:
    """What the flight recorder saw of the gradient at that step, if it stood out as well."""
    spikes = (each for each in evidence.incidents if each.kind == "norm_spike" and each.step == step)
    spike = next(spikes, None)
    if spike is None or spike.before is None or spike.after is None:
        return ""
    return f" The norm of the gradient goes from {number(spike.before)} to {number(spike.after)} at that step."


def _enough(evidence: Evidence) -> Curve | None:
    """The finite points of the loss, if they are enough."""
    loss = evidence.loss
    if loss is None:
        return None
    finite = np.isfinite(loss.values)
    kept = Curve(loss.tag, loss.steps[finite], loss.values[finite])
    return kept if kept.values.size >= thresholds.LOSS_POINTS else None


def _running_median(values: Float64s) -> Float64s:
    """Centred median of ``SPIKE_WINDOW`` points; the ends repeat the first and last whole window's."""
    window = thresholds.SPIKE_WINDOW
    inner = np.median(np.lib.stride_tricks.sliding_window_view(values, window), axis=1)
    return np.pad(inner, (window // 2, window - 1 - window // 2), mode="edge")


def _span(loss: Curve) -> int:
    return int(loss.steps[-1] - loss.steps[0])
