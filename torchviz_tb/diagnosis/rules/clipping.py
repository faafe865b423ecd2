"""Gradient clipping that cuts every step."""

import numpy as np

from torchviz_tb.diagnosis import thresholds
from torchviz_tb.diagnosis.evidence import Evidence
from torchviz_tb.diagnosis.finding import Finding, Severity
from torchviz_tb.diagnosis.words import number, share


def always_clipped(evidence: Evidence) -> list[Finding]:
    """The norm of the whole gradient before and after clipping."""
    if len(evidence.steps) < thresholds.MIN_SAMPLES or not evidence.measured("raw_gradient"):
        return []
    before, after = evidence.total_norm("raw_gradient"), evidence.total_norm("gradient")
    known = (before > 0) & np.isfinite(before) & np.isfinite(after)
    if known.sum() < thresholds.MIN_SAMPLES:
        return []
    kept = after[known] / before[known]
    clipped = kept < thresholds.CLIPPED_BELOW
    if clipped.mean() < thresholds.CLIPPED_SHARE or np.median(kept) > thresholds.CLIPPED_MEDIAN:
        return []
    first = int(np.flatnonzero(known)[np.flatnonzero(clipped)[0]])
    return [
        Finding(
            kind="always_clipped",
            severity=Severity.NOTE,
            title=f"{share(float(clipped.mean()))} of the steps are clipped",
            evidence=(
                f"The median norm is {number(float(np.median(before[known])))} before clipping and "
                f"{number(float(np.median(after[known])))} after it: clipping decides the length of each step."
            ),
            step=evidence.steps[first],
            picture=evidence.picture("raw_gradient", "l2"),
            extent=float(clipped.mean()),
        )
    ]
