"""Who measures a distributed model together, found out without a collective that a missing rank could hang.

Each rank posts what it watches to the store of the training's process group when it calls
``watch``, which waits for nobody. Before its first sample it looks for the posts of all ranks that
hold parts of the same tensors; by then they have trained a step together, so the posts are there
unless a rank did not call ``watch``. The rank with the writer, the leader, compares the posts and
publishes one verdict, so that all ranks decide alike.
"""

import contextlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any

import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore, _get_default_store

from torchviz_tb.capture.sharded.exchange import Exchange, SharingError

TIMEOUT = timedelta(seconds=60)
"""How long a rank waits for another before distributed measuring ends for this run; training then goes on."""


@dataclass(frozen=True)
class Terms:
    """What all ranks must ask for alike."""

    log_freq: int
    heatmap_freq: int
    parts: str  # what is recorded
    parameters: int
    checksum: int  # of the parameters' names, shapes and types

    def difference(self, other: "Terms") -> tuple[str, str] | None:
        """The first thing that differs, in words for each side."""
        for field in fields(self):
            own, theirs = getattr(self, field.name), getattr(other, field.name)
            if own != theirs and field.name != "checksum":
                return f"{field.name}={own}", f"{field.name}={theirs}"
        if self.checksum != other.checksum:
            return "these parameters", "parameters of other names, shapes or types"
        return None


@dataclass(frozen=True)
class Membership:
    """This rank's place among those that measure together."""

    rank: int
    leader: int  # the rank that writes
    members: tuple[int, ...]  # global ranks, ascending
    exchange: Exchange
    store: Any

    @property
    def place(self) -> int:
        """Where this rank stands among the members."""
        return self.members.index(self.rank)

    def check_all_there(self) -> None:
        """Raises SharingError if a member has ended its watch. Costs one answer of the store."""
        reason = self._reason_of_end()
        if reason:
            raise SharingError(reason)

    def end(self, reason: str) -> str:
        """Leaves, and returns the reason of whoever left first, which may be this rank's."""
        first = self._reason_of_end()
        if not first:
            with contextlib.suppress(RuntimeError):  # the store's own rank has gone: then nobody is left to be told
                self.store.set("ended", reason)
        self.exchange.close()
        return first or reason

    def _reason_of_end(self) -> str:
        with contextlib.suppress(RuntimeError):
            return self.store.get("ended").decode() if self.store.check(["ended"]) else ""
        return "the training's store has gone"


class Meeting:
    """One watch's ranks, before they know of each other.

    Making it posts this rank's terms and does not wait; raises SharingError if the store fails.
    """

    def __init__(
        self, partners: Iterable[int], terms: Terms, *, has_writer: bool, timeout: timedelta | None = None
    ) -> None:
        self._rank = dist.get_rank()
        self._partners = tuple(sorted(partners))
        self._terms = terms
        self._has_writer = has_writer
        self._timeout = TIMEOUT if timeout is None else timeout
        store = PrefixStore("torchviz_tb", _training_store())
        try:
            # Each rank's n-th watch meets the others' n-th, which the store itself counts.
            self._store = PrefixStore(f"watch {store.add(f'watches of {self._rank}', 1)}", store)
            self._store.set(_post(self._rank), json.dumps({"writer": has_writer, "terms": asdict(terms)}))
        except RuntimeError as error:
            raise SharingError(f"the training's store failed: {error}") from error

    def join(self) -> Membership | None:
        """The ranks that agreed; None if no rank with a writer holds parts of this model, so that nothing is to do.

        Waits for other ranks, at most twice the timeout. Raises SharingError if one is missing or wants
        something else.
        """
        try:
            return self._join()
        except (RuntimeError, ValueError, KeyError) as error:
            raise SharingError(f"the training's store failed: {error}") from error

    def _join(self) -> Membership | None:
        missing = self._missing()
        posts = {rank: self._read(rank) for rank in self._partners if rank not in missing}
        writers = [rank for rank, (has_writer, _) in posts.items() if has_writer]
        if not writers and missing:
            raise SharingError(self._absence(missing))
        if not writers:
            return None
        leader = min(writers)
        if leader == self._rank:
            self._publish(missing, {rank: terms for rank, (_, terms) in posts.items()})
        members, problem = self._verdict(leader)
        if problem:
            raise SharingError(problem)
        if self._rank not in members:
            return None
        shared = PrefixStore(f"led by {leader}", self._store)
        exchange = Exchange(PrefixStore("gloo", shared), self._rank, members, self._timeout)
        return Membership(self._rank, leader, tuple(members), exchange, shared)

    def _missing(self) -> list[int]:
        """Partners that have posted nothing, after the timeout."""
        try:
            self._store.wait([_post(rank) for rank in self._partners], self._timeout)
        except RuntimeError:
            return [rank for rank in self._partners if not self._store.check([_post(rank)])]
        return []

    def _read(self, rank: int) -> tuple[bool, Terms]:
        post = json.loads(self._store.get(_post(rank)))
        return post["writer"], Terms(**post["terms"])

    def _publish(self, missing: list[int], terms: dict[int, Terms]) -> None:
        problem = self._absence(missing) if missing else ""
        for rank, theirs in terms.items():
            difference = self._terms.difference(theirs)
            if difference and not problem:
                problem = f"rank {self._rank} watches with {difference[0]}, but rank {rank} with {difference[1]}"
        self._store.set(_verdict(self._rank), json.dumps([self._partners, problem]))

    def _verdict(self, leader: int) -> tuple[list[int], str]:
        try:
            self._store.wait([_verdict(leader)], 2 * self._timeout)
        except RuntimeError as error:
            raise SharingError(
                f"rank {leader}, which has the writer, came to no sample within {_seconds(2 * self._timeout)}"
            ) from error
        members, problem = json.loads(self._store.get(_verdict(leader)))
        return members, problem

    def _absence(self, missing: list[int]) -> str:
        ranks = ", ".join(map(str, missing))
        return (
            f"rank {ranks} did not call watch() within {_seconds(self._timeout)}: call it on every rank, "
            "after the model is sharded, with writer=None where nothing is written"
        )


def _training_store() -> Any:
    """The store through which the training's ranks found each other; torch has no public way to it before 2.5."""
    store = getattr(dist.group.WORLD, "get_group_store", _get_default_store)
    return store()


def _post(rank: int) -> str:
    return f"post of {rank}"


def _verdict(leader: int) -> str:
    return f"verdict of {leader}"


def _seconds(timeout: timedelta) -> str:
    return f"{timeout.total_seconds():g} s"
