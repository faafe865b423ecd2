"""What could not be read, said so that a person knows where it is and what to do."""

from dataclasses import dataclass

from torchviz_tb.records.metadata import Kind


@dataclass(frozen=True)
class Problem:
    """One thing that was left out; everything else is there.

    ``step`` is None where it concerns no single step, ``group`` and ``kind`` where it concerns
    a whole run, ``run`` where it concerns the log directory.
    """

    run: str | None
    group: str | None
    kind: Kind | None
    step: int | None
    message: str
    hint: str
