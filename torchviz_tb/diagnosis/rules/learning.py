"""Parameters that don't learn: without gradient, with a gradient of exactly 0, or with dead units."""

from collections.abc import Sequence

import numpy as np

from torchviz_tb.diagnosis import thresholds
from torchviz_tb.diagnosis.dead_layer import dead_layer
from torchviz_tb.diagnosis.evidence import Evidence
from torchviz_tb.diagnosis.finding import Finding, Severity
from torchviz_tb.diagnosis.samples import last_run
from torchviz_tb.diagnosis.words import count, listed, share, titled
from torchviz_tb.reading.statistics import State


def without_gradient(evidence: Evidence) -> list[Finding]:
    """Trainable parameters whose ``.grad`` was None at every sampled step."""
    state = evidence.state("gradient")
    if state.shape[0] < thresholds.MIN_SAMPLES:
        return []
    told = state != State.NOT_MEASURED
    never = told.any(axis=0) & ((state == State.NO_GRADIENT) | ~told).all(axis=0)
    names = evidence.names(np.flatnonzero(never))
    if not names:
        return []
    return [
        Finding(
            kind="no_gradient",
            severity=Severity.WARNING,
            title=titled("{} never had a gradient", names),
            evidence=(
                f"At all {len(evidence.steps):,} sampled steps .grad was None in {count(len(names), 'trainable site')} "
                f"({listed(names)}): no path leads from there to the loss."
            ),
            step=evidence.steps[0],
            sites=tuple(names),
            picture=evidence.picture("gradient", "l2", names[0]),
            extent=len(names) / len(evidence.sites),
        )
    ]


def zero_gradient(evidence: Evidence) -> list[Finding]:
    """Gradients that are exactly 0 until the end: since a step, or since the start."""
    if len(evidence.steps) < thresholds.MIN_SAMPLES or not evidence.measured("gradient"):
        return []
    zero = evidence.state("gradient") == State.ZERO
    trailing = last_run(zero)
    # A lookup table or an expert that this batch does not use has a gradient of 0, too: only long silence counts.
    silent = trailing >= thresholds.STOPPED_SAMPLES
    always = silent & (trailing == zero.shape[0])
    findings = []
    if always.any():
        findings.append(_never_learned(evidence, evidence.names(np.flatnonzero(always))))
    stopped = silent & ~always
    for onset in np.unique(trailing[stopped])[::-1]:
        findings.append(_stopped(evidence, evidence.names(np.flatnonzero(stopped & (trailing == onset))), int(onset)))
    return findings


def _never_learned(evidence: Evidence, names: Sequence[str]) -> Finding:
    zeros = _zero_weights(evidence, names)
    own = f" What {listed(zeros)} {'holds' if len(zeros) == 1 else 'hold'} is exactly 0 as well: nothing passes."
    return Finding(
        kind="never_learned",
        severity=Severity.WARNING,
        title=titled("{} never learned", names),
        evidence=(
            f"The gradient is exactly 0 in {count(len(names), 'site')} ({listed(names)}) at all "
            f"{len(evidence.steps):,} sampled steps.{own if zeros else ''}"
        ),
        step=evidence.steps[0],
        sites=tuple(names),
        picture=evidence.picture("gradient", "l2", names[0]),
        extent=len(names) / len(evidence.sites),
    )


def _zero_weights(evidence: Evidence, names: Sequence[str]) -> list[str]:
    """Which of them are weight matrices that were exactly 0 at the first sample."""
    if not evidence.measured("parameter"):
        return []
    zero = evidence.state("parameter")[0] == State.ZERO
    return [name for name in evidence.names(site for site in evidence.matrices if zero[site]) if name in names]


def _stopped(evidence: Evidence, names: Sequence[str], samples: int) -> Finding:
    onset, end = evidence.steps[-samples], evidence.steps[-1]
    title, inference = f"{{}} stopped learning at step {onset}", ""
    dead = dead_layer(evidence, names, samples)
    if dead is not None:
        names = sorted(names, key=lambda name: name.rpartition(".")[0] != dead.module)
        title = f"All units of {{}} died at step {onset}"
        inference = f" {dead.alive} still has one, so what {dead.reader} gets from {dead.module} is exactly 0."
    return Finding(
        kind="stopped_learning",
        severity=Severity.WARNING,
        title=titled(title, names if dead is None else [dead.module]),
        evidence=(
            f"The gradient is exactly 0 in {count(len(names), 'site')} ({listed(names)}) from step {onset} to {end}, "
            f"{count(samples, 'sample')}; at step {evidence.steps[-samples - 1]} it was not.{inference}"
        ),
        step=onset,
        sites=tuple(names),
        picture=evidence.picture("gradient", "l2", names[0]),
        extent=samples / len(evidence.steps),
    )


def dead_units(evidence: Evidence) -> list[Finding]:
    """Layers of which at least half of the units have a gradient of exactly 0 in each of the last maps."""
    found = {}
    for site, (dead, rows) in evidence.dead_rows(thresholds.DEAD_MAPS).items():
        # All rows: the whole site is silent, which is another finding.
        if site in evidence.matrices and thresholds.DEAD_SHARE <= dead / rows < 1:
            found[evidence.sites[site].name] = dead, rows
    if not found:
        return []
    worst = max(found, key=lambda name: found[name][0] / found[name][1])
    dead, rows = found[worst]
    others = f" So it is in {count(len(found) - 1, 'further layer')}." if len(found) > 1 else ""
    maps = evidence.map_steps[-thresholds.DEAD_MAPS :]
    return [
        Finding(
            kind="dead_units",
            severity=Severity.WARNING,
            title=titled(f"{share(dead / rows)} of the units of {{}} are dead", [worst]),
            evidence=(
                f"{dead:,} of its {rows:,} rows have a gradient of exactly 0 in each of the last "
                f"{thresholds.DEAD_MAPS} maps, steps {maps[0]} to {maps[-1]}.{others}"
            ),
            step=maps[-1],
            sites=(worst, *(name for name in found if name != worst)),
            picture=evidence.picture("gradient", "zero_share", worst),
            extent=dead / rows,
        )
    ]
