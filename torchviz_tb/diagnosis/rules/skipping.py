"""Optimizer steps that a loss scaler left out."""

import math

from torchviz_tb.diagnosis import thresholds
from torchviz_tb.diagnosis.evidence import Evidence
from torchviz_tb.diagnosis.finding import Finding, Picture, Severity
from torchviz_tb.diagnosis.words import number, share
from torchviz_tb.reading.incidents import Incident


def skipped_steps(evidence: Evidence) -> list[Finding]:
    """More than a scaler needs to find its scale."""
    skips = [incident for incident in evidence.incidents if incident.kind == "skipped_step"]
    skipped = sum(map(_times, skips))
    if not skips or not evidence.steps:
        return []
    first, last = evidence.steps[0], max(evidence.steps[-1], skips[-1].step)
    portion = min(skipped / (last - first + 1), 1.0)
    if skipped < thresholds.SKIPPED_COUNT or portion < thresholds.SKIPPED_SHARE:
        return []
    scales = [scale for skip in skips for scale in (skip.before, skip.after) if scale is not None]
    fell = f" The loss scale went from {number(scales[0])} to {number(scales[-1])}." if scales else ""
    return [
        Finding(
            kind="skipped_steps",
            severity=Severity.WARNING,
            title=f"{share(portion)} of the optimizer's steps were skipped",
            evidence=f"{skipped:,} of {last - first + 1:,} steps, the last at step {skips[-1].step}.{fell} "
            "A gradient overflowed in each of them.",
            step=skips[0].step,
            picture=Picture("gradient", "l2", (), first, last),
            extent=portion,
        )
    ]


def _times(skip: Incident) -> int:
    """How many steps one incident stands for: a scaler halves its scale for each."""
    if skip.before is None or skip.after is None or not 0 < skip.after < skip.before:
        return 1
    return max(1, round(math.log2(skip.before / skip.after)))
