"""Opening a log directory without a TensorBoard server."""

import os

from torchviz_tb.reading.cache import RecordCache
from torchviz_tb.reading.event_files import EventFileSource
from torchviz_tb.reading.run import Run


def load(log_dir: str | os.PathLike[str]) -> dict[str, Run]:
    """The runs of a log directory by name, those without our records too.

    Cost: passes over every event file once; records are read when they are asked for. Names are
    TensorBoard's: the path under ``log_dir``, "." for itself. Raises ArgumentError where there is
    no such directory; an empty one gives {}.

    >>> run = load("runs")["first"]                             # doctest: +SKIP
    >>> steps, names, norms = run.statistics("l2", stage="gradient")  # doctest: +SKIP
    """
    source, cache = EventFileSource(log_dir), RecordCache()
    return {name: Run(name, source, cache, source.problems(name)) for name in source.run_names()}
