"""The order in which a model runs its modules."""

from torchviz_tb.reading.decode import GRAPH
from torchviz_tb.reading.group import Group
from torchviz_tb.records.metadata import Kind


def execution_ranks(group: Group) -> list[int]:
    """Position of each site's module in the order of the calls; the model's own order without a graph."""
    steps = group.steps(Kind.GRAPH)
    graph = group.read(GRAPH, steps[-1]) if steps else None
    sites = group.sites.sites
    if graph is None:
        return list(range(len(sites)))
    first_call = {path: rank for rank, path in reversed(list(enumerate(scope.path for scope in graph.scopes)))}
    last = len(graph.scopes)
    return [first_call.get(site.module, last) for site in sites]
