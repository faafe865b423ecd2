"""One group of one run: its records by kind and step, and the sites that they are about."""

from collections.abc import Mapping
from functools import cached_property
from typing import TypeVar

from torchviz_tb.errors import NewerRecord, RecordError
from torchviz_tb.reading import decode as schemas
from torchviz_tb.reading.cache import RecordCache
from torchviz_tb.reading.checks import STAGES
from torchviz_tb.reading.decode import Record, RecordT, Schema, decode
from torchviz_tb.reading.distributions import Distributions
from torchviz_tb.reading.heatmaps import Heatmaps
from torchviz_tb.reading.problems import Problem
from torchviz_tb.reading.sites import Positions, SiteUnion
from torchviz_tb.reading.source import Reference, Source, StepIndex
from torchviz_tb.reading.statistics import Statistics
from torchviz_tb.records.metadata import Kind

OnSitesT = TypeVar("OnSitesT", Statistics, Distributions, Heatmaps)


class Group:
    """The records of one watch, or of one name given to a single call. They are read when asked for.

    What can't be read is left out and kept in ``problems``; so a group serves one request or one
    analysis, and is made anew for the next.
    """

    def __init__(
        self, source: Source, run: str, name: str, index: Mapping[Kind, StepIndex], cache: RecordCache
    ) -> None:
        self.run = run
        self.name = name
        self._source = source
        self._index = index
        self._cache = cache
        self._problems: dict[tuple[Kind, int | None], Problem] = {}

    @property
    def problems(self) -> list[Problem]:
        """What could not be read so far, in the order of kinds and steps."""
        order = {kind: position for position, kind in enumerate(Kind)}
        keys = sorted(self._problems, key=lambda key: (order[key[0]], key[1] is not None, key[1] or 0))
        return [self._problems[key] for key in keys]

    @property
    def kinds(self) -> dict[Kind, list[int]]:
        """The steps of each kind that there is, ascending."""
        return {kind: list(steps) for kind, steps in self._index.items()}

    def steps(self, kind: Kind) -> list[int]:
        """The steps of a kind, ascending."""
        return list(self._index.get(kind, {}))

    def read(self, schema: Schema[RecordT], step: int) -> RecordT | None:
        """The record of a step; None, and a problem, where it can't be read."""
        try:
            return self._decoded(schema, self._index[schema.kind][step])
        except RecordError as error:
            self.report(schema.kind, step, error)
            return None

    def read_all(self, schema: Schema[RecordT]) -> dict[int, RecordT]:
        """The records of all steps that can be read."""
        found = {step: self.read(schema, step) for step in self.steps(schema.kind)}
        return {step: record for step, record in found.items() if record is not None}

    def read_on_sites(self, schema: Schema[OnSitesT], step: int) -> tuple[OnSitesT, Positions] | None:
        """A record about sites, with the position in ``sites.sites`` of each of the record's own sites.

        None, and a problem, where it can't be read or no table of sites fits it.
        """
        record = self.read(schema, step)
        if record is None:
            return None
        try:
            return record, self.sites.join(record)
        except RecordError as error:
            self.report(schema.kind, step, error)
            return None

    def check_sites(self) -> None:
        """Joins every record about sites with them, for the problems that come of it."""
        for step in self.steps(Kind.STATISTICS):
            self.read_on_sites(schemas.STATISTICS, step)
        for step in self.steps(Kind.DISTRIBUTIONS):
            self.read_on_sites(schemas.DISTRIBUTIONS, step)
        for step in self.steps(Kind.HEATMAPS):
            self.read_on_sites(schemas.HEATMAPS, step)

    @cached_property
    def sites(self) -> SiteUnion:
        """The sites of all tables that can be read."""
        tables = self.read_all(schemas.SITES)
        return SiteUnion(tuple(tables[step] for step in sorted(tables, reverse=True)))

    @cached_property
    def stages(self) -> list[str]:
        """The stages that were measured, in the order in which they are shown."""
        found = {stage for record in self.read_all(schemas.STATISTICS).values() for stage in record.stages}
        if not self.steps(Kind.STATISTICS):
            found = {stage for record in self.read_all(schemas.DISTRIBUTIONS).values() for stage, _ in record.entries}
        return [stage for stage in STAGES if stage in found]

    def report(self, kind: Kind, step: int | None, error: RecordError) -> None:
        """Keeps what is wrong with a record."""
        hint = (
            "Upgrade torchviz_tb where it is read." if isinstance(error, NewerRecord) else "All other steps are shown."
        )
        self._problems[kind, step] = Problem(self.run, self.name, kind, step, str(error), hint)

    def _decoded(self, schema: Schema[RecordT], reference: Reference) -> RecordT:
        kept = self._cache.get(reference)
        if kept is None:
            kept = decode(schema, self._source.read(reference))
            self._cache.put(reference, kept)
        record: Record = kept.record
        if not isinstance(record, schema.record):
            raise TypeError(f"the cache holds a {type(record).__name__} under {reference}")
        return record
