"""How gradients flow: by depth, and over time."""

import numpy as np

from torchviz_tb.diagnosis import thresholds
from torchviz_tb.diagnosis.evidence import Evidence, Float64s
from torchviz_tb.diagnosis.finding import Finding, Severity
from torchviz_tb.diagnosis.samples import longest_run, median_of_finite
from torchviz_tb.diagnosis.words import number, of_samples, power, titled


def by_depth(evidence: Evidence) -> list[Finding]:
    """Vanishing, or growing, from the last layers to the first."""
    matrices = evidence.matrices
    if len(matrices) < thresholds.DEPTH_SITES or len(evidence.steps) < thresholds.MIN_SAMPLES:
        return []
    sizes = _entry_size(evidence)[:, matrices]
    quarter = max(len(matrices) // 4, 1)
    with np.errstate(all="ignore"):
        logs = np.log10(sizes)
    decades = median_of_finite(logs[:, :quarter]) - median_of_finite(logs[:, -quarter:])
    known = np.isfinite(decades)
    if not known.any():
        return []
    findings = []
    for kind, beyond in (
        ("vanishing_gradient", decades < -thresholds.DEPTH_DECADES),
        ("gradient_grows_with_depth", decades > thresholds.DEPTH_DECADES),
    ):
        held = beyond[known].mean()
        if held > thresholds.SUSTAINED_SHARE:
            row = int(np.flatnonzero(beyond)[0])
            findings.append(_depth_finding(evidence, kind, row, float(np.median(decades[beyond])), float(held)))
    return findings


def _depth_finding(evidence: Evidence, kind: str, row: int, decades: float, held: float) -> Finding:
    names = evidence.names(evidence.matrices)
    first, last = names[0], names[-1]
    sizes = _entry_size(evidence)[row]
    verb = "vanishes" if decades < 0 else "grows"
    relation = "smaller" if decades < 0 else "larger"
    return Finding(
        kind=kind,
        severity=Severity.WARNING,
        title=titled(f"The gradient {verb} towards {{}}", [first]),
        evidence=(
            f"Its entries are {power(abs(decades))} times {relation} in the first layers than in the last "
            f"{of_samples(held)}: {number(sizes[evidence.matrices[0]])} in {first}, "
            f"{number(sizes[evidence.matrices[-1]])} in {last} at step {evidence.steps[row]}."
        ),
        step=evidence.steps[row],
        sites=tuple(names),
        picture=evidence.picture("gradient", "rms", first, last),
        extent=held,
    )


def _entry_size(evidence: Evidence) -> Float64s:
    """Root mean square of the entries that are not 0 [steps, sites]: rows that a batch does not use don't count."""
    with np.errstate(all="ignore"):
        used = evidence.column("gradient", "count") - evidence.column("gradient", "zeros")
        return np.asarray(evidence.column("gradient", "l2") / np.sqrt(used))


def over_time(evidence: Evidence) -> list[Finding]:
    """The norm of the whole gradient grows far beyond what it was."""
    if len(evidence.steps) < thresholds.MIN_SAMPLES or not evidence.measured("gradient"):
        return []
    norms = evidence.total_norm("gradient")
    quiet = np.asarray([np.median(norms[: max(row // 2, 1)]) for row in range(len(norms))])
    over = norms > thresholds.EXPLOSION_FACTOR * np.maximum(quiet, np.finfo(np.float64).tiny)
    start, length = longest_run(over)
    if length < thresholds.EXPLOSION_SAMPLES:
        return []
    end = start + length
    peak = start + int(np.argmax(norms[start:end]))
    largest = evidence.names([int(np.nanargmax(evidence.column("gradient", "l2")[peak]))])[0]
    lasts = end == len(norms)
    return [
        Finding(
            kind="exploding_gradient",
            severity=Severity.CRITICAL if lasts else Severity.WARNING,
            title=f"The gradient explodes from step {evidence.steps[start]} on",
            evidence=(
                f"Its norm is {number(norms[peak])} at step {evidence.steps[peak]}; the median before was "
                f"{number(quiet[start])}. It is largest in {largest}"
                + (", and does not come back." if lasts else f", until step {evidence.steps[end - 1]}.")
            ),
            step=evidence.steps[start],
            sites=(largest,),
            picture=evidence.picture("gradient", "l2", largest),
            extent=length / len(norms),
        )
    ]
