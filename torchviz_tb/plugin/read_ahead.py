"""Before a page asks, decodes what TensorBoard has loaded and looks for findings, so that the first need not wait."""

import logging
from collections.abc import Iterator
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
from torchviz_tb.reading.decode import SITES, STATISTICS, Schema
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.source import by_group
from torchviz_tb.records.metadata import PLUGIN_NAME, Kind

_SHORTEST_WAIT, _LONGEST_WAIT = 0.5, 8.0
_PATIENCE = 120.0
"""Seconds without anything new after which the thread ends."""
_AT_A_TIME = 16
"""Records: a request for the same ones waits for so many at most, and needs them anyway."""
_SHARE = 0.5
"""Of the cache's bound: nothing that was asked for is dropped for what may never be."""

_FIRST: tuple[Schema[Any], ...] = (SITES, STATISTICS)
"""What the page's first view is made of."""

_logger = logging.getLogger("tensorboard")

_News = dict[str, list[tuple[str, int, float]]]


class ReadAhead:
    """One thread that fills the cache with what requests would, while none is being answered.

    It fills half of the cache at most, ends by itself when nothing is new, and with the process.
    """

    def __init__(self, provider: DataProvider, cache: RecordCache, patience: float = _PATIENCE) -> None:
        self._provider = provider
        self._cache = cache
        self._patience = patience
        self._seen: _News = {}
        self._thread: Thread | None = None
        self._starting = Lock()
        self._requests = 0
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
    def answering(self) -> Iterator[None]:
        """While a request is answered, nothing is read ahead beyond the records that are just being decoded."""
        with self._idle:
            self._requests += 1
        try:
            yield
        finally:
            with self._idle:
                self._requests -= 1
                self._idle.notify_all()

    def catch_up(self) -> bool:
        """Does so with what TensorBoard has got since the last time, on this thread. Whether there was anything."""
        news = self._news()
        changed = [run for run in sorted(news) if news[run] != self._seen.get(run)]
        for run in changed:
            self._read(run)
            self._seen[run] = news[run]
        return bool(changed)

    def _run(self) -> None:
        wait, last_news = _SHORTEST_WAIT, monotonic()
        try:
            while monotonic() - last_news < self._patience:
                if self.catch_up():
                    wait, last_news = _SHORTEST_WAIT, monotonic()
                sleep(min(wait, self._patience))
                wait = min(2 * wait, _LONGEST_WAIT)
        except Exception as error:  # noqa: BLE001  TensorBoard may be ending; what is wrong a request will tell
            _logger.info("The TorchViz plugin reads no further ahead: %r", error)

    def _news(self) -> _News:
        """By run, what differs once TensorBoard has more of it: costs a fraction of listing the records."""
        found = self._provider.list_blob_sequences(RequestContext(), experiment_id="", plugin_name=PLUGIN_NAME)
        return {run: [_newest(tag, series) for tag, series in sorted(tags.items())] for run, tags in found.items()}

    def _read(self, run: str) -> None:
        source = ProviderSource(self._provider, RequestContext(), "")
        for name, index in by_group(source.references(run)).items():
            group = Group(source, run, name, index, self._cache, decoders=1)
            if all(self._decode(group, schema) for schema in _FIRST) and Kind.STATISTICS in index:
                self._wait_for_requests()
                findings(Query(source, self._cache, {"run": run, "group": name}))

    def _decode(self, group: Group, schema: Schema[Any]) -> bool:
        """Whether there was room for all of them."""
        steps = group.steps(schema.kind)
        for start in range(0, len(steps), _AT_A_TIME):
            self._wait_for_requests()
            if self._cache.memory > _SHARE * self._cache.bound:
                return False
            group.read_ahead(schema, steps[start : start + _AT_A_TIME])
        return True

    def _wait_for_requests(self) -> None:
        with self._idle:
            self._idle.wait_for(lambda: self._requests == 0)


def _newest(tag: str, series: BlobSequenceTimeSeries) -> tuple[str, int, float]:
    return tag, series.max_step, series.max_wall_time
