"""Watching the first forward of a model of which something is compiled, scripted or traced."""

import models
import pytest
import torch
from first_forward import PERCEPTRON_PATHS, Watched
from graph_witness import names
from torch import nn
from torch._dynamo.utils import counters

from torchviz_tb.records import records_pb2 as pb


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
def test_a_script_module_gives_its_tree_at_once():
    watched = Watched(torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU())))
    assert watched.outcome == (1, 0)
    (graph,) = watched.graphs
    assert graph.mode == pb.CAPTURE_MODE_MODULES
    assert [(scope.path, scope.type) for scope in graph.scopes] == [("", "Sequential"), ("0", "Linear"), ("1", "ReLU")]
    assert "ScriptModule" in graph.notes[0]
    assert not watched.handle.waiting


def test_a_compiled_model_or_part_gives_its_tree_at_once():
    part = models.build("Perceptron").model
    part.layers.compile(backend="eager")
    whole = torch.compile(models.build("Perceptron").model, backend="eager")
    for model in (part, whole):
        (graph,) = Watched(model).graphs
        assert graph.mode == pb.CAPTURE_MODE_MODULES
        assert [scope.path for scope in graph.scopes] == ["", *PERCEPTRON_PATHS]
        assert "compiled" in graph.notes[0]


@pytest.mark.parametrize("in_place", [False, True])
def test_compiling_after_the_watch_compiles_as_without_us_and_shows_the_modules(in_place):
    call = models.build("Perceptron")
    watched = Watched(call.model)
    if in_place:
        call.model.compile(backend="eager", fullgraph=True)
        compiled = call.model
    else:
        compiled = torch.compile(call.model, backend="eager", fullgraph=True)
    expected = compiled(*call.args)
    with torch.compiler.set_stance("fail_on_recompile"):
        assert torch.equal(compiled(*call.args), expected)
    assert watched.outcome == (1, 0)
    (graph,) = watched.graphs
    assert graph.mode == pb.CAPTURE_MODE_MODULES
    assert "compiled" in graph.notes[0]
    assert [scope.path for scope in graph.scopes] == ["", *PERCEPTRON_PATHS]
    assert not watched.handle.waiting


def test_a_part_that_is_compiled_after_the_watch_gives_the_tree_at_the_first_call():
    call = models.build("Perceptron")
    watched = Watched(call.model)
    call.model.layers.compile(backend="eager")
    call.run()
    call.run()
    assert watched.outcome == (1, 0)
    assert watched.graphs[0].mode == pb.CAPTURE_MODE_MODULES
    assert watched.clean


def test_a_compiled_function_within_the_forward_goes_on_being_compiled():
    """Under other dispatch modes torch gives such a function up for the rest of the process."""

    @torch.compile(backend="eager", fullgraph=True)
    def double(x):
        return x * 2

    class Calling(nn.Module):
        def forward(self, x):
            return double(x) + 1

    watched = Watched(Calling())
    x = torch.randn(3)
    assert torch.equal(watched.model(x), x * 2 + 1)
    assert torch.equal(watched.model(x), x * 2 + 1)
    assert watched.outcome == (1, 0)


def test_operations_between_the_pieces_of_compiled_code_are_recorded_and_the_compiler_leaves_ours_alone():
    """There it looks at every function that is called."""

    def in_pieces(x):
        y = x * 2
        torch.nonzero(y)  # as its result depends on values, it is not compiled
        return (y + 1).sin()

    class Calling(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 3)

        def forward(self, x):
            return self.linear(torch.compile(in_pieces, backend="eager")(x))

    def frames_of_a_step(model) -> int:
        torch._dynamo.reset()
        counters.clear()
        model(torch.randn(2, 3)).sum().backward()
        return counters["frames"]["total"]

    alone, watched = frames_of_a_step(Calling()), Watched(Calling())
    assert frames_of_a_step(watched.model) == alone
    assert watched.outcome == (1, 0)
    seen = names(watched.graphs[0])
    assert [seen.count(name) for name in ("aten.mul", "aten.sin", "aten.addmm")] == [1, 1, 1]
    assert seen[-2:] == ["aten.t", "aten.addmm"]


def test_tracing_is_not_a_training_step():
    call = models.build("Perceptron")
    watched = Watched(call.model)
    with pytest.warns(DeprecationWarning, match="torch.jit.trace"):
        torch.jit.trace(call.model, call.args, check_trace=False)  # the check would be a plain call
    assert watched.outcome == (0, 0)
    watched.handle.remove()
    assert watched.clean
