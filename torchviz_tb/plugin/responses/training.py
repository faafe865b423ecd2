"""How far a run is."""

from operator import itemgetter

from torchviz_tb.plugin.arrays import Json
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import PROGRESS
from torchviz_tb.records.metadata import Kind


def progress(query: Query) -> Json:
    """The route progress: the newest of the run that can be read."""
    groups = query.groups(query.run)
    told = [(step, group) for group in groups for step in group.steps(Kind.PROGRESS)]
    newest_first = sorted(told, key=itemgetter(0), reverse=True)
    records = ((step, group.read(PROGRESS, step)) for step, group in newest_first)
    newest = next(({"step": step, **vars(found)} for step, found in records if found is not None), None)
    return {"progress": newest, "problems": problems(each for group in groups for each in group.problems)}
