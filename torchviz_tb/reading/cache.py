"""Decoded records that were read lately, within a bound on memory."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any

from torchviz_tb.reading.decode import Decoded

DEFAULT_BOUND = 512 * 2**20
"""Bytes of memory, as estimated by ``decode``."""

_TURNS = 16


class RecordCache:
    """Keeps the most recently used records; safe to use from several threads."""

    def __init__(self, bound: int = DEFAULT_BOUND) -> None:
        self._bound = bound
        self._memory = 0
        self._kept: OrderedDict[Hashable, Decoded[Any]] = OrderedDict()
        self._lock = Lock()
        self._turns = [Lock() for _ in range(_TURNS)]
        self._computing = [Lock() for _ in range(_TURNS)]

    def turn(self, series: Hashable) -> Lock:
        """The lock under which the records of a series are fetched and decoded.

        A page asks for several answers made of the same records at once: one request reads them, the others wait for
        it and find them here.
        """
        return self._turns[hash(series) % _TURNS]

    def computing(self, what: Hashable) -> Lock:
        """The lock under which something is computed from records: who else wants it waits, and finds it here.

        Records may be read under it, but nothing else computed.
        """
        return self._computing[hash(what) % _TURNS]

    @property
    def bound(self) -> int:
        """Bytes that the kept records may take."""
        return self._bound

    @property
    def memory(self) -> int:
        """Bytes that the kept records take."""
        return self._memory

    def get(self, key: Hashable) -> Decoded[Any] | None:
        """The record under a key, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, decoded: Decoded[Any]) -> None:
        """Keeps a record, and drops the least recently used ones that are then over the bound."""
        if decoded.memory > self._bound:
            return
        with self._lock:
            self._drop(key)
            self._memory += decoded.memory
            self._kept[key] = decoded
            while self._memory > self._bound:
                _, dropped = self._kept.popitem(last=False)
                self._memory -= dropped.memory

    def drop(self, key: Hashable) -> None:
        """Lets go of a record, as where a better one has taken its place."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        dropped = self._kept.pop(key, None)
        self._memory -= dropped.memory if dropped else 0
