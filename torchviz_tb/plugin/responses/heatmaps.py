"""The gradient heatmaps of all sites at one step."""

from typing import Any

import numpy.typing as npt

from torchviz_tb.errors import RecordError
from torchviz_tb.plugin.arrays import Arrays, Json
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import HEATMAPS
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.heatmap_ranges import QUANTITIES, heatmap_ranges
from torchviz_tb.reading.heatmaps import Heatmap
from torchviz_tb.records.metadata import Kind


def heatmaps(query: Query) -> Arrays:
    """The route heatmaps."""
    group, step = query.group, query.step_of(Kind.HEATMAPS)
    ranges = heatmap_ranges(group)
    entries: list[Json] = []
    arrays: dict[str, npt.NDArray[Any]] = {}
    for i, (position, heatmap) in enumerate(_heatmaps(group, step)):
        own = ranges.sites.get(position, dict.fromkeys(QUANTITIES))
        entries.append({"site": group.sites.sites[position].name, "ranges": own, **_entry(heatmap)})
        arrays[f"abs_max/{i}"] = heatmap.abs_max
        arrays[f"mean/{i}"] = heatmap.mean
        arrays[f"row_max/{i}"] = heatmap.row_max
        arrays[f"column_max/{i}"] = heatmap.column_max
    header = {"step": step, "ranges": ranges.shared, "heatmaps": entries, "problems": problems(group.problems)}
    return Arrays(header, arrays)


def _heatmaps(group: Group, step: int) -> list[tuple[int, Heatmap]]:
    """The heatmaps that can be read, by position of their sites and in this order."""
    joined = group.read_on_sites(HEATMAPS, step)
    if joined is None:
        return []
    found = []
    for stage, own in sorted(joined.record.entries, key=lambda key: joined.positions[key[1]]):
        try:
            heatmap = joined.record.heatmap(stage, own)
        except RecordError as error:
            group.report(Kind.HEATMAPS, step, error)
            continue
        if heatmap is not None:
            found.append((int(joined.positions[own]), heatmap))
    return found


def _entry(heatmap: Heatmap) -> Json:
    cell_rows, cell_columns = heatmap.abs_max.shape
    return {
        "stage": heatmap.stage,
        "rows": heatmap.rows,
        "columns": heatmap.columns,
        "cell_rows": cell_rows,
        "cell_columns": cell_columns,
        "max_error": heatmap.max_error,
        "dead_rows": heatmap.dead_rows,
        "dead_columns": heatmap.dead_columns,
    }
