"""The zoo, fourth part: whole networks at their true depth and toy widths, for folding and for drawing."""

import itertools

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from zoo_model import ZooModel


def token_ids(vocabulary: int = 32, length: int = 8):
    return (torch.randint(0, vocabulary, (2, length)),), {}


class ResNet(ZooModel):
    """ResNet-18: four stages of two residual blocks."""

    @staticmethod
    def inputs():
        return (torch.randn(2, 3, 32, 32),), {}

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.relu = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.downsample = None
            if stride != 1 or inputs != outputs:
                self.downsample = nn.Sequential(
                    nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
                )

        def forward(self, x: Tensor) -> Tensor:
            shortcut = x if self.downsample is None else self.downsample(x)
            y = self.relu(self.bn1(self.conv1(x)))
            y = self.bn2(self.conv2(y))
            y += shortcut
            return self.relu(y)

    def __init__(self, blocks: tuple[int, ...] = (2, 2, 2, 2), width: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = width
        for stage, count in enumerate(blocks):
            outputs = width * 2**stage
            layers = [
                self.Block(inputs if i == 0 else outputs, outputs, 2 if stage and i == 0 else 1) for i in range(count)
            ]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
            inputs = outputs
        self.stages = len(blocks)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(inputs, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))


class DeepUNet(ZooModel):
    """U-Net with four levels; skips join by concatenation."""

    inputs = staticmethod(lambda: ((torch.randn(1, 3, 32, 32),), {}))

    class DoubleConv(nn.Sequential):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__(
                nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
                nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
            )  # fmt: skip

    def __init__(self, width: int = 4, levels: int = 4) -> None:
        super().__init__()
        sizes = [width * 2**level for level in range(levels + 1)]
        self.stem = self.DoubleConv(3, width)
        self.pool = nn.MaxPool2d(2)
        self.down = nn.ModuleList(self.DoubleConv(a, b) for a, b in itertools.pairwise(sizes))
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in itertools.pairwise(sizes))
        self.merge = nn.ModuleList(self.DoubleConv(2 * a, a) for a in sizes[:-1])
        self.head = nn.Conv2d(width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(self.pool(x))
        for up, merge in zip(reversed(self.up), reversed(self.merge), strict=True):
            x = merge(torch.cat([skips.pop(), up(x)], dim=1))
        return self.head(x)


class Attention(nn.Module):
    """Multi-head attention; the values may come from elsewhere, and the future may be hidden."""

    def __init__(self, width: int, heads: int, *, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor, memory: Tensor | None = None) -> Tensor:
        source = x if memory is None else memory
        query, key, value = (self.split(y) for y in (self.query(x), self.key(source), self.value(source)))
        y = F.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        return self.out(y.transpose(1, 2).flatten(2))

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class FeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.gelu(self.up(x)))


class Bert(ZooModel):
    """BERT: twelve layers, norms behind the sums."""

    inputs = staticmethod(token_ids)

    class Layer(nn.Module):
        def __init__(self, width: int, heads: int) -> None:
            super().__init__()
            self.attention, self.norm1 = Attention(width, heads), nn.LayerNorm(width)
            self.feed_forward, self.norm2 = FeedForward(width), nn.LayerNorm(width)
            self.dropout = nn.Dropout(0.1)

        def forward(self, x: Tensor) -> Tensor:
            x = self.norm1(x + self.dropout(self.attention(x)))
            return self.norm2(x + self.dropout(self.feed_forward(x)))

    def __init__(self, layers: int = 12, width: int = 16, heads: int = 4) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(32, width), nn.Embedding(64, width)
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(self.Layer(width, heads) for _ in range(layers))
        self.pooler = nn.Linear(width, width)

    def forward(self, ids: Tensor) -> dict[str, Tensor]:
        x = self.norm(self.words(ids) + self.positions(torch.arange(ids.shape[1], device=ids.device)))
        for layer in self.layers:
            x = layer(x)
        return {"hidden": x, "pooled": torch.tanh(self.pooler(x[:, 0]))}


