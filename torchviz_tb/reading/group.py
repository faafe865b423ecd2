"""One group of one run: its records by kind and step, and the sites that they are about."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from torchviz_tb.errors import NewerRecord, RecordError
from torchviz_tb.reading import decode as schemas
from torchviz_tb.reading.cache import RecordCache
from torchviz_tb.reading.checks import STAGES
from torchviz_tb.reading.computed_once import computed_once
from torchviz_tb.reading.decode import Decoded, RecordT, Schema, decode
from torchviz_tb.reading.distributions import Distributions
from torchviz_tb.reading.flight_recorder import FlightRecorder
from torchviz_tb.reading.heatmaps import Heatmaps
from torchviz_tb.reading.problems import Problem
from torchviz_tb.reading.sites import Positions, SiteUnion
from torchviz_tb.reading.source import Reference, Source, StepIndex
from torchviz_tb.reading.statistics import Statistics
from torchviz_tb.reading.thinning import thinned
from torchviz_tb.records.metadata import Kind

OnSitesT = TypeVar("OnSitesT", Statistics, Distributions, Heatmaps, FlightRecorder)

Arrays = tuple[npt.NDArray[Any], ...]

_SOME = 16

_DECODERS = 4
_BRIEF = "brief"
_BATCH = 64
"""Records that are fetched together: their bytes are in memory at the same time."""


@dataclass(frozen=True, eq=False)
class OnSites(Generic[OnSitesT]):
    """A record about sites, and where its own sites are among those of the group."""

    record: OnSitesT
    positions: Positions

    def index_of(self, position: int) -> int | None:
        """The record's own index of the site at a position of the group; None where it does not cover it."""
        own = np.flatnonzero(self.positions == position)
        return int(own[0]) if own.size else None

    def own(self, sites: Sequence[int]) -> npt.NDArray[np.intp]:
        """The record's own indices of the sites at these positions; −1 for one that it does not cover."""
        wanted = np.asarray(sites, np.intp)
        own = np.full(1 + max(wanted.max(initial=-1), self.positions.max(initial=-1)), -1, np.intp)
        own[self.positions] = np.arange(self.positions.size)
        return np.where(wanted < 0, -1, own[wanted])


