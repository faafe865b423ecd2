"""What a run's first file needs so that a later ``purge_step`` replaces steps in both of TensorBoard's backends."""

import os
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog


def is_new_run(log_dir: str | os.PathLike[str]) -> bool:
    """Whether a local directory has no event file yet. Remote ones are not asked, and count as old."""
    return "://" not in str(log_dir) and not any(Path(log_dir).glob("*tfevents*"))


def first_event() -> Event:
    """A session that starts at step 0.

    The Python backend takes no notice of the first start that it meets, so without this one it would
    be the start of the resumed session. In any later file it would purge the whole run.
    """
    return Event(step=0, session_log=SessionLog(status=SessionLog.START))
