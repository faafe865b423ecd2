"""Weights whose norm grows without end."""

import numpy as np

from torchviz_tb.diagnosis import thresholds
from torchviz_tb.diagnosis.evidence import Evidence
from torchviz_tb.diagnosis.finding import Finding, Severity
from torchviz_tb.diagnosis.words import count, number, titled


def norm_drift(evidence: Evidence) -> list[Finding]:
    """Weight matrices whose norm is many times what it was early in the run, and still grows."""
    samples = len(evidence.steps)
    if samples < thresholds.MIN_SAMPLES or not evidence.measured("parameter"):
        return []
    norms = evidence.column("parameter", "l2")
    early, late, last = norms[samples // 10], norms[3 * samples // 4], norms[-1]
    with np.errstate(all="ignore"):
        growth, recent = last / early, last / late
    drifting = [
        site
        for site in evidence.matrices
        if np.isfinite(growth[site])
        and growth[site] > thresholds.DRIFT_FACTOR
        and recent[site] > thresholds.DRIFT_STILL
    ]
    if not drifting:
        return []
    drifting.sort(key=lambda site: -growth[site])
    worst = drifting[0]
    name = evidence.sites[worst].name
    others = f" So does that of {count(len(drifting) - 1, 'further site')}." if len(drifting) > 1 else ""
    return [
        Finding(
            kind="norm_drift",
            severity=Severity.NOTE,
            title=titled("The norm of {} keeps growing", [name]),
            evidence=(
                f"From {number(early[worst])} at step {evidence.steps[samples // 10]} to {number(last[worst])} at step "
                f"{evidence.steps[-1]}, {number(growth[worst])} times as much, and it still grows.{others}"
            ),
            step=evidence.steps[samples // 10],
            sites=tuple(evidence.names(drifting)),
            picture=evidence.picture("parameter", "l2", name),
        )
    ]
