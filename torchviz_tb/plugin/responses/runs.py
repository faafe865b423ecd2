"""What there is: runs, groups, kinds, and the state of the log directory."""

from torchviz_tb.plugin.arrays import Json
from torchviz_tb.plugin.log_directory import LogDirectory
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.curves import curve_names
from torchviz_tb.reading.group import Group
from torchviz_tb.records.metadata import SCHEMA_VERSION


def runs(query: Query, log_directory: LogDirectory) -> Json:
    """The route runs."""
    groups = query.groups()
    tags = query.source.scalar_tags_by_run()
    report = log_directory.inspect()
    return {
        "schema_version": SCHEMA_VERSION,
        "log_directory": {"path": log_directory.path, "state": report.state},
        "runs": [
            {
                "name": name,
                "groups": [_group(group) for group in groups if group.run == name],
                "curves": curve_names(tags.get(name, [])),
            }
            for name in query.source.run_names()
        ],
        "problems": problems(report.problems),
    }


def _group(group: Group) -> Json:
    return {"name": group.name, "kinds": {kind.value: steps for kind, steps in group.kinds.items()}}
