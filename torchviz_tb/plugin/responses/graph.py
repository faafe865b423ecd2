"""The model's graph, in columns."""

from torchviz_tb.plugin.arrays import Json
from torchviz_tb.plugin.query import Query, RequestError
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import GRAPH
from torchviz_tb.reading.graph import BackwardNode, FunctionCall, Graph, Node, Scope
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
        "files": graph.files,
        "scopes": _scopes(graph.scopes),
        "calls": _calls(graph.calls),
        "operations": _operations(graph.nodes),
        "backward": _backward(graph.backward),
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
        "structure": [scope.structure for scope in scopes],
        "file": [_or(scope.file, -1) for scope in scopes],
        "line": [scope.line or 0 for scope in scopes],
    }


def _calls(calls: tuple[FunctionCall, ...]) -> Json:
    return {
        "name": [call.name for call in calls],
        "scope": [call.scope for call in calls],
        "file": [_or(call.file, -1) for call in calls],
        "line": [call.line or 0 for call in calls],
    }


def _operations(nodes: tuple[Node, ...]) -> Json:
    return {
        "name": [node.name for node in nodes],
        "scope": [node.scope for node in nodes],
        "sources": [node.sources for node in nodes],
        "source_types": [[_or(kind, -1) for kind in node.source_types] for node in nodes],
        "outputs": [node.outputs for node in nodes],
        "parameters": [node.parameters for node in nodes],
        "flops": [node.flops or 0 for node in nodes],
        "bytes": [node.bytes or 0 for node in nodes],
        "call": [_or(node.call, -1) for node in nodes],
        "attributes": [dict(node.attributes) for node in nodes],
    }


def _backward(nodes: tuple[BackwardNode, ...]) -> Json:
    return {
        "name": [node.name for node in nodes],
        "forward": [_or(node.forward, -1) for node in nodes],
        "flops": [node.flops or 0 for node in nodes],
        "recomputed": [node.recomputed for node in nodes],
    }


def _or(value: int | None, absent: int) -> int:
    return absent if value is None else value
