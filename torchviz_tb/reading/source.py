"""Where stored records come from: event files, or a data provider inside TensorBoard."""

import math
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from torchviz_tb.errors import RecordError
from torchviz_tb.records.metadata import Kind, Tag


@dataclass(frozen=True)
class Reference:
    """One stored record, not yet read."""

    run: str
    tag: Tag
    step: int
    locator: Hashable
    """Where the bytes are: means something to the source that made it, and is another one if they change."""
    written: float
    """When, in seconds since 1970, as the event says; 0 where it says nothing that can be."""

    def __hash__(self) -> int:
        """Of what nearly always differs: every record is looked up by it several times in an answer."""
        return hash((self.step, self.locator))


def written_at(wall_time: float) -> float:
    """The wall time of an event as a reference keeps it."""
    return wall_time if math.isfinite(wall_time) else 0.0


class Source(Protocol):
    """Lists runs and our records, and reads the bytes of one of them."""

    def run_names(self) -> list[str]:
        """Every run, those without our records too, in alphabetical order."""
        ...

    def references(self, run: str | None = None, tags: Collection[Tag] | None = None) -> list[Reference]:
        """What is stored, without reading it, in the order of writing; of all runs and tags, or of those given."""
        ...

    def read(self, references: Sequence[Reference]) -> Sequence[bytes | RecordError]:
        """The envelopes in the same order; in its place an error where one is gone or was never one."""
        ...


class ScalarSource(Source, Protocol):
    """A source that also has ordinary scalars."""

    def scalar_tags_by_run(self) -> dict[str, list[str]]:
        """The tags of each run that has any."""
        ...

    def scalar_tags(self, run: str) -> list[str]:
        """Their tags in a run."""
        ...

    def scalars(self, run: str, tag: str) -> list[tuple[int, float]]:
        """Steps and values of one, ascending."""
        ...


StepIndex = dict[int, Reference]
"""The records of one group and kind by step, ascending."""


def by_group(references: Iterable[Reference]) -> dict[str, dict[Kind, StepIndex]]:
    """The records of one run by group, kind and step, groups in alphabetical order.

    The copies of first steps are merged in. Of several records at one step the one that was
    written last counts; a copy never replaces the record that it copies.
    """
    ordered = sorted(references, key=lambda reference: not reference.tag.first)
    found: dict[str, dict[Kind, StepIndex]] = {}
    for reference in ordered:
        kinds = found.setdefault(reference.tag.group, {})
        kinds.setdefault(reference.tag.kind, {})[reference.step] = reference
    return {
        group: {kind: dict(sorted(kinds[kind].items())) for kind in Kind if kind in kinds}
        for group, kinds in sorted(found.items())
    }
