"""The answer of each route, as a pure function of a query."""

from collections.abc import Callable, Mapping

from torchviz_tb.plugin.arrays import Arrays, Json
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.findings import findings
from torchviz_tb.plugin.responses.flight_recorder import flight_recorder
from torchviz_tb.plugin.responses.graph import graph
from torchviz_tb.plugin.responses.heatmaps import heatmaps
from torchviz_tb.plugin.responses.histograms import bands, distances, distributions
from torchviz_tb.plugin.responses.incidents import incidents, watch_cost
from torchviz_tb.plugin.responses.meanings import meanings
from torchviz_tb.plugin.responses.scalars import learning_rates, losses
from torchviz_tb.plugin.responses.statistics import execution_order, site, sites, statistics
from torchviz_tb.plugin.responses.tensor_views import tensor_view, tensor_views
from torchviz_tb.plugin.responses.training import progress

RESPONSES: Mapping[str, Callable[[Query], Json | Arrays]] = {
    response.__name__: response
    for response in (
        sites, statistics, site, distributions, bands, distances, heatmaps, graph, tensor_views, tensor_view, losses,
        learning_rates, progress, execution_order, findings, incidents, flight_recorder, watch_cost, meanings,
    )
}  # fmt: skip
"""By route. The route ``runs`` also needs the log directory: responses/runs.py."""
