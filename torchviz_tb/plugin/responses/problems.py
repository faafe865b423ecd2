"""Problems as they go over the wire."""

from collections.abc import Iterable

from torchviz_tb.plugin.arrays import Json
from torchviz_tb.reading.problems import Problem


def problems(found: Iterable[Problem]) -> list[Json]:
    """As http_api.md shows them."""
    return [
        {
            "run": problem.run,
            "group": problem.group,
            "kind": problem.kind.value if problem.kind else None,
            "step": problem.step,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in found
    ]
