"""TensorBoard's own Graphs tab opens for every model: asked through its own plugin and route."""

import io

import models
import pytest
from google.protobuf import text_format
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.graph.graphs_plugin import GraphsPlugin
from werkzeug.test import Client
from werkzeug.wrappers import Request

import torchviz_tb
from torchviz_tb.capture.graph import capture_graph, module_tree
from torchviz_tb.events.graph_def import graph_def
from torchviz_tb.records import records_pb2 as pb

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Gives the graph of a run as the page of the Graphs tab gets it; each model of the zoo has a run."""
    log_dir = tmp_path_factory.mktemp("graphs")
    for name in models.names():
        call = models.build(name)
        with torchviz_tb.SummaryWriter(log_dir / name) as writer:
            writer.add_graph(call.model, call.args, input_kwargs=call.kwargs)
    multiplexer = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(str(log_dir))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(log_dir))
    plugin = GraphsPlugin(TBContext(data_provider=provider, logdir=str(log_dir)))
    routes = plugin.get_plugin_apps()

    def serve(run: str) -> GraphDef:
        @Request.application
        def application(request):
            return lambda environ, start: routes["/graph"](environ, start)

        answer = Client(application).get("/graph", query_string={"run": run, "conceptual": "false"})
        assert answer.status_code == 200
        return text_format.Parse(io.BytesIO(answer.get_data()).read().decode(), GraphDef())

    return serve


@pytest.mark.parametrize("name", models.names())
def test_the_graphs_tab_gets_a_graph_that_it_can_draw(served, name):
    graph = served(name)
    names = [node.name for node in graph.node]
    assert len(set(names)) == len(names) > 0
    assert not [one for one in names if one.startswith(("/", "^")) or ":" in one or "//" in one]
    before: set[str] = set()
    for node in graph.node:
        assert before.issuperset(node.input)  # so there is no cycle, and nothing is missing
        before.add(node.name)
    folders = {one.rpartition("/")[0] for one in names}
    assert not folders.intersection(names), "a node and a scope have the same name"


def test_module_calls_are_name_scopes_and_nodes_have_shapes():
    definition = graph_def(capture_graph(*models.build("SharedModule")))
    nodes = {node.name: node for node in definition.node}
    calls = [f"SharedModule/Linear[first]{suffix}" for suffix in ("", "_1", "_2")]
    assert {f"{call}/{name}" for call in calls for name in ("t", "addmm")} <= set(nodes)
    assert {f"{calls[0]}/weight", f"{calls[0]}/bias", "inputs/x", "outputs/output"} <= set(nodes)
    addmm = nodes[f"{calls[0]}/addmm"]
    (shape,) = addmm.attr["_output_shapes"].list.shape
    assert [dim.size for dim in shape.dim] == [2, 4]
    assert addmm.device == "/device:CPU:0"
    assert addmm.op == "aten::addmm"
    assert set(addmm.input) == {"inputs/x", f"{calls[0]}/t", f"{calls[0]}/bias"}


def test_attributes_are_told():
    definition = graph_def(capture_graph(*models.build("BatchNormNet")))
    (convolution,) = [node for node in definition.node if node.op == "aten::convolution"]
    assert convolution.attr["stride"].s == b"[1, 1]"


def test_without_operations_the_modules_are_the_nodes():
    definition = graph_def(module_tree(models.build("Perceptron").model))
    names = [node.name for node in definition.node if node.op not in ("Parameter", "Buffer")]
    assert names == [f"Perceptron/Sequential[layers]/{kind}[{number}]/module" for number, kind in enumerate(
        ("Linear", "ReLU", "Linear")
    )]  # fmt: skip


@pytest.mark.parametrize("name", ["", "a/b", "^x", "a:0", "<img onerror=alert(1)>", "x" * 10**6, "‮abc"])
def test_hostile_names_stay_one_part_of_a_name(name):
    graph = pb.Graph(types=[pb.TensorType(shape=[1], dtype="float32", device="cpu")])
    graph.scopes.add(type=name)
    graph.scopes.add(type=name, path=name)
    graph.inputs.add(name=name)
    graph.operations.add(name=name, scope=1, outputs=[0], sources=[pb.Source(input=1)])
    graph.operations.add(name=name, scope=1, outputs=[0], sources=[pb.Source(operation=1)])
    names = [node.name for node in graph_def(graph).node]
    assert len(set(names)) == 3
    assert all(len(each) < 1000 and not set(each) & set("<>^:‮ ") for each in names)
    assert "//" not in "".join(names)
