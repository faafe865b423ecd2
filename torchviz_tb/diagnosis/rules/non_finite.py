"""NaN and ±Inf: where first, and whether it arose there or came from elsewhere."""

import numpy as np

from torchviz_tb.diagnosis import thresholds
from torchviz_tb.diagnosis.evidence import NON_FINITE, Bools, Evidence
from torchviz_tb.diagnosis.finding import Finding, Picture, Severity
from torchviz_tb.diagnosis.words import count, listed, number, titled
from torchviz_tb.reading.incidents import Incident
from torchviz_tb.reading.sites import Positions
from torchviz_tb.reading.statistics import State

STAGES = ("parameter", "activation", "raw_gradient", "gradient", "update")
"""In the order in which a training step makes them."""


_CLOSER_LOOK = 4
"""Steps after the first within which a watch looks closer, one more for one that was skipped."""


def first_non_finite_step(evidence: Evidence) -> int | None:
    """The first sampled step at which any stage holds a NaN or ±Inf."""
    rows = [np.flatnonzero(_bad(evidence, stage).any(axis=1)) for stage in STAGES if evidence.measured(stage)]
    firsts = [int(row[0]) for row in rows if row.size]
    return evidence.steps[min(firsts)] if firsts else None


def non_finite(evidence: Evidence) -> list[Finding]:
    """At most one finding: what comes after the first step follows from it."""
    step = first_non_finite_step(evidence)
    told = next((incident for incident in evidence.incidents if incident.kind == "non_finite"), None)
    if told is not None and (step is None or told.step <= step):
        return [_as_told(evidence, told)]
    return [] if step is None else [_as_sampled(evidence, step)]


def _as_told(evidence: Evidence, told: Incident) -> Finding:
    """What the watch saw when it happened, between two samples or at one."""
    row = int(np.searchsorted(evidence.steps, told.step))
    ended = row >= len(evidence.steps)
    sites = _sites_of(evidence, told)
    where = f" in {told.site}" if told.site else ""
    index = f" The first bad element is at {list(told.first_bad_index)}." if told.first_bad_index else ""
    overflow = _overflow(evidence, told, row)
    loss = "" if overflow else _from_loss(evidence, told)
    what = "The norm overflows" if overflow else "NaN from the loss, first" if loss else "First NaN or Inf"
    seen = loss or told.reason or f"Seen at step {told.step}{where}."
    return Finding(
        kind="non_finite",
        severity=Severity.CRITICAL if ended or _lasts(evidence, row) else Severity.WARNING,
        title=titled(f"{what} in {{}}, step {told.step}", [told.site]) if told.site else f"{what}, step {told.step}",
        evidence=overflow or f"{seen}{index}{_told_later(evidence, told)}",
        step=told.step,
        sites=sites,
        picture=_picture_around(evidence, told.stage or "gradient", sites[:1], row),
    )


def _overflow(evidence: Evidence, told: Incident, row: int) -> str:
    """What the next sample says if it holds numbers, so large that only their squares were too much; else nothing."""
    if row >= len(evidence.steps) or told.stage != "gradient" or not evidence.measured("gradient"):
        return ""
    sites = [index for index, site in enumerate(evidence.sites) if site.name == told.site]
    norms = evidence.column("gradient", "l2")[row, sites]
    if norms.size == 0 or not (np.isfinite(norms) & (norms > thresholds.NORM_OVERFLOW)).all():
        return ""
    return (
        f"The norm of its gradient has no square in float32. At step {evidence.steps[row]} it is "
        f"{number(float(norms.max()))}, and nothing is NaN yet."
    )


def _from_loss(evidence: Evidence, told: Incident) -> str:
    """What proves that the loss itself broke: no finite gradient after what the model returned, yet that was finite."""
    curve = evidence.loss
    if curve is None or (told.stage, told.role) != ("gradient", "propagation"):
        return ""
    broken = curve.values[(curve.steps == told.step) & ~np.isfinite(curve.values)]
    if not broken.size:
        return ""
    return (
        f"'{curve.tag}' is {number(float(broken[0]))} at step {told.step}, though what the model returned was finite: "
        f"it arises in the loss. {told.site} is the first that it reaches."
    )


