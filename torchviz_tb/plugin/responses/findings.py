"""What is wrong in a group, and why we think so."""

import json

from torchviz_tb.diagnosis.diagnose import findings as diagnosed
from torchviz_tb.diagnosis.evidence import Evidence
from torchviz_tb.diagnosis.explanations import EXPLANATIONS
from torchviz_tb.diagnosis.finding import Finding, Picture
from torchviz_tb.diagnosis.thresholds import MIN_SAMPLES
from torchviz_tb.plugin.arrays import Json, strict_json
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.curves import read_loss


def findings(query: Query) -> Json:
    """The route findings. Cost: computed anew only where something was written since."""
    group, loss = query.group, read_loss(query.source, query.group.run)
    told = b"" if loss is None else loss.tag.encode() + loss.steps.tobytes() + loss.values.tobytes()
    found = group.computed("findings", told, lambda: strict_json(_diagnosed(Evidence(group, loss))))
    return {**json.loads(found), "problems": problems(group.problems)}


def _diagnosed(evidence: Evidence) -> Json:
    return {
        "findings": [_finding(found) for found in diagnosed(evidence)],
        "steps": len(evidence.steps),
        "sites": len(evidence.sites),
        "steps_for_trends": MIN_SAMPLES,
        "checked": list(EXPLANATIONS),
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
