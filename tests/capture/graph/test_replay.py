"""The captured operations, run again on the captured inputs, give the outputs."""

import copy
import inspect

import models
import pytest
import torch
from graph_witness import into, tensors
from replay import Replay, Tape
from torch.utils._pytree import tree_leaves

from torchviz_tb.capture.graph import watch_first_forward
from torchviz_tb.records import records_pb2 as pb

NAMES = (
    "Perceptron",
    "BatchNormNet",
    "ResidualNet",
    "UNet",
    "SharedModule",
    "TiedTransformer",
    "Recurrent",
    "MixtureOfExperts",
    "CachedAttention",
    "MixedPrecision",
    "DataDependentLoop",
    "InPlaceViews",
    "WrittenInput",
    "Recursive",
    "CustomFunction",
    "Checkpointed",
    "VariableArguments",
    "NestedDicts",
    "ResNet",
    "DeepUNet",
    "Bert",
    "EncoderDecoder",
    "Llama",
    "Mixtral",
    "Mamba",
)


def taped(name: str) -> tuple[Replay, Tape, list[torch.Tensor], pb.Graph]:
    """A graph of a model of the zoo ready to run, the tape of the same forward, and its results."""
    call = models.build(name)
    model = call.model
    graphs: list[pb.Graph] = []
    handle = watch_first_forward(model, into(graphs), pytest.fail)
    tape = Tape()
    before = copy.deepcopy((call.args, call.kwargs, dict(all_tensors(model))))
    with tape:
        result = call.run()
    handle.finish()
    results = [leaf.detach().clone() for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
    bound = inspect.signature(model.forward).bind(*call.args, **call.kwargs)
    inputs, held = tensors(bound.arguments), dict(all_tensors(model))
    replay = Replay(graphs[0], inputs, held)
    replay.start_from(tensors(inspect.signature(model.forward).bind(*before[0], **before[1]).arguments), before[2])
    return replay, tape, results, graphs[0]


def all_tensors(model: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    return [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]


@pytest.mark.parametrize("name", NAMES)
def test_the_operations_give_the_outputs_when_they_run_again(name):
    replay, tape, results, graph = taped(name)
    replay.run(tape)
    assert len(results) == len(graph.outputs)
    for expected, found in zip(results, replay.outputs(), strict=True):
        assert any(torch.equal(expected, value) for value in found if value.shape == expected.shape)


@pytest.mark.parametrize("name", ["ResidualNet", "Bert", "InPlaceViews"])
def test_a_graph_with_a_missing_edge_does_not_run(name):
    replay, tape, _, graph = taped(name)
    with_two = [operation for operation in graph.operations if operation.sources]
    del with_two[-1].sources[0]
    with pytest.raises(AssertionError):
        replay.run(tape)
