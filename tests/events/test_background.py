"""Work left to a thread: bounded, in order, done by whoever was given it."""

import os
import threading

from torchviz_tb.events import background
from torchviz_tb.events.background import Background


def test_no_more_waits_than_the_bound(monkeypatch):
    monkeypatch.setattr(background, "MOST_BYTES", 10)
    work, first, second = Background(), threading.Event(), threading.Event()
    done = []
    work.submit(lambda: (first.wait(30), done.append(1)), 6, "it")
    # More than the bound by itself is still taken, once all else is done.
    caller = threading.Thread(target=work.submit, args=(lambda: (second.wait(30), done.append(2)), 60, "it"))
    caller.start()
    caller.join(0.05)
    assert caller.is_alive()
    first.set()
    caller.join(30)
    assert not caller.is_alive()
    assert done == [1]
    second.set()
    work.wait()
    assert done == [1, 2]
    assert not work


def test_a_fault_warns_and_the_next_is_done(recwarn):
    work, done = Background(), []
    work.submit(lambda: 1 / 0, 1, "it")
    work.submit(lambda: done.append(1), 1, "it")
    work.wait()
    assert done == [1]
    assert [str(warning.message) for warning in recwarn] == [
        "torchviz_tb could not write it: ZeroDivisionError: division by zero"
    ]


def test_where_no_thread_starts_it_is_done_at_once(monkeypatch):
    def fail(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    work, done = Background(), []
    for number in range(2):
        work.submit(lambda number=number: done.append(number), 1, "it")
    assert done == [0, 1]
    assert not work


def test_a_forked_child_leaves_the_parents_work_to_it_and_does_its_own():
    work, gate, done = Background(), threading.Event(), []
    work.submit(lambda: (gate.wait(30), done.append("parent")), 1, "it")
    pid = os.fork()
    if not pid:
        work.wait()
        work.submit(lambda: done.append("child"), 1, "it")
        work.wait()
        os._exit(0 if done == ["child"] else 1)
    assert os.waitpid(pid, 0)[1] == 0
    gate.set()
    work.wait()
    assert done == ["parent"]


def test_work_begins_once_the_thread_is_started_so_that_the_start_is_not_what_is_waited_for(monkeypatch):
    work, begun, start = Background(), threading.Event(), threading.Thread.start

    def start_and_look(thread):
        start(thread)
        assert not begun.wait(0.1)

    monkeypatch.setattr(threading.Thread, "start", start_and_look)
    work.submit(begun.set, 0, "nothing")
    work.wait()
    assert begun.is_set()
