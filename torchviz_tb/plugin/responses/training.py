"""How far a run is."""

from torchviz_tb.plugin.arrays import Json
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import PROGRESS
from torchviz_tb.records.metadata import Kind


def progress(query: Query) -> Json:
    """The route progress: the newest that can be read."""
    group = query.group
    for step in reversed(group.steps(Kind.PROGRESS)):
        found = group.read(PROGRESS, step)
        if found is not None:
            return {"progress": {"step": step, **vars(found)}, "problems": problems(group.problems)}
    return {"progress": None, "problems": problems(group.problems)}
