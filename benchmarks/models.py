"""The models whose samples are measured: transformers' tensors, with parameters and gradients as after training."""

from collections.abc import Sequence

import torch
from torch import nn

WIDTH, BLOCKS, VOCABULARY = 512, 8, 4900


class Block(nn.Module):
    """The parameters of one transformer block, 12 tensors. It is never run."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.norm_2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)


def thirty_million(dtype: torch.dtype) -> nn.Module:
    """About 30 million parameters in 100 tensors, with gradients."""
    head = nn.Linear(WIDTH, VOCABULARY, bias=False)
    parts = [nn.Embedding(VOCABULARY, WIDTH), *(Block(WIDTH) for _ in range(BLOCKS)), nn.LayerNorm(WIDTH), head]
    return _trained(parts, dtype)


def gpt2_small() -> nn.Module:
    """The 148 tensors of GPT-2 small, 124 million parameters, with gradients."""
    embeddings = [nn.Embedding(50257, 768), nn.Embedding(1024, 768)]
    return _trained([*embeddings, *(Block(768) for _ in range(12)), nn.LayerNorm(768)], torch.float32)


def _trained(parts: Sequence[nn.Module], dtype: torch.dtype) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(*parts)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(float(parameter.dim() == 1), 0.02)
    model.to(dtype)
    for parameter in model.parameters():
        # Each row has a scale of its own, as units have that learn at different speeds.
        scale = torch.exp(torch.randn(parameter.shape[:1])).reshape(-1, *[1] * (parameter.dim() - 1))
        parameter.grad = (1e-4 * scale * torch.randn(parameter.shape)).to(dtype)
    return model
