"""Event files as a source: what ``load`` reads, with neither torch nor a TensorBoard server."""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from google.protobuf.message import DecodeError
from tensorboard.compat.proto.event_pb2 import Event, SessionLog

from torchviz_tb.errors import ArgumentError, RecordError
from torchviz_tb.reading.framing import End, FrameWalk
from torchviz_tb.reading.problems import Problem
from torchviz_tb.reading.scalars import ScalarSeries, scalar_value
from torchviz_tb.reading.source import Reference, written_at
from torchviz_tb.records.metadata import PLUGIN_NAME, Tag, parse_tag

MAX_EVENT_SIZE = 512 * 2**20
"""Bytes: larger events are passed over unread."""


@dataclass(frozen=True)
class Location:
    """Which value of which event of which file."""

    path: Path
    offset: int
    size: int
    value: int


@dataclass
class _Contents:
    """What the files of one run hold, gathered event by event."""

    references: list[Reference] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    plugin_of_tag: dict[str, str] = field(default_factory=dict)
    scalars: dict[str, ScalarSeries] = field(default_factory=dict)

    def restart(self, step: int) -> None:
        """The run was resumed at a step: what was written for it and later ones is void."""
        self.references = [kept for kept in self.references if kept.step < step]
        for series in self.scalars.values():
            series.drop_from(step)


class EventFileSource:
    """All event files under a directory, indexed once, when it is made.

    Cost: reads every file once; keeps where our records are, and ordinary scalars. Raises ArgumentError where
    ``log_dir`` is not a directory.
    """

    def __init__(self, log_dir: str | os.PathLike[str]) -> None:
        root = Path(log_dir)
        if not root.is_dir():
            raise ArgumentError(
                f"the log directory '{root}' does not exist; give the directory that was given to SummaryWriter, "
                "or one above it"
            )
        self._runs = {run: _index_run(run, files, root) for run, files in sorted(event_files(root))}

    def run_names(self) -> list[str]:
        """Every run: the path of its directory under the log directory, "." for that itself."""
        return list(self._runs)

    def references(self, run: str | None = None, tags: Collection[Tag] | None = None) -> list[Reference]:
        """See Source."""
        runs = list(self._runs) if run is None else [run] if run in self._runs else []
        found = [reference for name in runs for reference in self._runs[name].references]
        return found if tags is None else [reference for reference in found if reference.tag in tags]

    def read(self, references: Sequence[Reference]) -> list[bytes | RecordError]:
        """See Source."""
        return [_read_blob(reference.locator) for reference in references]

    def scalar_tags_by_run(self) -> dict[str, list[str]]:
        """See ScalarSource."""
        return {run: self.scalar_tags(run) for run, contents in self._runs.items() if contents.scalars}

    def scalar_tags(self, run: str) -> list[str]:
        """See ScalarSource."""
        return sorted(self._runs[run].scalars)

    def scalars(self, run: str, tag: str) -> list[tuple[int, float]]:
        """See ScalarSource."""
        return self._runs[run].scalars[tag].points()

    def problems(self, run: str) -> list[Problem]:
        """Files of a run that could not be read to their end."""
        return list(self._runs[run].problems)


def event_files(root: Path) -> Iterator[tuple[str, list[Path]]]:
    """The runs under a directory, each with its event files in the order of their names."""
    for folder, _, names in os.walk(root):
        paths = [Path(folder, name) for name in sorted(names) if "tfevents" in name]
        # A named pipe would block for ever.
        files = [path for path in paths if path.is_file()]
        if files:
            yield os.path.relpath(folder, root), files


def end_problem(run: str, name: str, end: End) -> Problem | None:
    """What to say of a file that does not end as it should."""
    if end is End.TRUNCATED:
        message = f"the event file {name} ends in the middle of a record"
        hint = (
            "Everything before is shown. A run that still goes on will complete it; a killed one lost its last record."
        )
    elif end is End.CORRUPT:
        message = f"the event file {name} is corrupt: what follows can't be found"
        hint = "Everything before is shown. Copy the file again from where it was written."
    else:
        return None
    return Problem(run, None, None, None, message, hint)


def _index_run(run: str, files: list[Path], root: Path) -> _Contents:
    contents = _Contents()
    for path in files:
        name = path.relative_to(root).as_posix()
        try:
            for place, event in _events(run, path, name, contents):
                _index_event(run, place, event, contents)
        except OSError as error:
            message = f"the event file {name} can't be opened ({error.strerror})"
            contents.problems.append(Problem(run, None, None, None, message, "Check its permissions."))
    return contents


def _events(run: str, path: Path, name: str, contents: _Contents) -> Iterator[tuple[Location, Event]]:
    unreadable = 0
    with path.open("rb") as file:
        walk = FrameWalk(file, os.fstat(file.fileno()).st_size)
        for frame in walk:
            place = Location(path, frame.offset, frame.size, 0)
            try:
                yield place, _read_event(file, place)
            except DecodeError:
                unreadable += 1
    problem = end_problem(run, name, walk.end or End.COMPLETE)
    if problem:
        contents.problems.append(problem)
    if unreadable:
        message = f"the event file {name} holds {unreadable} events that can't be parsed"
        contents.problems.append(Problem(run, None, None, None, message, "All other events are shown."))


def _read_event(file: BinaryIO, place: Location) -> Event:
    if place.size > MAX_EVENT_SIZE:
        raise DecodeError(f"an event of {place.size} bytes is over the bound")
    file.seek(place.offset)
    event = Event()
    event.ParseFromString(file.read(place.size))
    return event


def _read_blob(place: object) -> bytes | RecordError:
    if not isinstance(place, Location):
        raise TypeError(f"a reference of another source: {place}")
    try:
        with place.path.open("rb") as file:
            blobs = _read_event(file, place).summary.value[place.value].tensor.string_val
    except (OSError, DecodeError, IndexError):
        return RecordError("its event file has changed since it was listed: load it again")
    return bytes(blobs[0]) if len(blobs) == 1 else RecordError(f"it holds {len(blobs)} blobs where one was expected")


def _index_event(run: str, place: Location, event: Event, contents: _Contents) -> None:
    if event.session_log.status == SessionLog.START:
        contents.restart(event.step)
    for position, value in enumerate(event.summary.value):
        # As TensorBoard does: a tag belongs to the plugin that its first event in the run names.
        owner = contents.plugin_of_tag.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
        tag = parse_tag(value.tag)
        if tag is not None and owner == PLUGIN_NAME:
            written = written_at(event.wall_time)
            contents.references.append(Reference(run, tag, event.step, replace(place, value=position), written))
        elif (number := scalar_value(value, owner)) is not None:
            contents.scalars.setdefault(value.tag, ScalarSeries()).add(event.step, number)
