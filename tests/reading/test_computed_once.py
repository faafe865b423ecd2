"""Properties of records: one object's does not hold up another's."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from torchviz_tb.reading.computed_once import computed_once


class Slow:
    """Takes as long as an event says, if it is given one."""

    def __init__(self, begun: Event | None = None, go_on: Event | None = None) -> None:
        self.begun, self.go_on, self.times = begun, go_on, 0

    @computed_once
    def value(self) -> int:
        self.times += 1
        if self.begun is not None and self.go_on is not None:
            self.begun.set()
            assert self.go_on.wait(60)
        return 7


def test_an_object_does_not_wait_for_another_of_its_class():
    begun, go_on = Event(), Event()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(lambda: Slow(begun, go_on).value)
        try:
            assert begun.wait(60)
            assert pool.submit(lambda: Slow().value).result(timeout=30) == 7
        finally:
            go_on.set()
        assert slow.result() == 7


def test_it_is_computed_once():
    once = Slow()
    assert [once.value, once.value] == [7, 7]
    assert once.times == 1
