"""Gradient clipping that cuts every step."""

import numpy as np

from torchviz_tb.diagnosis import thresholds
from torchviz_tb.diagnosis.evidence import Evidence, Float64s
from torchviz_tb.diagnosis.finding import Finding, Severity
from torchviz_tb.diagnosis.words import number, share


def always_clipped(evidence: Evidence) -> list[Finding]:
    """The norm of the whole gradient before and after clipping; without the first, a norm that is always the same."""
    if len(evidence.steps) < thresholds.MIN_SAMPLES or not evidence.measured("gradient"):
        return []
    after = evidence.total_norm("gradient")
    if evidence.measured("raw_gradient"):
        return _cut(evidence, evidence.total_norm("raw_gradient"), after)
    return _constant(evidence, after)


def _cut(evidence: Evidence, before: Float64s, after: Float64s) -> list[Finding]:
    known = (before > 0) & np.isfinite(before) & np.isfinite(after)
    if known.sum() < thresholds.MIN_SAMPLES:
        return []
    kept = after[known] / before[known]
    clipped = kept < thresholds.CLIPPED_BELOW
    if clipped.mean() < thresholds.CLIPPED_SHARE or np.median(kept) > thresholds.CLIPPED_MEDIAN:
        return []
    words = (
        f"The median norm is {number(float(np.median(before[known])))} before clipping and "
        f"{number(float(np.median(after[known])))} after it: clipping decides the length of each step."
    )
    first = int(np.flatnonzero(known)[np.flatnonzero(clipped)[0]])
    return [_finding(evidence, "raw_gradient", float(clipped.mean()), first, words)]


def _constant(evidence: Evidence, norms: Float64s) -> list[Finding]:
    """Clipping by norm leaves exactly the threshold; a gradient as it comes never has the same norm twice."""
    known = (norms > 0) & np.isfinite(norms)
    if known.sum() < thresholds.MIN_SAMPLES:
        return []
    usual = float(np.median(norms[known]))
    same = known & (np.abs(norms - usual) <= thresholds.CLIPPED_SAME * usual)
    clipped = float(same.sum() / known.sum())
    if clipped < thresholds.CLIPPED_SHARE:
        return []
    words = (
        f"The norm of the whole gradient is {number(usual)} at {same.sum():,} of {known.sum():,} samples: clipping, or "
        "normalising, decides the length of each step."
    )
    return [_finding(evidence, "gradient", clipped, int(np.flatnonzero(same)[0]), words)]


def _finding(evidence: Evidence, stage: str, clipped: float, first: int, words: str) -> Finding:
    return Finding(
        kind="always_clipped",
        severity=Severity.NOTE,
        title=f"{share(clipped)} of the steps are clipped",
        evidence=words,
        step=evidence.steps[first],
        picture=evidence.picture(stage, "l2"),
        extent=clipped,
    )
