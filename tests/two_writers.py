"""The same calls to torch's SummaryWriter and to ours, and what each left on disk, brought to a form that compares."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter

from torchviz_tb import SummaryWriter

Call = Callable[[Any], object]
Kept = dict[str, list[Event] | bytes]

WALLTIME = 1_700_000_000.25
"""What calls pass as walltime: only this time is compared, since all others tell when the test ran."""


def both(tmp_path: Path, call: Call, **settings: Any) -> tuple[Kept, Kept]:
    """What torch's writer kept of the call, and what ours did."""
    kept = []
    for number, writer_type in enumerate((TorchSummaryWriter, SummaryWriter)):
        # Of one length and with one name, since paths are part of what some calls write.
        log_dir = tmp_path / str(number) / "run"
        with writer_type(log_dir, **settings) as writer:
            call(writer)
        kept.append(on_disk(log_dir))
    return kept[0], kept[1]


def on_disk(log_dir: Path) -> Kept:
    """Events by directory, other files by path; a directory that is named after the time counts as "time"."""
    found: Kept = {}
    for path in sorted(log_dir.rglob("*")):
        name = re.sub(r"\d{9,}\.\d+(?=/|$)", "time", path.relative_to(log_dir).as_posix())
        if "tfevents" in path.name:
            kept = found.setdefault(str(Path(name).parent), [])
            assert isinstance(kept, list)
            kept += map(_comparable, filter(_is_of_a_call, LegacyEventFileLoader(str(path)).Load()))
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def _comparable(event: Event) -> Event:
    event.wall_time = event.wall_time if event.wall_time == WALLTIME else 0
    event.ClearField("source_metadata")
    return event


def _is_of_a_call(event: Event) -> bool:
    """Not the session that our first file of a run begins with, so that a later purge_step works."""
    return not (event.HasField("session_log") and event.step == 0)
