"""One finding: a sentence, its evidence, and where to look."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How bad it is; in the order in which findings are shown."""

    CRITICAL = "critical"  # the run is lost from here on
    WARNING = "warning"  # a part of it does not learn, or soon won't
    NOTE = "note"  # worth knowing; it may be meant

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Picture:
    """What to draw beside a finding: a column of a stage over the steps, of one site or of several."""

    stage: str
    column: str
    sites: tuple[str, ...]
    first_step: int
    last_step: int


@dataclass(frozen=True)
class Finding:
    """What is wrong. ``kind`` names the rule, as in ``diagnosis.explanations``."""

    kind: str
    severity: Severity
    title: str
    """What, where, since when; at most 60 characters where the names allow it."""
    evidence: str
    """Numbers and steps, then the inference."""
    step: int
    """Where to look: the step since which it is so."""
    sites: tuple[str, ...] = ()
    """The sites that it is about, the one to look at first. Empty: it is about the run."""
    picture: Picture | None = None
    """None: the run's loss."""
    extent: float = 1.0
    """Share of the run that it concerns, from 0 to 1: orders findings of one severity."""
