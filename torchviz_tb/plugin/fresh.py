"""Which steps of a series a page does not have yet, so that a reload moves new steps and not the series."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torchviz_tb.reading.group import Group
from torchviz_tb.records.metadata import Kind


@dataclass(frozen=True)
class Fresh:
    """The steps that there are, and those whose numbers are to be sent."""

    listed: list[int]
    """Every step, ascending."""
    steps: list[int]
    """Those to send, ascending: all of them, or what was written after the page asked last."""
    marks: npt.NDArray[np.int32]
    """For each listed step a number that differs once its records were replaced."""
    version: str
    """What the page gives as ``since`` when it asks again."""

    def arrays(self) -> dict[str, npt.NDArray[np.float64] | npt.NDArray[np.int32]]:
        """The part of the answer by which a page joins it to what it has, as http_api.md defines it."""
        position = {step: index for index, step in enumerate(self.listed)}
        return {
            "steps": np.asarray(self.listed, np.float64),
            "marks": self.marks,
            "fresh": np.asarray([position[step] for step in self.steps], np.int32),
        }


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
    checksum = zlib.crc32("\0".join(layout).encode())
    newest = max((max(when) for when in written.values()), default=0.0)
    after = _after(since, checksum)
    return Fresh(
        listed=list(written),
        steps=[step for step, when in written.items() if max(when) > after],
        marks=np.asarray([_mark(when) for when in written.values()], np.int32),
        version=f"{checksum:08x} {newest!r}",
    )


def _after(since: str | None, checksum: int) -> float:
    """The time up to which a page has everything; −∞ where it has nothing of this layout."""
    known, _, time = (since or "").partition(" ")
    try:
        return float(time) if known == f"{checksum:08x}" else -np.inf
    except ValueError:
        return -np.inf


def _mark(when: Sequence[float]) -> int:
    """A checksum that fits into int32."""
    return zlib.crc32(struct.pack(f"<{len(when)}d", *when)) - 2**31
