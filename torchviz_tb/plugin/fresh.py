"""Which steps of a series a page does not have yet, so that a reload moves new steps and not the series."""

import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from torchviz_tb.plugin.arrays import Json, float32
from torchviz_tb.reading.curves import Curve
from torchviz_tb.reading.group import Group
from torchviz_tb.records.metadata import Kind

Marks = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Fresh:
    """The steps that there are, and those whose numbers are to be sent."""

    listed: list[int]
    """Every step, ascending."""
    steps: list[int]
    """Those to send, ascending: all of them, or what the page does not have."""
    marks: Marks
    """For each listed step a number that differs once its records were replaced."""
    version: str
    """What the page gives as ``since`` when it asks again."""
    kept: int
    """So many of the first steps the page has as they are."""

    @property
    def header(self) -> Json:
        """The part of the answer's header by which a page joins it to what it has, as http_api.md defines it."""
        return {"version": self.version, "kept": self.kept}

    def arrays(self) -> dict[str, npt.NDArray[np.float64] | Marks]:
        """The arrays of the same purpose."""
        position = {step: index for index, step in enumerate(self.listed)}
        return {
            "steps": np.asarray(self.listed[self.kept :], np.float64),
            "marks": self.marks[self.kept :],
            "fresh": np.asarray([position[step] for step in self.steps], np.int32),
        }


class _Version(NamedTuple):
    """What a page has."""

    layout: int
    """A checksum of what the numbers of a step are about."""
    newest: float
    """When the newest of them was written."""
    length: int
    """How many steps."""
    listing: int
    """A checksum of these steps and their marks."""

    @classmethod
    def read(cls, text: str | None) -> "_Version | None":
        """None where it is absent or not of this form."""
        try:
            layout, newest, length, listing = (text or "").split(" ")
            return cls(int(layout, 16), float(newest), int(length), int(listing, 16))
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.layout:08x} {self.newest!r} {self.length} {self.listing:08x}"


def fresh(
    group: Group, kinds: Sequence[Kind], layout: Iterable[str], since: str | None, steps: Sequence[int] | None = None
) -> Fresh:
    """The steps of the first of ``kinds``, or those given; each is as new as the newest of its records of all kinds.

    ``layout`` names what the numbers of a step are about, in order: where it has changed since the
    page asked, every step is sent. So it is for a ``since`` that this function did not make.
    """
    times = [group.written(kind) for kind in kinds]
    listed = list(times[0]) if steps is None else steps
    written = {step: tuple(known.get(step, 0.0) for known in times) for step in listed}
    marks = np.asarray([_mark(when) for when in written.values()], np.int32)
    newest = max((max(when) for when in written.values()), default=0.0)

    def later(time: float) -> list[int]:
        return [step for step, when in written.items() if max(when) > time]

    return _fresh(list(written), marks, ("\0".join(layout), newest), since, later)


def fresh_points(curve: Curve, since: str | None) -> Fresh:
    """The points of a curve that a page does not have: what was added behind, or all of them.

    So no mark is ever compared with another.
    """
    steps = curve.steps.tolist()
    found = _fresh(steps, float32(curve.values).view(np.int32), (curve.tag, 0.0), since, lambda _: steps)
    return replace(found, marks=np.zeros_like(found.marks))


def _fresh(
    listed: list[int], marks: Marks, about: tuple[str, float], since: str | None, later: Callable[[float], list[int]]
) -> Fresh:
    """``about``: what the numbers of a step are about, and when the newest was written; ``later``: the steps since."""
    layout, newest = zlib.crc32(about[0].encode()), about[1]
    known = _Version.read(since)
    version = str(_Version(layout, newest, len(listed), _checksum(listed, marks, len(listed))))
    if known is None or known.layout != layout:
        return Fresh(listed, listed, marks, version, 0)
    if 0 < known.length <= len(listed) and known.listing == _checksum(listed, marks, known.length):
        return Fresh(listed, listed[known.length :], marks, version, known.length)
    return Fresh(listed, later(known.newest), marks, version, 0)


def _checksum(listed: Sequence[int], marks: Marks, count: int) -> int:
    return zlib.crc32(marks[:count].tobytes(), zlib.crc32(np.asarray(listed[:count], np.int64).tobytes()))


def _mark(when: Sequence[float]) -> int:
    """A checksum that fits into int32."""
    return zlib.crc32(struct.pack(f"<{len(when)}d", *when)) - 2**31
