"""What the loss itself tells: it does not fall, or it jumps."""

import numpy as np

from torchviz_tb.diagnosis import thresholds
from torchviz_tb.diagnosis.evidence import Evidence, Float64s
from torchviz_tb.diagnosis.finding import Finding, Severity
from torchviz_tb.diagnosis.words import count, number
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
                f"Its median is {number(float(start))} over the first tenth and {number(float(end))} over the last "
                f"quarter of '{loss.tag}'."
            ),
            step=int(loss.steps[0]),
        )
    ]


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
    returned = f"after {count(back, 'point')} it was back" if back else "it did not come back"
    return [
        Finding(
            kind="loss_spike",
            severity=Severity.WARNING,
            title=f"The loss jumps at step {int(loss.steps[peak])}",
            evidence=(
                f"From {number(float(usual[peak]))}, the median around it, to {number(float(loss.values[peak]))}; "
                f"{returned}."
            ),
            step=int(loss.steps[peak]),
            extent=float(spikes.mean()),
        )
    ]


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