class EncoderDecoder(ZooModel):
    """Six layers that read, six that write and look at what the last of them read."""

    @staticmethod
    def inputs():
        return (torch.randint(0, 32, (2, 7)), torch.randint(0, 32, (2, 5))), {}

    class Encoder(nn.Module):
        def __init__(self, width: int, heads: int) -> None:
            super().__init__()
            self.norm1, self.attention = nn.LayerNorm(width), Attention(width, heads)
            self.norm2, self.feed_forward = nn.LayerNorm(width), FeedForward(width)

        def forward(self, x: Tensor) -> Tensor:
            x = x + self.attention(self.norm1(x))
            return x + self.feed_forward(self.norm2(x))

    class Decoder(nn.Module):
        def __init__(self, width: int, heads: int) -> None:
            super().__init__()
            self.norm1, self.attention = nn.LayerNorm(width), Attention(width, heads, causal=True)
            self.norm2, self.cross_attention = nn.LayerNorm(width), Attention(width, heads)
            self.norm3, self.feed_forward = nn.LayerNorm(width), FeedForward(width)

        def forward(self, x: Tensor, memory: Tensor) -> Tensor:
            x = x + self.attention(self.norm1(x))
            x = x + self.cross_attention(self.norm2(x), memory)
            return x + self.feed_forward(self.norm3(x))

    def __init__(self, layers: int = 6, width: int = 16, heads: int = 4) -> None:
        super().__init__()
        self.embedding = nn.Embedding(32, width)
        self.encoder = nn.ModuleList(self.Encoder(width, heads) for _ in range(layers))
        self.decoder = nn.ModuleList(self.Decoder(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 32, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        memory = self.embedding(source)
        for layer in self.encoder:
            memory = layer(memory)
        x = self.embedding(target)
        for layer in self.decoder:
            x = layer(x, memory)
        return self.head(self.norm(x))


class RMSNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


class Llama(ZooModel):
    """Llama: rotary positions, grouped key-value heads, gated feed-forward; any size, also on the meta device."""

    inputs = staticmethod(token_ids)

    class Attention(nn.Module):
        def __init__(self, width: int, heads: int, kv_heads: int) -> None:
            super().__init__()
            self.size, self.groups = width // heads, heads // kv_heads
            self.q_proj = nn.Linear(width, width, bias=False)
            self.k_proj = nn.Linear(width, kv_heads * self.size, bias=False)
            self.v_proj = nn.Linear(width, kv_heads * self.size, bias=False)
            self.o_proj = nn.Linear(width, width, bias=False)

        def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
            q, k, v = (
                y.unflatten(-1, (-1, self.size)).transpose(1, 2)
                for y in (self.q_proj(x), self.k_proj(x), self.v_proj(x))
            )
            q, k = q * cos + self.rotated(q) * sin, k * cos + self.rotated(k) * sin
            k, v = (y.repeat_interleave(self.groups, dim=1) for y in (k, v))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.o_proj(y.transpose(1, 2).flatten(2))

        @staticmethod
        def rotated(x: Tensor) -> Tensor:
            first, second = x.chunk(2, dim=-1)
            return torch.cat([-second, first], dim=-1)

    class GatedFeedForward(nn.Module):
        def __init__(self, width: int, inner: int) -> None:
            super().__init__()
            self.gate_proj = nn.Linear(width, inner, bias=False)
            self.up_proj = nn.Linear(width, inner, bias=False)
            self.down_proj = nn.Linear(inner, width, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))

    class Layer(nn.Module):
        def __init__(self, width: int, heads: int, kv_heads: int, feed_forward: nn.Module) -> None:
            super().__init__()
            self.input_layernorm = RMSNorm(width)
            self.self_attn = Llama.Attention(width, heads, kv_heads)
            self.post_attention_layernorm = RMSNorm(width)
            self.mlp = feed_forward

        def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
            x = x + self.self_attn(self.input_layernorm(x), cos, sin)
            return x + self.mlp(self.post_attention_layernorm(x))

    def __init__(
        self,
        layers: int = 16,
        width: int = 16,
        heads: int = 4,
        kv_heads: int = 2,
        inner: int = 40,
        vocabulary: int = 32,
    ) -> None:
        super().__init__()
        self.size = width // heads
        self.embed_tokens = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList(
            self.Layer(width, heads, kv_heads, self.feed_forward(width, inner)) for _ in range(layers)
        )
        self.norm = RMSNorm(width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)

    def feed_forward(self, width: int, inner: int) -> nn.Module:
        return self.GatedFeedForward(width, inner)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed_tokens(ids)
        positions = torch.arange(ids.shape[1], device=x.device)[:, None]
        angles = positions / 10000 ** (torch.arange(0, self.size, 2, device=x.device) / self.size)
        angles = torch.cat([angles, angles], dim=-1)
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.lm_head(self.norm(x))


class Mixtral(Llama):
    """A mixture of experts in every layer: eight, of which each token takes two."""

    class Experts(nn.Module):
        def __init__(self, width: int, inner: int) -> None:
            super().__init__()
            self.gate = nn.Linear(width, 8, bias=False)
            self.experts = nn.ModuleList(Llama.GatedFeedForward(width, inner) for _ in range(8))

        def forward(self, x: Tensor) -> Tensor:
            weights, chosen = self.gate(x).softmax(-1).topk(2)
            result = torch.zeros_like(x)
            for number, expert in enumerate(self.experts):
                share = (weights * (chosen == number)).sum(-1, keepdim=True)
                result = result + share * expert(x)
            return result

    def __init__(self) -> None:
        super().__init__(layers=4)

    def feed_forward(self, width: int, inner: int) -> nn.Module:
        return self.Experts(width, inner)


class Mamba(ZooModel):
    """Mamba: a selective state space scanned step by step."""

    inputs = staticmethod(token_ids)

    class Mixer(nn.Module):
        def __init__(self, width: int, states: int = 4) -> None:
            super().__init__()
            inner = 2 * width
            self.states = states
            self.in_proj = nn.Linear(width, 2 * inner, bias=False)
            self.conv1d = nn.Conv1d(inner, inner, 4, groups=inner, padding=3)
            self.x_proj = nn.Linear(inner, 1 + 2 * states, bias=False)
            self.dt_proj = nn.Linear(1, inner)
            self.A_log = nn.Parameter(torch.arange(1.0, states + 1).log().repeat(inner, 1))
            self.D = nn.Parameter(torch.ones(inner))
            self.out_proj = nn.Linear(inner, width, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            y, gate = self.in_proj(x).chunk(2, dim=-1)
            y = F.silu(self.conv1d(y.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2))
            step, b, c = self.x_proj(y).split([1, self.states, self.states], dim=-1)
            step = F.softplus(self.dt_proj(step))
            decay = torch.exp(-step[..., None] * self.A_log.exp())
            drive = step[..., None] * b[:, :, None] * y[..., None]
            state, outputs = torch.zeros_like(drive[:, 0]), []
            for time in range(x.shape[1]):
                state = decay[:, time] * state + drive[:, time]
                outputs.append((state * c[:, time, None]).sum(-1))
            return self.out_proj((torch.stack(outputs, dim=1) + y * self.D) * F.silu(gate))

    class Layer(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.norm, self.mixer = RMSNorm(width), Mamba.Mixer(width)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.mixer(self.norm(x))

    def __init__(self, layers: int = 8, width: int = 8) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(32, width)
        self.layers = nn.ModuleList(self.Layer(width) for _ in range(layers))
        self.norm_f = RMSNorm(width)
        self.lm_head = nn.Linear(width, 32, bias=False)
        self.lm_head.weight = self.embeddings.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embeddings(ids)
        for layer in self.layers:
            x = layer(x)
        return self.lm_head(self.norm_f(x))


NETWORKS = ("ResNet", "DeepUNet", "Bert", "EncoderDecoder", "Mixtral", "Mamba", "Llama")
