"""What is decoded before a page asks: once, within its share of the cache, and never while a request is answered."""

from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any

import huge_runs
import pytest
from event_file import EventFile
from plugin_client import loaded
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.context import RequestContext
from tensorboard.data import server_ingester
from tensorboard.data.provider import DataProvider
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.util.grpc_util import ChannelCredsType

from torchviz_tb.plugin import SAMPLES, TorchVizLoader, read_ahead
from torchviz_tb.plugin.provider import ProviderSource
from torchviz_tb.plugin.read_ahead import ReadAhead
from torchviz_tb.reading import group as group_module
from torchviz_tb.reading.cache import RecordCache
from torchviz_tb.reading.decode import Schema
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.series import statistics_series
from torchviz_tb.reading.source import by_group
from torchviz_tb.records.metadata import PLUGIN_NAME, Kind

SITES, STEPS = 6, range(0, 400, 10)


@pytest.fixture
def file(tmp_path: Path) -> EventFile:
    return huge_runs.write(tmp_path / "run", SITES, STEPS, detailed=[0])


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[Kind]:
    """How many tables of sites and statistics have been decoded."""
    count: Counter[Kind] = Counter()
    decode = group_module.decode

    def counted(schema: Schema[Any], blob: bytes) -> Any:
        if schema.kind in (Kind.SITES, Kind.STATISTICS):
            count[schema.kind] += 1
        return decode(schema, blob)

    monkeypatch.setattr(group_module, "decode", counted)
    return count


def ask(provider: DataProvider, cache: RecordCache) -> list[int]:
    """What a request for a column does: the steps that it found."""
    source = ProviderSource(provider, RequestContext(), "")
    index = by_group(source.references("run"))["model"]
    return statistics_series(Group(source, "run", "model", index, cache), "gradient", "l2").steps


def test_a_request_finds_everything_decoded_and_later_what_is_new(
    tmp_path: Path, file: EventFile, decoded: Counter[Kind]
) -> None:
    multiplexer = loaded(tmp_path)
    provider, cache = MultiplexerDataProvider(multiplexer, str(tmp_path)), RecordCache()
    ahead = ReadAhead(provider, cache)
    assert ahead.catch_up()
    assert decoded == {Kind.SITES: 1, Kind.STATISTICS: len(STEPS)}
    assert ask(provider, cache) == list(STEPS)
    assert not ahead.catch_up()
    huge_runs.write_step(file, SITES, STEPS.stop)
    multiplexer.Reload()
    assert ahead.catch_up()
    assert ask(provider, cache) == [*STEPS, STEPS.stop]
    assert decoded == {Kind.SITES: 1, Kind.STATISTICS: len(STEPS) + 1}


def test_so_it_is_over_the_data_server(tmp_path: Path, file: EventFile, decoded: Counter[Kind]) -> None:
    server = server_ingester.SubprocessServerDataIngester(
        server_binary=server_ingester.get_server_binary(), logdir=str(tmp_path), reload_interval=1,
        channel_creds_type=ChannelCredsType.LOCAL, samples_per_plugin={PLUGIN_NAME: SAMPLES},
    )  # fmt: skip
    server.start()
    provider, cache = server.data_provider, RecordCache()
    ahead = ReadAhead(provider, cache)
    while len(cache_steps := ask(provider, cache)) < len(STEPS):
        ahead.catch_up()
    assert cache_steps == list(STEPS)
    assert decoded == {Kind.SITES: 1, Kind.STATISTICS: len(STEPS)}


@pytest.mark.parametrize(("asked", "share"), [(False, 1 / 8), (True, 1 / 2)])
def test_the_rest_of_the_cache_is_left(
    tmp_path: Path, file: EventFile, decoded: Counter[Kind], asked: bool, share: float
) -> None:
    provider = MultiplexerDataProvider(loaded(tmp_path), str(tmp_path))
    batch = 100_000  # bytes are more than 32 records of six sites take
    cache = RecordCache(int(20_000 / share))
    ahead = ReadAhead(provider, cache)
    if asked:
        with ahead.answering("run"):
            pass
    assert ahead.catch_up()
    assert share * cache.bound < cache.memory < share * cache.bound + batch
    assert 0 < decoded[Kind.STATISTICS] < len(STEPS)


def test_until_a_page_asks_for_a_run_its_records_are_kept_briefly(
    tmp_path: Path, file: EventFile, decoded: Counter[Kind]
) -> None:
    huge_runs.write(tmp_path / "other", SITES, STEPS)
    cache = RecordCache()
    ahead = ReadAhead(MultiplexerDataProvider(loaded(tmp_path), str(tmp_path)), cache)
    assert ahead.catch_up()
    brief = cache.memory
    with ahead.answering("run"):
        pass
    assert ahead.catch_up()
    assert decoded[Kind.STATISTICS] == 3 * len(STEPS)
    six_doubles = 6 * 8 * SITES * 3  # of three stages
    assert cache.memory == brief + six_doubles * len(STEPS)
    assert not ahead.catch_up()


