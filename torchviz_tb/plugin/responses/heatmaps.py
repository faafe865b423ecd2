"""The gradient heatmaps of all sites at one step."""

from typing import Any

import numpy.typing as npt

from torchviz_tb.errors import RecordError
from torchviz_tb.plugin.arrays import Arrays, Json
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import HEATMAPS
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.heatmaps import Heatmap
from torchviz_tb.records.metadata import Kind


def heatmaps(query: Query) -> Arrays:
    """The route heatmaps."""
    group, step = query.group, query.step_of(Kind.HEATMAPS)
    entries: list[Json] = []
    arrays: dict[str, npt.NDArray[Any]] = {}
    for i, (site, heatmap) in enumerate(_heatmaps(group, step)):
        entries.append(_entry(site, heatmap))
        arrays[f"abs_max/{i}"] = heatmap.abs_max
        arrays[f"mean/{i}"] = heatmap.mean
        arrays[f"row_max/{i}"] = heatmap.row_max
        arrays[f"column_max/{i}"] = heatmap.column_max
    return Arrays({"step": step, "heatmaps": entries, "problems": problems(group.problems)}, arrays)


def _heatmaps(group: Group, step: int) -> list[tuple[str, Heatmap]]:
    """The heatmaps that can be read, in the order of the sites."""
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
            found.append((group.sites.sites[joined.positions[own]].name, heatmap))
    return found


def _entry(site: str, heatmap: Heatmap) -> Json:
    cell_rows, cell_columns = heatmap.abs_max.shape
    return {
        "site": site,
        "stage": heatmap.stage,
        "rows": heatmap.rows,
        "columns": heatmap.columns,
        "cell_rows": cell_rows,
        "cell_columns": cell_columns,
        "max_error": heatmap.max_error,
        "dead_rows": heatmap.dead_rows,
        "dead_columns": heatmap.dead_columns,
    }
