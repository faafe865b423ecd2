"""How large a record is, and that the largest models are recorded at all."""

import math

import models
import pytest
import torch
from graph_witness import into
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from zoo_networks import Bert, EncoderDecoder, Llama

from torchviz_tb.capture.graph import capture_graph, watch_first_forward
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import seal
from torchviz_tb.records.graph_folding import fold

IDS = torch.arange(16).reshape(2, 8)
SEQUENCE = torch.ones(2, 5, 16)


def transformer(layers: int) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    return nn.Transformer(16, 4, layers // 2, layers // 2, 32, batch_first=True), (SEQUENCE, SEQUENCE)


class Routed(Llama):
    """Experts that get only the tokens that chose them: hardly two calls have the same shapes."""

    class Experts(nn.Module):
        def __init__(self, width: int, inner: int) -> None:
            super().__init__()
            self.gate = nn.Linear(width, 8, bias=False)
            self.experts = nn.ModuleList(Llama.GatedFeedForward(width, inner) for _ in range(8))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            flat = x.reshape(-1, x.shape[-1])
            weights, chosen = self.gate(flat).softmax(-1).topk(2)
            result = torch.zeros_like(flat)
            for number, expert in enumerate(self.experts):
                token, slot = torch.where(chosen == number)
                if len(token):
                    result.index_add_(0, token, weights[token, slot, None] * expert(flat[token]))
            return result.view_as(x)

    def feed_forward(self, width: int, inner: int) -> nn.Module:
        return self.Experts(width, inner)


KINDS = {
    "nn.Transformer": transformer,
    "Bert": lambda layers: (Bert(layers), (IDS,)),
    "EncoderDecoder": lambda layers: (EncoderDecoder(layers // 2), (IDS, IDS)),
    "Llama": lambda layers: (Llama(layers), (IDS,)),
}


def folded_step(model: nn.Module, args: tuple[torch.Tensor, ...]) -> pb.Graph:
    """The graph of a training step, as it is written."""
    graphs: list[pb.Graph] = []
    watch_first_forward(model, into(graphs), pytest.fail)
    result = model(*args)
    (result if isinstance(result, torch.Tensor) else next(iter(result.values()))).sum().backward()
    assert any(operation.backward for operation in graphs[0].operations)
    return fold(graphs[0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [12, 24, 48])
def test_a_transformer_with_its_backward_is_below_64_kilobytes(kind, layers):
    torch.manual_seed(0)
    folded = folded_step(*KINDS[kind](layers))
    assert len(folded.SerializeToString()) < 64_000  # before it is compressed
    assert len(seal(folded)) < 16_000
    assert len(folded.blocks) < 25  # however many layers there are


@pytest.mark.parametrize("layers", [12, 48])
def test_a_mixture_of_experts_that_are_all_called_differently_is_below_64_kilobytes(layers):
    torch.manual_seed(0)
    folded = folded_step(Routed(layers), (torch.randint(0, 32, (4, 64)),))
    assert len(folded.blocks) > 200  # so hardly anything is kept once
    assert len(seal(folded)) < 64_000


def test_2000_layers():
    graph = capture_graph(*models.build("DeepChain"))
    assert len([scope for scope in graph.scopes if scope.type == "Linear"]) == 2000
    assert len(fold(graph).blocks) < 10


@pytest.mark.heavy
def test_a_llama_of_70_billion_parameters_on_the_meta_device():
    with torch.device("meta"):
        model = Llama(80, 8192, 64, 8, 28672, 128256)
        ids = torch.zeros(1, 2048, dtype=torch.int64)
    graph = capture_graph(model, (ids,), {})
    assert sum(math.prod(graph.types[entry.type].shape) for entry in graph.parameters) == 70_553_706_496
    with FlopCounterMode(display=False) as counter:
        model(ids)
    assert sum(operation.flops for operation in graph.operations) == counter.get_total_flops() > 2.9e14
    assert {kind.device for kind in graph.types} == {"meta"}
    assert len(seal(fold(graph))) < 64_000
