from threading import Thread

from torchviz_tb.reading.cache import RecordCache
from torchviz_tb.reading.decode import Decoded
from torchviz_tb.reading.progress import Progress

RECORD = Progress(None, None, None, None, None, None)


def decoded(memory: int) -> Decoded[Progress]:
    return Decoded(RECORD, memory)


def test_what_was_put_is_there():
    cache = RecordCache(100)
    cache.put("a", decoded(10))
    assert cache.get("a") == decoded(10)
    assert cache.get("b") is None


def test_what_is_dropped_leaves_its_room():
    cache = RecordCache(100)
    cache.put("a", decoded(10))
    cache.drop("a")
    cache.drop("never there")
    assert (cache.get("a"), cache.memory) == (None, 0)


def test_the_least_recently_used_goes_first():
    cache = RecordCache(30)
    for key in "abc":
        cache.put(key, decoded(10))
    cache.get("a")
    cache.put("d", decoded(10))
    assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]
    assert cache.memory == 30


def test_what_is_over_the_bound_alone_is_not_kept():
    cache = RecordCache(30)
    cache.put("a", decoded(10))
    cache.put("b", decoded(31))
    assert cache.get("a") is not None
    assert cache.get("b") is None


def test_replacing_a_record_frees_the_old_one():
    cache = RecordCache(30)
    cache.put("a", decoded(20))
    cache.put("a", decoded(15))
    assert cache.memory == 15


def test_threads_leave_the_sum_right():
    cache = RecordCache(50)

    def work(seed: int) -> None:
        for i in range(2000):
            cache.put((seed * i) % 17, decoded(1 + i % 9))
            cache.get(i % 17)

    threads = [Thread(target=work, args=[seed]) for seed in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [found.memory for key in range(17) if (found := cache.get(key))]
    assert cache.memory == sum(kept) <= 50
