"""The zoo, first part: what networks are built of."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from zoo_model import ZooModel, image, sequence, tokens


class Perceptron(ZooModel):
    """None: the plain case."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class BatchNormNet(ZooModel):
    """Running statistics that kernels change without a version bump, and dropout that draws."""

    inputs = staticmethod(image)

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5))
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).mean((2, 3)))


class FrozenBatchNorm(BatchNormNet):
    """A submodule frozen in eval while the model trains."""

    def __init__(self) -> None:
        super().__init__()
        self.features[1].eval().requires_grad_(False)


class ResidualNet(ZooModel):
    """Skip connections with in-place activations."""

    inputs = staticmethod(image)

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
            self.norm = nn.BatchNorm2d(outputs)
            self.relu = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
            self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

        def forward(self, x: Tensor) -> Tensor:
            y = self.conv2(self.relu(self.norm(self.conv1(x))))
            y += self.shortcut(x)
            return self.relu(y)

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(self.Block(3, 4), self.Block(4, 4), self.Block(4, 6))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x).mean((2, 3))


class UNet(ZooModel):
    """Long skips that end in a concatenation."""

    inputs = staticmethod(image)

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 4, 3, padding=1)
        self.middle = nn.Conv2d(4, 4, 3, padding=1)
        self.up = nn.ConvTranspose2d(4, 4, 2, stride=2)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.down(x)
        inner = self.up(self.middle(F.max_pool2d(skip, 2)))
        return self.out(torch.cat([skip, inner], dim=1))


class SharedModule(ZooModel):
    """One module called three times, under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.relu(self.first(torch.relu(self.first(x)))))


class TiedTransformer(ZooModel):
    """An embedding whose weight is the output layer's, around nn.TransformerEncoder in train mode."""

    inputs = staticmethod(tokens)

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.encoder(self.embedding(ids)))


class FusedEncoder(ZooModel):
    """nn.TransformerEncoderLayer on its fused path, which hooks on its modules would switch off."""

    inputs = staticmethod(sequence)

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(x)


class Recurrent(ZooModel):
    """An LSTM: one operation with several outputs, and a nested tuple returned."""

    inputs = staticmethod(sequence)

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 4, num_layers=2, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        return self.lstm(x)


class GraphConvolution(ZooModel):
    """A sparse adjacency matrix among the arguments."""

    @staticmethod
    def inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
        adjacency = torch.sparse_coo_tensor(
            torch.tensor([[0, 1, 2], [1, 2, 0]]), torch.ones(3), (3, 3), check_invariants=True
        )
        return (torch.randn(3, 4), adjacency.coalesce()), {}

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Linear(4, 2)

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        return torch.relu(torch.sparse.mm(adjacency, self.weight(x)))


class MixtureOfExperts(ZooModel):
    """Parallel experts, chosen by value, that write into slices of one result."""

    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(4, 3)
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        weights, choice = self.router(x).softmax(-1).topk(2)
        result = torch.zeros_like(x)
        for index, expert in enumerate(self.experts):
            rows, slot = torch.where(choice == index)
            if len(rows):
                result.index_add_(0, rows, expert(x[rows]) * weights[rows, slot, None])
        return result


class CachedAttention(ZooModel):
    """A key-value cache in a buffer: written by index, then read as a whole."""

    inputs = staticmethod(sequence)

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(8, 24)
        self.register_buffer("keys", torch.zeros(2, 6, 8), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.project(x).chunk(3, dim=-1)
        with torch.no_grad():
            self.keys[:, :5].copy_(key)
        return F.scaled_dot_product_attention(query, self.keys[:, :5] + key, value)


class MixedPrecision(ZooModel):
    """bfloat16 weights, complex numbers and an integer result."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4, dtype=torch.bfloat16)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = torch.fft.fft(self.linear(x.bfloat16()).float())
        return y, y.abs().argmax(-1)


class EmptyBatch(ZooModel):
    """No rows at all."""

    @staticmethod
    def inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (torch.randn(0, 4),), {}

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).relu()


class DeepChain(ZooModel):
    """2000 layers: nothing may recurse over the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(nn.Linear(2, 2) for _ in range(2000)))

    @staticmethod
    def inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (torch.randn(1, 2),), {}

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