class Group:
    """The records of one watch, or of one name given to a single call. They are read when asked for.

    What can't be read is left out and kept in ``problems``; so a group serves one request or one
    analysis, and is made anew for the next. ``pause`` is called before records are fetched: who may wait, waits there.
    """

    def __init__(
        self,
        source: Source,
        run: str,
        name: str,
        index: Mapping[Kind, StepIndex],
        cache: RecordCache,
        decoders: int = _DECODERS,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        self.run = run
        self.name = name
        self._source = source
        self._index = index
        self._cache = cache
        self._decoders = decoders
        self._pause = pause
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

    def written(self, kind: Kind) -> dict[int, float]:
        """When the record of each step was written, in seconds since 1970: a record that was replaced differs in it."""
        return {step: reference.written for step, reference in self._index.get(kind, {}).items()}

    def read(self, schema: Schema[RecordT], step: int) -> RecordT | None:
        """The record of a step; None, and a problem, where it can't be read."""
        return next(record for _, record in self._read_steps(schema, [step]))

    def read_all(
        self, schema: Schema[RecordT], steps: Sequence[int] | None = None
    ) -> Iterator[tuple[int, RecordT | None]]:
        """Every step (or those given) with its record, ascending; None, and a problem, where it can't be read."""
        return self._read_steps(schema, self.steps(schema.kind) if steps is None else steps)

    def read_ahead(self, schema: Schema[RecordT], steps: Sequence[int]) -> None:
        """Decodes the records of these steps into the cache, those that it does not have, for who asks later."""
        self._fill_cache(schema, [self._index[schema.kind][step] for step in steps])

    def undecoded(self, schema: Schema[RecordT]) -> int:
        """How many of the records are not in the cache."""
        return sum(self._known(schema, reference) is None for reference in self._index.get(schema.kind, {}).values())

    def read_on_sites(self, schema: Schema[OnSitesT], step: int) -> OnSites[OnSitesT] | None:
        """A record about sites, joined with ``sites``.

        None, and a problem, where it can't be read or no table of sites fits it.
        """
        return self._join(schema.kind, step, self.read(schema, step))

    def read_all_on_sites(
        self, schema: Schema[OnSitesT], steps: Sequence[int] | None = None
    ) -> Iterator[tuple[int, OnSites[OnSitesT] | None]]:
        """Every step (or those given) with its record as ``read_on_sites`` gives it."""
        for step, record in self.read_all(schema, steps):
            yield step, self._join(schema.kind, step, record)

    def reference(self, kind: Kind, step: int) -> Reference:
        """Where the record of a step is: another one if what is stored there changes."""
        return self._index[kind][step]

    def remembered(self, key: Hashable, compute: Callable[[], Arrays]) -> Arrays:
        """Arrays that were computed from records, kept beside these within the cache's bound.

        The key must name the records by their ``reference``. What some could not be read for is computed anew, so that
        their problems are told again.
        """
        known = self._cache.get(key)
        if known is not None:
            arrays: Arrays = known.record
            return arrays
        before, self._problems = self._problems, {}
        found = compute()
        if not self._problems:
            self._cache.put(key, Decoded(found, sum(each.nbytes for each in found) + 1024))
        self._problems = {**before, **self._problems}
        return found

    def computed(self, what: str, of: bytes, compute: Callable[[], bytes]) -> bytes:
        """What was computed from all records of the group, and from ``of``: kept as ``remembered`` keeps it.

        It is computed once for all who ask at the same time.
        """
        key = (self.run, self.name, what, of, self._fingerprint)
        with self._cache.computing(key):
            (found,) = self.remembered(key, lambda: (np.frombuffer(compute(), np.uint8),))
        return found.tobytes()

    @property
    def _fingerprint(self) -> bytes:
        """Differs once a record is added, replaced or gone."""
        written = [(kind.value, [*self._index[kind]], [*self.written(kind).values()]) for kind in self._index]
        return blake2b(repr(written).encode()).digest()

    def check(self) -> None:
        """Reads every record, for the problems that come of it."""
        for schema in schemas.ON_SITES:
            deque(self.read_all_on_sites(schema), maxlen=0)
        for other in schemas.OTHERS:
            deque(self.read_all(other), maxlen=0)

    @computed_once
    def sites(self) -> SiteUnion:
        """The sites of all tables that can be read."""
        tables = [table for _, table in self.read_all(schemas.SITES) if table is not None]
        return SiteUnion(tuple(reversed(tables)))

    @computed_once
    def stages(self) -> list[str]:
        """The stages that were measured, in the order in which they are shown, as far as ``some`` records tell."""
        found = {stage for record in self.some(schemas.BRIEF_STATISTICS) for stage in record.record.stages}
        if not self.steps(Kind.STATISTICS):
            found = {stage for record in self.some(schemas.DISTRIBUTIONS) for stage in record.record.stage_names}
        return [stage for stage in STAGES if stage in found]

    def some(self, schema: Schema[OnSitesT]) -> list[OnSites[OnSitesT]]:
        """The first record, the last, and some evenly between: for what is the same at nearly all steps."""
        records = self.read_all_on_sites(schema, thinned(self.steps(schema.kind), _SOME))
        return [joined for _, joined in records if joined is not None]

    def report(self, kind: Kind, step: int | None, error: RecordError) -> None:
        """Keeps what is wrong with a record."""
        hint = (
            "Upgrade torchviz_tb where it is read." if isinstance(error, NewerRecord) else "All other steps are shown."
        )
        self._problems[kind, step] = Problem(self.run, self.name, kind, step, str(error), hint)

    def _read_steps(self, schema: Schema[RecordT], steps: Sequence[int]) -> Iterator[tuple[int, RecordT | None]]:
        index = self._index[schema.kind] if steps else {}
        for start in range(0, len(steps), _BATCH):
            batch = [index[step] for step in steps[start : start + _BATCH]]
            blobs = self._fill_cache(schema, batch)
            for reference in batch:
                yield reference.step, self._record(schema, reference, blobs.get(reference))

    def _fill_cache(self, schema: Schema[RecordT], batch: Sequence[Reference]) -> dict[Reference, bytes | RecordError]:
        """Decodes what the cache does not have; gives the bytes of those, for what it does not keep."""
        self._pause()
        with self._cache.turn((self.run, self.name, schema.kind)):
            absent = [reference for reference in batch if self._known(schema, reference) is None]
            blobs = dict(zip(absent, self._source.read(absent), strict=True)) if absent else {}
            # Half of the work is decompression, which other threads do not wait for.
            with ThreadPoolExecutor(self._decoders) as pool:
                deque(pool.map(lambda item: self._decoded(schema, *item), blobs.items()), maxlen=0)
        return blobs

    def _record(
        self, schema: Schema[RecordT], reference: Reference, blob: bytes | RecordError | None
    ) -> RecordT | None:
        decoded = self._known(schema, reference) or self._decoded(schema, reference, blob)
        return decoded.record if decoded is not None else None

    def _known(self, schema: Schema[RecordT], reference: Reference) -> Decoded[RecordT] | None:
        """What the cache has of a record."""
        whole = self._cache.get(reference)
        return self._cache.get((reference, _BRIEF)) if whole is None and schema.brief else whole

    def _decoded(
        self, schema: Schema[RecordT], reference: Reference, blob: bytes | RecordError | None
    ) -> Decoded[RecordT] | None:
        """A record, kept in the cache; None, and a problem, where it can't be read."""
        try:
            if blob is None:  # another request's records took its place in the cache
                (blob,) = self._source.read([reference])
            if isinstance(blob, RecordError):
                raise blob
            decoded = decode(schema, blob)
        except RecordError as error:
            self.report(schema.kind, reference.step, error)
            return None
        brief = (reference, _BRIEF)
        self._cache.put(brief if schema.brief else reference, decoded)
        if not schema.brief:
            self._cache.drop(brief)
        return decoded

    def _join(self, kind: Kind, step: int, record: OnSitesT | None) -> OnSites[OnSitesT] | None:
        if record is None:
            return None
        try:
            return OnSites(record, self.sites.join(record))
        except RecordError as error:
            self.report(kind, step, error)
            return None
