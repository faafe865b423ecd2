"""What is wrong in a group, and why we think so."""

from torchviz_tb.diagnosis.diagnose import findings as diagnosed
from torchviz_tb.diagnosis.evidence import Evidence
from torchviz_tb.diagnosis.explanations import EXPLANATIONS
from torchviz_tb.diagnosis.finding import Finding, Picture
from torchviz_tb.diagnosis.thresholds import MIN_SAMPLES
from torchviz_tb.plugin.arrays import Json
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.curves import read_loss


def findings(query: Query) -> Json:
    """The route findings."""
    evidence = Evidence(query.group, read_loss(query.source, query.run))
    return {
        "findings": [_finding(found) for found in diagnosed(evidence)],
        "steps": len(evidence.steps),
        "sites": len(evidence.sites),
        "steps_for_trends": MIN_SAMPLES,
        "checked": list(EXPLANATIONS),
        "problems": problems(query.group.problems),
    }


def _finding(finding: Finding) -> Json:
    explanation = EXPLANATIONS[finding.kind]
    return {
        "kind": finding.kind,
        "severity": finding.severity.value,
        "title": finding.title,
        "evidence": finding.evidence,
        "step": finding.step,
        "sites": list(finding.sites),
        "picture": _picture(finding.picture),
        **vars(explanation),
    }


def _picture(picture: Picture | None) -> Json | None:
    return None if picture is None else {**vars(picture), "sites": list(picture.sites)}
