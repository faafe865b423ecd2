"""Before a page asks, decodes what TensorBoard has loaded and looks for findings, so that the first need not wait."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Lock, Thread
from time import monotonic, sleep
from typing import Any

from tensorboard.context import RequestContext
from tensorboard.data.provider import BlobSequenceTimeSeries, DataProvider

from torchviz_tb.plugin.provider import ProviderSource
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.findings import findings
from torchviz_tb.reading.cache import RecordCache
from torchviz_tb.reading.decode import BRIEF_STATISTICS, SITES, STATISTICS, Schema
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.source import by_group
from torchviz_tb.records.metadata import PLUGIN_NAME, Kind

_SHORTEST_WAIT, _LONGEST_WAIT, _LONGER = 0.2, 8.0, 1.25
_PATIENCE = 120.0
"""Seconds without anything new after which the thread ends."""
_AT_A_TIME = 32
"""Records: a request for the same ones waits for so many at most, and needs them anyway."""
_DECODERS = 2
_SHARE_UNASKED, _SHARE = 1 / 8, 1 / 2
"""Of the cache's bound, until a page asks and then: nothing that was asked for is dropped for what may never be."""
_REST = 20
"""Times as long as a look for findings took, none is taken in the same run: a twentieth of a core at most."""
_MOST_ASKED = 256
"""Runs that are known to have been asked for; a request may name any, one that there isn't, too."""
_LONGEST_PAUSE = 1.0
"""Seconds that a request which may wait does so at most, all its pauses together."""

_logger = logging.getLogger("tensorboard")

_News = dict[str, list[tuple[str, int, float]]]


class ReadAhead:
    """One thread that fills the cache with what requests would, while none is being answered.

    Until a page asks for a run, that is what its first picture and the findings need, in an eighth of the cache at
    most: a user who never opens the page pays no more. Then it is all statistics of that run, in half of the cache.
    Findings alone, which may wait, a page asks for of runs that it does not show.
    The thread ends by itself when nothing is new, and with the process.
    """

    def __init__(
        self,
        provider: DataProvider,
        cache: RecordCache,
        patience: float = _PATIENCE,
        longest_pause: float = _LONGEST_PAUSE,
    ) -> None:
        self._provider = provider
        self._cache = cache
        self._patience = patience
        self._longest_pause = longest_pause
        self._seen: dict[str, tuple[object, ...]] = {}
        self._asked: dict[str, None] = {}  # the run that was asked for last is the last
        self._unlooked: set[str] = set()
        self._next_look: dict[str, float] = {}
        self._thread: Thread | None = None
        self._starting = Lock()
        self._requests = 0
        self._waiting = 0
        self._idle = Condition()

    @property
    def running(self) -> bool:
        """Whether the thread is there."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Starts the thread where it is not running."""
        with self._starting:
            if not self.running:
                self._thread = Thread(target=self._run, name="torchviz_tb read ahead", daemon=True)
                self._thread.start()

    @contextmanager
    def answering(self, run: str | None = None, *, may_wait: bool = False) -> Iterator[Callable[[], None]]:
        """While a request is answered, nothing is read ahead beyond the records that are just being decoded.

        Gives what a request calls now and then: one that ``may_wait`` lets the others go first there.
        """
        self._count(1, may_wait=may_wait)
        if run is not None and not may_wait:
            self._note(run)
        patience = _Patience(self._longest_pause)
        try:
            yield (lambda: patience.wait(self._idle, lambda: self._requests == 0)) if may_wait else _go_on
        finally:
            self._count(-1, may_wait=may_wait)

    def _count(self, by: int, *, may_wait: bool) -> None:
        with self._idle:
            self._waiting += by * may_wait
            self._requests += by * (not may_wait)
            self._idle.notify_all()

    def _note(self, run: str) -> None:
        with self._idle:
            self._asked.pop(run, None)
            self._asked[run] = None
            for oldest in list(self._asked)[:-_MOST_ASKED]:
                del self._asked[oldest]

    def catch_up(self) -> bool:
        """Does so with what TensorBoard has got since the last time, on this thread. Whether there was anything.

        Findings are looked for once there is nothing: not while TensorBoard is loading.
        """
        news = self._news()
        now = {run: (news[run], run in self._asked) for run in sorted(news)}
        changed = [run for run in now if now[run] != self._seen.get(run)]
        for run in changed:
            if self._decode_run(run):
                self._unlooked.add(run)
            self._seen[run] = now[run]
        if not changed:
            self._look()
        return bool(changed)

    def _run(self) -> None:
        wait, last_news = _SHORTEST_WAIT, monotonic()
        try:
            while monotonic() - last_news < self._patience:
                if self.catch_up():
                    wait, last_news = _SHORTEST_WAIT, monotonic()
                sleep(min(wait, self._patience))
                wait = min(_LONGER * wait, _LONGEST_WAIT)
        except Exception as error:  # noqa: BLE001  TensorBoard may be ending; what is wrong a request will tell
            _logger.info("The TorchViz plugin reads no further ahead: %r", error)

    def _news(self) -> _News:
        """By run, what differs once TensorBoard has more of it: costs a fraction of listing the records."""
        found = self._provider.list_blob_sequences(RequestContext(), experiment_id="", plugin_name=PLUGIN_NAME)
        return {run: [_newest(tag, series) for tag, series in sorted(tags.items())] for run, tags in found.items()}

    def _decode_run(self, run: str) -> bool:
        """Whether there was room for all of it."""
        asked = run in self._asked
        schemas: tuple[Schema[Any], ...] = (SITES, STATISTICS if asked else BRIEF_STATISTICS)
        room = self._cache.bound * (_SHARE if asked else _SHARE_UNASKED)
        return all(self._decode(group, schema, room) for group in self._groups(run) for schema in schemas)

    def _groups(self, run: str) -> list[Group]:
        source = ProviderSource(self._provider, RequestContext(), "")
        groups = by_group(source.references(run)).items()
        return [Group(source, run, name, index, self._cache, decoders=_DECODERS) for name, index in groups]

    def _decode(self, group: Group, schema: Schema[Any], room: float) -> bool:
        """Whether there was room for all of them."""
        steps = group.steps(schema.kind)
        for start in range(0, len(steps), _AT_A_TIME):
            self._wait_for_requests()
            if self._cache.memory > room:
                return False
            group.read_ahead(schema, steps[start : start + _AT_A_TIME])
        return True

    def _look(self) -> None:
        for run in [run for run in sorted(self._unlooked) if monotonic() >= self._next_look.get(run, 0.0)]:
            self._wait_for_requests()
            begun = monotonic()
            source = ProviderSource(self._provider, RequestContext(), "")
            for name in [group.name for group in self._groups(run) if group.steps(Kind.STATISTICS)]:
                findings(Query(source, self._cache, {"run": run, "group": name}))
            self._unlooked.discard(run)
            self._next_look[run] = monotonic() + _REST * (monotonic() - begun)

    def _wait_for_requests(self) -> None:
        with self._idle:
            self._idle.wait_for(lambda: self._requests + self._waiting == 0)


class _Patience:
    """Seconds that are left to wait."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def wait(self, until: Condition, holds: Callable[[], bool]) -> None:
        """Until it holds, or nothing is left."""
        begun = monotonic()
        with until:
            until.wait_for(holds, self._left)
        self._left = max(0.0, self._left - (monotonic() - begun))


def _go_on() -> None:
    """Waits for nobody."""


def _newest(tag: str, series: BlobSequenceTimeSeries) -> tuple[str, int, float]:
    return tag, series.max_step, series.max_wall_time
