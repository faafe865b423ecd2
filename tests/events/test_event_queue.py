"""The queue against files that are slow, fail, come back, or are gone: what is written, what is lost, who waits."""

import threading
import time
import warnings
from contextlib import contextmanager

import pytest

from torchviz_tb.events import event_queue
from torchviz_tb.events.event_queue import EventQueue, Unmade


class FakeFile:
    """Keeps records; ``refuse`` raises, ``gate`` holds up."""

    def __init__(self):
        self.records, self.flushes, self.closed = [], 0, False
        self.refuse = None
        self.gate = threading.Event()
        self.gate.set()

    def append(self, record):
        self.gate.wait(20)
        if self.refuse is not None:
            raise self.refuse
        self.records.append(record)

    def flush(self):
        self.flushes += 1

    def close(self):
        self.closed = True


@pytest.fixture
def file():
    return FakeFile()


@pytest.fixture
def queue(file):
    queue = EventQueue(lambda: file, "runs/first", 120)
    yield queue
    file.gate.set()
    file.refuse = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        queue.close()


@contextmanager
def told():
    """The words of the warnings that come."""
    words = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield words
    words += [str(warning.message) for warning in caught]


def until(holds):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.005)


def test_events_come_in_order_and_at_once(queue, file):
    for number in range(100):
        queue.put(b"%d" % number)
    until(lambda: len(file.records) == 100)
    assert file.records == [b"%d" % number for number in range(100)]


def test_the_thread_ends_when_there_is_nothing_to_do_and_another_takes_over(queue, file, monkeypatch):
    monkeypatch.setattr(event_queue, "_LINGER_S", 0.01)
    queue.put(b"a")
    until(lambda: not any(thread.name == "torchviz_tb events" for thread in threading.enumerate()))
    queue.put(b"b")
    queue.flush()
    assert file.records == [b"a", b"b"]


def test_a_full_disk_is_warned_of_once_and_nothing_is_lost_when_it_has_room_again(queue, file):
    file.refuse = OSError(28, "No space left on device")
    with told() as words:
        queue.put(b"a")
        queue.flush()
        for _ in range(20):
            queue.put(b"b")
            queue.flush()
    (refused,) = words
    assert refused.startswith("torchviz_tb can't write to runs/first: OSError: [Errno 28] No space left on device.")
    file.refuse = None
    with told() as words:
        until(lambda: len(file.records) == 21)
        queue.flush()
    assert words == ["torchviz_tb writes to runs/first again"]
    assert file.records == [b"a"] + [b"b"] * 20
    assert queue.lost.events == 0


def test_an_event_is_made_in_the_queues_thread_once_and_in_its_place(queue, file):
    made_in = []

    def make():
        made_in.append(threading.current_thread().name)
        return b"made"

    file.refuse = OSError(28, "No space left on device")
    with told():
        queue.put(b"before")
        queue.put(Unmade(make, 1000))
        queue.put(b"after")
        queue.flush()
    assert made_in == []  # its turn has not come
    file.refuse = None
    with told():
        queue.flush()
    assert file.records == [b"before", b"made", b"after"]
    assert made_in == ["torchviz_tb events"]
    assert queue._bytes == 0


def test_an_event_is_not_made_again_where_the_disk_refuses_it_at_first(queue, file):
    times = []
    file.refuse = OSError(28, "No space left on device")
    with told():
        queue.put(Unmade(lambda: times.append(1) or b"made", 1000))
        queue.flush()
        queue.flush()
        file.refuse = None
        queue.flush()
    assert (file.records, times) == ([b"made"], [1])


