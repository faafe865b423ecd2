"""The model's graph, in columns."""

from torchviz_tb.plugin.arrays import Json
from torchviz_tb.plugin.query import Query, RequestError
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import GRAPH
from torchviz_tb.reading.graph import Graph, Node, Scope
from torchviz_tb.records.metadata import Kind


def graph(query: Query) -> Json:
    """The route graph: the newest one that can be read."""
    group = query.group
    for step in reversed(group.steps(Kind.GRAPH)):
        found = group.read(GRAPH, step)
        if found is not None:
            return {**_graph(found), "problems": problems(group.problems)}
    why = "; ".join(problem.message for problem in group.problems)
    if why:
        raise RequestError(404, f"the graph of group '{group.name}' of run '{group.run}' can't be read", f"Why: {why}.")
    message = f"group '{group.name}' of run '{group.run}' has no graph"
    raise RequestError(404, message, "watch(model) or add_graph(model) writes one.")


def _graph(graph: Graph) -> Json:
    return {
        "model_type": graph.model_type,
        "mode": graph.mode or "modules",
        "torch_version": graph.torch_version,
        "notes": graph.notes,
        "dropped_operations": graph.dropped_operations,
        "types": [{"shape": each.shape, "dtype": each.dtype, "device": each.device or ""} for each in graph.types],
        "parameters": [vars(each) for each in graph.parameters],
        "scopes": _scopes(graph.scopes),
        "operations": _operations(graph.nodes),
        "inputs": [{"name": each.name, "type": each.type} for each in graph.inputs],
        "outputs": [vars(each) for each in graph.outputs],
    }


def _scopes(scopes: tuple[Scope, ...]) -> Json:
    return {
        "path": [scope.path for scope in scopes],
        "type": [scope.type for scope in scopes],
        "parent": [scope.parent for scope in scopes],
        "call": [scope.call for scope in scopes],
        "parameters": [scope.parameters for scope in scopes],
        "training": [scope.training for scope in scopes],
    }


def _operations(nodes: tuple[Node, ...]) -> Json:
    return {
        "name": [node.name for node in nodes],
        "scope": [node.scope for node in nodes],
        "sources": [node.sources for node in nodes],
        "outputs": [node.outputs for node in nodes],
        "parameters": [node.parameters for node in nodes],
        "flops": [node.flops or 0 for node in nodes],
    }