def _told_later(evidence: Evidence, told: Incident) -> str:
    """What the closer look at the steps after it found, where the first could not tell the origin."""
    if told.role == "origin":
        return ""
    near = (each for each in evidence.incidents if told.step < each.step <= told.step + _CLOSER_LOOK)
    origin = next((each for each in near if each.kind == "non_finite" and each.role == "origin"), None)
    return "" if origin is None else f" At step {origin.step} it starts in {origin.site}: {origin.reason}"


def _sites_of(evidence: Evidence, told: Incident) -> tuple[str, ...]:
    """The site itself, or those of the module whose output it was."""
    names = [site.name for site in evidence.sites if site.name == told.site]
    return tuple(names or [site.name for site in evidence.sites if told.site and site.module == told.site])


def _picture_around(evidence: Evidence, stage: str, sites: tuple[str, ...], row: int) -> Picture | None:
    if not evidence.steps or not evidence.measured(stage):
        return None
    return Picture(stage, "l2", sites, evidence.steps[max(row - 12, 0)], evidence.steps[-1])


def _as_sampled(evidence: Evidence, step: int) -> Finding:
    row = evidence.steps.index(step)
    stage = next(each for each in STAGES if evidence.measured(each) and _bad(evidence, each)[row].any())
    bad = np.flatnonzero(_bad(evidence, stage)[row])
    site = int(bad[_origin(evidence, stage, bad)])
    name = evidence.sites[site].name
    what = _what(evidence, stage, row, site)
    measured = int((evidence.state(stage)[row] != State.NOT_MEASURED).sum())
    spread = f"at step {step} in {len(bad):,} of {count(measured, 'site')}"
    return Finding(
        kind="non_finite",
        severity=Severity.CRITICAL if _lasts(evidence, row) else Severity.WARNING,
        title=titled(f"{what} starts in {{}}, step {step}", [name]),
        evidence=f"{what} in its {stage.replace('_', ' ')}; {spread}. {_inference(evidence, stage, row, bad)}",
        step=step,
        sites=tuple(dict.fromkeys([name, *evidence.names(bad)])),
        picture=_picture_around(evidence, stage, (name,), row),
    )


def _bad(evidence: Evidence, stage: str) -> Bools:
    return np.isin(evidence.state(stage), NON_FINITE)


def _what(evidence: Evidence, stage: str, row: int, site: int) -> str:
    return "NaN" if evidence.column(stage, "nan")[row, site] > 0 else "Inf"


def _lasts(evidence: Evidence, row: int) -> bool:
    """Whether a parameter is not finite at the last step: then nothing more can be learned."""
    if evidence.measured("parameter") and _bad(evidence, "parameter")[-1].any():
        return True
    # A run that ended at once shows it in the update that it was about to make.
    return row == len(evidence.steps) - 1 and evidence.measured("update") and bool(_bad(evidence, "update")[-1].any())


def _origin(evidence: Evidence, stage: str, bad: Positions) -> int:
    """Backward runs from the last layer to the first, so a gradient breaks in the last bad one; others in the first."""
    ranks = np.asarray([evidence.execution_ranks[site] for site in bad])
    backward = stage in ("gradient", "raw_gradient")
    return int(np.argmax(ranks) if backward else np.argmin(ranks))


def _inference(evidence: Evidence, stage: str, row: int, bad: Positions) -> str:
    if stage == "parameter":
        return "The update before it broke the weights."
    if stage == "activation":
        return "It arises in the forward pass."
    ranks = np.asarray(evidence.execution_ranks)
    last = ranks[bad].max()
    later = evidence.names(np.flatnonzero(ranks > last))
    if stage == "update":
        return "The gradients are finite: it arises in the optimizer."
    if later:
        return f"What runs after it stays finite ({listed(later)}): it arises in its backward pass."
    where = "it arises in the loss or in the forward pass"
    # One factor for all gradients: a single NaN makes it NaN.
    is_everywhere = len(bad) > 1 and not np.isin(evidence.state(stage)[row], (State.FINITE, State.ZERO)).any()
    if is_everywhere and stage == "gradient":
        where += ", unless clipping by norm spread it from one layer's backward pass"
    return f"No gradient after it is finite: {where}."