def test_an_event_that_can_not_be_made_is_lost_with_a_warning(queue, file):
    with told() as words:
        queue.put(Unmade(lambda: b"%d" % (1 // 0), 1000))
        queue.put(b"after")
        queue.flush()
    assert words == ["torchviz_tb could not make an event: ZeroDivisionError: integer division or modulo by zero"]
    assert file.records == [b"after"]
    assert (queue.lost.events, queue._bytes) == (1, 0)


def test_what_a_disk_never_took_is_counted_at_the_end(file):
    queue = EventQueue(lambda: file, "runs/first", 120)
    file.refuse = OSError(28, "No space left on device")
    with told() as words:
        for _ in range(3):
            queue.put(b"four")
        queue.close()
    assert words[-1] == "torchviz_tb did not write 3 events (12 bytes) to runs/first"
    assert file.records == []
    with pytest.raises(ValueError, match="is closed"):
        queue.put(b"late")


def test_a_slow_disk_delays_a_call_by_a_stated_time_at_most_and_then_samples_are_thinned(queue, file, monkeypatch):
    monkeypatch.setattr(event_queue, "QUEUE_BYTES", 1000)
    monkeypatch.setattr(event_queue, "PATIENCE_S", 0.05)
    file.gate.clear()
    scalar, sample = b"s" * 10, b"x" * 400
    longest = 0.0
    for _ in range(10):
        begun = time.monotonic()
        queue.put(sample, can_be_spared=True)
        longest = max(longest, time.monotonic() - begun)
        queue.put(scalar)
    assert longest < 5  # the stated 0.05 s, and a machine that may be busy
    assert (queue.thinned.events, queue.lost.events) == (8, 8)
    file.gate.set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        queue.flush()
    assert file.records.count(scalar) == 10
    assert file.records.count(sample) == 2


def test_memory_is_bounded_even_for_what_is_never_thinned(queue, file, monkeypatch):
    monkeypatch.setattr(event_queue, "QUEUE_BYTES", 100)
    monkeypatch.setattr(event_queue, "MOST_BYTES", 1000)
    monkeypatch.setattr(event_queue, "PATIENCE_S", 0.01)
    file.gate.clear()
    for _ in range(20):
        queue.put(b"s" * 100)
    assert queue.lost.events == 10
    assert queue.thinned.events == 0


def test_a_file_that_is_gone_is_followed_by_another():
    files = []

    def open_file():
        files.append(FakeFile())
        return files[-1]

    queue = EventQueue(open_file, "runs/first", 120)
    queue.put(b"a")
    queue.flush()
    files[0].refuse = FileNotFoundError("somebody deleted it")
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        queue.put(b"b")
        until(lambda: len(files) == 2 and files[1].records == [b"b"])
        queue.close()
    assert [file.closed for file in files] == [True, True]
    assert queue.lost.events == 0


def test_a_file_that_can_not_be_opened_yet(file):
    state = {"refuses": True}

    def open_file():
        if state["refuses"]:
            raise PermissionError(13, "Permission denied")
        return file

    with pytest.warns(RuntimeWarning, match="PermissionError"):
        queue = EventQueue(open_file, "runs/first", 120)
    queue.put(b"a")
    state["refuses"] = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        queue.close()
    assert file.records == [b"a"]


def test_a_path_through_a_file_is_an_error_at_once():
    def open_file():
        raise NotADirectoryError(20, "Not a directory")

    with pytest.raises(NotADirectoryError):
        EventQueue(open_file, "file/run", 120)


def test_a_remote_file_is_flushed_when_its_time_has_come_and_at_flush(file):
    queue = EventQueue(lambda: file, "memory://runs", 0.2)
    queue.put(b"a")
    until(lambda: file.flushes == 1)
    queue.put(b"b")
    queue.flush()
    assert file.flushes == 2
    queue.close()
    assert file.records == [b"a", b"b"]


def test_many_threads_lose_nothing(queue, file):
    def work(name):
        for number in range(200):
            queue.put(b"%d %d" % (name, number))

    threads = [threading.Thread(target=work, args=[name]) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.flush()
    assert len(file.records) == 1600
    for name in range(8):
        own = [record for record in file.records if record.startswith(b"%d " % name)]
        assert own == [b"%d %d" % (name, number) for number in range(200)]
