"""A transformer to train: what a step costs with and without us."""

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Attention and two layers behind it, each module called by name as people write them."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.gelu, self.down = nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        self.dropout_1, self.dropout_2 = nn.Dropout(0.1), nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Both, each added to what came in."""
        batch, length, width = x.shape
        parts = self.qkv(self.norm_1(x)).chunk(3, -1)
        query, key, value = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in parts)
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.dropout_1(self.projection(attended.transpose(1, 2).reshape(batch, length, width)))
        added: torch.Tensor = self.dropout_2(self.down(self.gelu(self.up(self.norm_2(x)))))
        return x + added


class Transformer(nn.Module):
    """A language model: symbols to logits."""

    def __init__(self, vocabulary: int, width: int, blocks: int, heads: int, length: int) -> None:
        super().__init__()
        self.symbols, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(blocks)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, symbols: torch.Tensor) -> torch.Tensor:
        """[batch, length] to [batch, length, vocabulary]."""
        x = self.symbols(symbols) + self.positions.weight[: symbols.shape[1]]
        logits: torch.Tensor = self.head(self.norm(self.blocks(x)))
        return logits


class Training:
    """A transformer, its optimizer and one batch."""

    def __init__(self, *, vocabulary: int, width: int, blocks: int, heads: int, length: int, batch: int) -> None:
        torch.manual_seed(0)
        self.model = Transformer(vocabulary, width, blocks, heads, length)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)
        self.symbols, self.targets = torch.randint(0, vocabulary, (2, batch, length))

    def step(self) -> None:
        """One step."""
        loss = functional.cross_entropy(self.model(self.symbols).flatten(0, 1), self.targets.flatten())
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
