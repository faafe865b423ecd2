"""All rules over one group of a run, or over every run of a log directory."""

import os
from collections.abc import Callable, Sequence

from torchviz_tb.diagnosis.evidence import Evidence
from torchviz_tb.diagnosis.explanations import EXPLANATIONS
from torchviz_tb.diagnosis.finding import Finding
from torchviz_tb.diagnosis.rules.clipping import always_clipped
from torchviz_tb.diagnosis.rules.gradients import by_depth, over_time
from torchviz_tb.diagnosis.rules.learning import dead_units, without_gradient, zero_gradient
from torchviz_tb.diagnosis.rules.loss import alone, loss_plateau, loss_spike
from torchviz_tb.diagnosis.rules.non_finite import non_finite
from torchviz_tb.diagnosis.rules.norms import norm_drift
from torchviz_tb.diagnosis.rules.skipping import skipped_steps
from torchviz_tb.diagnosis.rules.updates import lost_updates, ratio_out_of_range
from torchviz_tb.reading.cache import RecordCache
from torchviz_tb.reading.curves import read_loss
from torchviz_tb.reading.event_files import EventFileSource
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.source import by_group
from torchviz_tb.records.metadata import Kind

Rule = Callable[[Evidence], list[Finding]]

RULES: Sequence[Rule] = (
    by_depth, zero_gradient, without_gradient, dead_units, ratio_out_of_range, lost_updates, skipped_steps,
    always_clipped, norm_drift, loss_spike, loss_plateau,
)  # fmt: skip
"""Rules about what happens while a run still holds together."""

_ORDER = {kind: rank for rank, kind in enumerate(EXPLANATIONS)}


def findings(evidence: Evidence) -> list[Finding]:
    """What is wrong, worst first, causes before their symptoms; empty where nothing is.

    After the first NaN, or once the gradient has exploded for good, nothing else means anything: the other rules see
    only the steps before.
    """
    broken = non_finite(evidence)
    if broken:
        evidence = evidence.before(broken[0].step)
    exploded = over_time(evidence)
    quiet = evidence.before(min(each.step for each in exploded)) if exploded else evidence
    found = [*broken, *exploded, *(each for rule in RULES for each in rule(quiet))]
    if len(found) == 1:
        return [alone(evidence, found[0])]
    return sorted(found, key=rank)


def diagnose(log_dir: str | os.PathLike[str]) -> dict[str, list[Finding]]:
    """What is wrong in each run of a log directory, worst first; needs neither torch nor a TensorBoard server.

    Of a run with several watched models, the findings of all. Runs without our records are left out. Cost: reads
    every statistics record once. Raises ArgumentError where there is no such directory.

    >>> for finding in torchviz_tb.diagnose("runs")["first"]:     # doctest: +SKIP
    ...     print(finding.severity.value, finding.title, finding.evidence)
    """
    source, cache = EventFileSource(log_dir), RecordCache()
    return {
        run: sorted((each for group in watched for each in findings(Evidence(group, read_loss(source, run)))), key=rank)
        for run in source.run_names()
        if (watched := _watched(source, run, cache))
    }


def rank(finding: Finding) -> tuple[int, int, float, int]:
    """Sorts findings: worst first, causes before their symptoms."""
    return finding.severity.rank, _ORDER[finding.kind], -finding.extent, finding.step


def _watched(source: EventFileSource, run: str, cache: RecordCache) -> list[Group]:
    indices = by_group(source.references(run))
    return [Group(source, run, name, index, cache) for name, index in indices.items() if Kind.STATISTICS in index]
