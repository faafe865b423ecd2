"""All scalars that a writer has logged by ``add_scalars``, as tensorboardX exports them."""

import json
import os
from array import array
from pathlib import Path
from typing import Any

_ROW = 3  # time, step, value


class ScalarExport:
    """Keeps time, step and value of each scalar: 24 bytes each, until they are exported."""

    def __init__(self) -> None:
        self._rows: dict[str, array[float]] = {}

    def add(self, writer_id: str, walltime: float, global_step: Any, value: float) -> None:
        """Adds one; where there is no step it counts as 0, as in the event file."""
        self._rows.setdefault(writer_id, array("d")).extend((walltime, int(global_step or 0), value))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes ``{writer_id: [[walltime, step, value], ...], ...}`` as JSON, and forgets what it has written."""
        rows, self._rows = self._rows, {}
        Path(path).write_text(json.dumps({name: _table(kept) for name, kept in rows.items()}), encoding="ascii")


def _table(kept: "array[float]") -> list[list[float]]:
    starts = range(0, len(kept), _ROW)
    return [[kept[start], int(kept[start + 1]), kept[start + 2]] for start in starts]