def test_a_run_whose_findings_alone_are_asked_for_is_kept_briefly_too(
    tmp_path: Path, file: EventFile, decoded: Counter[Kind]
) -> None:
    ahead = ReadAhead(MultiplexerDataProvider(loaded(tmp_path), str(tmp_path)), RecordCache())
    assert ahead.catch_up()
    with ahead.answering("run", may_wait=True):
        pass
    assert not ahead.catch_up()
    assert decoded[Kind.STATISTICS] == len(STEPS)


def test_of_the_runs_that_requests_name_only_the_latest_are_remembered(tmp_path: Path, file: EventFile) -> None:
    def memory_after(*requested: str) -> int:
        cache = RecordCache()
        ahead = ReadAhead(MultiplexerDataProvider(loaded(tmp_path), str(tmp_path)), cache)
        for run in requested:
            with ahead.answering(run):
                pass
        assert ahead.catch_up()
        return cache.memory

    others = [f"no run {number}" for number in range(1000)]
    assert memory_after("run", *others) == memory_after()
    assert memory_after("run", *others, "run") == memory_after("run") > memory_after()


def test_findings_are_looked_for_once_nothing_more_comes(
    tmp_path: Path, file: EventFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(read_ahead, "findings", lambda query: looked.append(len(query.group.steps(Kind.STATISTICS))))
    multiplexer = loaded(tmp_path)
    ahead = ReadAhead(MultiplexerDataProvider(multiplexer, str(tmp_path)), RecordCache())
    assert ahead.catch_up()
    assert looked == []
    assert not ahead.catch_up()
    assert not ahead.catch_up()
    assert looked == [len(STEPS)]


def test_it_waits_while_a_request_is_answered(tmp_path: Path, file: EventFile, decoded: Counter[Kind]) -> None:
    ahead = ReadAhead(MultiplexerDataProvider(loaded(tmp_path), str(tmp_path)), RecordCache())
    thread = Thread(target=ahead.catch_up)
    with ahead.answering(), ahead.answering():
        thread.start()
        thread.join(timeout=0.3)
        assert not decoded
    thread.join()
    assert decoded[Kind.STATISTICS] == len(STEPS)


def test_a_request_that_may_wait_lets_the_others_go_first(tmp_path: Path) -> None:
    patient, hurried = (ReadAhead(None, RecordCache(), longest_pause=seconds) for seconds in (600.0, 0.0))
    went: list[str] = []

    def later() -> None:
        with patient.answering("run", may_wait=True) as pause:
            pause()
            went.append("later")

    thread = Thread(target=later)
    with patient.answering("run") as pause:
        thread.start()
        thread.join(timeout=0.1)
        pause()
        went.append("first")
    thread.join()
    assert went == ["first", "later"]
    with hurried.answering("run"), hurried.answering("run", may_wait=True) as pause:
        pause()


@pytest.mark.parametrize("what", ["sites", "stages"])
def test_a_request_that_waits_while_it_reads_holds_up_no_other(tmp_path: Path, file: EventFile, what: str) -> None:
    source = ProviderSource(MultiplexerDataProvider(loaded(tmp_path), str(tmp_path)), RequestContext(), "")
    index, cache = by_group(source.references("run"))["model"], RecordCache()
    begun, go_on = Event(), Event()

    def pause() -> None:
        begun.set()
        assert go_on.wait(60)

    slow = Group(source, "run", "model", index, cache, pause=pause)
    quick = Group(source, "run", "model", index, cache)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(getattr, slow, what)
        try:
            assert begun.wait(60)
            found = pool.submit(getattr, quick, what).result(timeout=30)
        finally:
            go_on.set()
        assert waiting.result() == found


def test_together_with_requests_each_record_is_decoded_once(
    tmp_path: Path, file: EventFile, decoded: Counter[Kind]
) -> None:
    provider, cache = MultiplexerDataProvider(loaded(tmp_path), str(tmp_path)), RecordCache()
    ahead, together = ReadAhead(provider, cache), Barrier(3)

    def begin(work: Callable[[], object]) -> Thread:
        thread = Thread(target=lambda: (together.wait(), work()))
        thread.start()
        return thread

    threads = [begin(ahead.catch_up), begin(lambda: ask(provider, cache)), begin(lambda: ask(provider, cache))]
    for thread in threads:
        thread.join()
    assert decoded == {Kind.SITES: 1, Kind.STATISTICS: len(STEPS)}


def test_the_thread_ends_when_nothing_is_new_and_when_tensorboard_is_gone(tmp_path: Path, file: EventFile) -> None:
    provider, cache = MultiplexerDataProvider(loaded(tmp_path), str(tmp_path)), RecordCache()
    for ahead in (ReadAhead(provider, cache, patience=0.01), ReadAhead(None, cache)):
        for _ in range(2):
            ahead.start()
            ahead.start()
            while ahead.running:
                sleep(0.01)
    assert cache.memory > 0


def test_a_server_reads_ahead_and_a_plugin_by_itself_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[ReadAhead] = []
    monkeypatch.setattr(ReadAhead, "start", lambda ahead: started.append(ahead))
    for flags, times in ((None, 0), (Namespace(), 2)):
        plugin = TorchVizLoader().load(TBContext(logdir=str(tmp_path), flags=flags))
        assert plugin is not None
        plugin.frontend_metadata()
        assert len(started) == times
