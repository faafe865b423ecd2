"""What the optimizer does to the weights: too much, too little, or rounded away."""

import numpy as np

from torchviz_tb.diagnosis import thresholds
from torchviz_tb.diagnosis.evidence import Evidence, Float64s
from torchviz_tb.diagnosis.finding import Finding, Severity
from torchviz_tb.diagnosis.samples import longest_run, median_of_finite
from torchviz_tb.diagnosis.words import count, listed, number, of_samples, share


def ratio_out_of_range(evidence: Evidence) -> list[Finding]:
    """The update of the median weight matrix, against the weights themselves."""
    if len(evidence.steps) < thresholds.MIN_SAMPLES or not len(evidence.matrices) or not evidence.measured("update"):
        return []
    ratios = evidence.column("update", "update_ratio")[:, evidence.matrices]
    median = median_of_finite(ratios)
    start, length = longest_run(median > thresholds.UPDATE_TOO_LARGE)
    findings = []
    if length >= thresholds.UPDATE_TOO_LARGE_SAMPLES:
        findings.append(_too_large(evidence, ratios, median, start, length))
    known = np.isfinite(median)
    small = known & (median < thresholds.UPDATE_TOO_SMALL)
    if known.any() and small.sum() / known.sum() >= thresholds.UPDATE_TOO_SMALL_SHARE:
        findings.append(_too_small(evidence, median, float(small.sum() / known.sum())))
    return findings


def _too_large(evidence: Evidence, ratios: Float64s, median: Float64s, start: int, length: int) -> Finding:
    window = slice(start, start + length)
    worst = int(np.argmax(np.where(np.isfinite(ratios[window]), ratios[window], -1.0).max(axis=0)))
    name = evidence.sites[evidence.matrices[worst]].name
    first, last = evidence.steps[start], evidence.steps[start + length - 1]
    return Finding(
        kind="update_too_large",
        severity=Severity.WARNING,
        title=f"Each step changes the weights by {share(float(np.median(median[window])))}",
        evidence=(
            f"From step {first} to {last} the norm of an update is {number(float(np.median(median[window])))} of that "
            f"of its weights, in the median matrix; about 0.001 is usual. It is largest in {name}."
        ),
        step=first,
        sites=(name,),
        picture=evidence.picture("update", "update_ratio", name),
        extent=length / len(evidence.steps),
    )


def _too_small(evidence: Evidence, median: Float64s, held: float) -> Finding:
    names = evidence.names(evidence.matrices)
    return Finding(
        kind="update_too_small",
        severity=Severity.WARNING,
        title="The weights hardly move",
        evidence=(
            f"The norm of an update is {number(float(np.nanmedian(median)))} of that of its weights, in the median "
            f"matrix {of_samples(held)}; about 0.001 is usual."
        ),
        step=evidence.steps[0],
        sites=tuple(names),
        picture=evidence.picture("update", "update_ratio", names[0]),
        extent=held,
    )


def lost_updates(evidence: Evidence) -> list[Finding]:
    """Updates that low precision rounds away."""
    if len(evidence.steps) < thresholds.MIN_SAMPLES or not evidence.measured("update"):
        return []
    lost = evidence.column("update", "lost_share")
    half = lost[len(lost) // 2 :]
    found = {}
    for site, described in enumerate(evidence.sites):
        known = half[np.isfinite(half[:, site]), site]
        if described.dtype in thresholds.LOW_PRECISION and known.size and np.median(known) >= thresholds.LOST_SHARE:
            found[described.name] = float(np.median(known))
    if not found:
        return []
    by_share = sorted(found, key=lambda name: -found[name])
    worst = by_share[0]
    dtype = next(site.dtype for site in evidence.sites if site.name == worst)
    position = [site.name for site in evidence.sites].index(worst)
    over = np.flatnonzero(lost[:, position] >= thresholds.LOST_SHARE)
    step = evidence.steps[int(over[0])]
    return [
        Finding(
            kind="lost_updates",
            severity=Severity.NOTE,
            title=f"{dtype} rounds away {share(found[worst])} of updates",
            evidence=(
                f"In {count(len(found), 'site')} ({listed(by_share)}) w + Δ = w for at least "
                f"{share(thresholds.LOST_SHARE)} of the elements although their gradient is not 0."
            ),
            step=step,
            sites=tuple(by_share),
            picture=evidence.picture("update", "lost_share", worst),
            extent=found[worst],
        )
    ]
