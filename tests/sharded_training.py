"""Sharded trainings to watch, run on each rank, and what the whole tensors were: torch's own full_tensor says so."""

import contextlib
import warnings
from typing import Any, NamedTuple
from unittest import mock

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

import torchviz_tb
from torchviz_tb.capture.sharded import agreement
from torchviz_tb.watching.step_sample import StepSample


class Net(nn.Module):
    """Sizes that no number of ranks divides; a weight with fewer rows than ranks; one that is large."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 9)
        self.conv = nn.Conv1d(9, 7, 3, padding=1)
        self.up = nn.Linear(7, 130)
        self.norm = nn.LayerNorm(130)
        self.wide = nn.Linear(130, 101)
        self.head = nn.Linear(101, 1)
        self.register_parameter("frozen", nn.Parameter(torch.ones(5), requires_grad=False))
        self.unused = nn.Linear(3, 3)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        hidden = self.conv(self.embed(tokens).transpose(1, 2)).transpose(1, 2)
        return self.head(torch.relu(self.wide(self.norm(self.up(hidden)))))


class Mlp(nn.Module):
    """What tensor parallelism is for."""

    def __init__(self, width: int = 7) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(6)
        self.up = nn.Linear(6, width)
        self.down = nn.Linear(width, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(torch.relu(self.up(self.norm(x))))


TOKENS = torch.arange(24).reshape(4, 6) % 11
ROWS = torch.linspace(-2, 2, 30).reshape(5, 6)


def fsdp2(model: nn.Module, world: int) -> nn.Module:
    for layer in (model.wide, model.conv):
        fully_shard(layer)
    return fully_shard(model)


def hsdp(model: nn.Module, world: int) -> nn.Module:
    return fully_shard(model, mesh=init_device_mesh("cpu", (2, world // 2), mesh_dim_names=("copies", "shards")))


def tensor_parallel(model: nn.Module, world: int, mesh: DeviceMesh | None = None) -> nn.Module:
    mesh = init_device_mesh("cpu", (world,)) if mesh is None else mesh
    # Not local, since then torch allows sizes that ranks do not divide.
    plan = {"up": ColwiseParallel(use_local_output=False), "down": RowwiseParallel()}
    return parallelize_module(model, mesh, plan)


def fsdp2_and_tensor_parallel(model: nn.Module, world: int) -> nn.Module:
    mesh = init_device_mesh("cpu", (world // 2, 2), mesh_dim_names=("data", "tensor"))
    return fully_shard(tensor_parallel(model, world, mesh["tensor"]), mesh=mesh["data"])


def other_dimension(model: nn.Module, world: int) -> nn.Module:
    mesh = init_device_mesh("cpu", (world,))
    model.up.weight = nn.Parameter(distribute_tensor(model.up.weight.detach(), mesh, [Shard(1)]))
    model.down.weight = nn.Parameter(distribute_tensor(model.down.weight.detach(), mesh, [Shard(1)]))
    for parameter in ("up.bias", "down.bias", "norm.weight", "norm.bias"):
        owner, _, name = parameter.rpartition(".")
        module = model.get_submodule(owner)
        whole = distribute_tensor(getattr(module, name).detach(), mesh, [Replicate()])
        setattr(module, name, nn.Parameter(whole))
    return model


WAYS = {
    "fsdp2": (Net, TOKENS, fsdp2),
    "hsdp": (Net, TOKENS, hsdp),
    "tensor parallel": (Mlp, ROWS, tensor_parallel),
    "fsdp2 and tensor parallel": (Mlp, ROWS, fsdp2_and_tensor_parallel),
    "other dimension": (Mlp, ROWS, other_dimension),
}


class Whole(NamedTuple):
    """What a step had, as whole tensors in the order of the parameters; None: no gradient."""

    parameters: list[torch.Tensor]
    gradients: list[torch.Tensor | None]
    updates: list[torch.Tensor | None]


def whole(tensor: torch.Tensor | None) -> torch.Tensor | None:
    if tensor is None:
        return None
    tensor = tensor.detach()
    return tensor.full_tensor().clone() if isinstance(tensor, DTensor) else tensor.clone()


def sharded(way: str, world: int, dtype: torch.dtype = torch.float32) -> tuple[nn.Module, torch.Tensor]:
    make, data, shard = WAYS[way]
    torch.manual_seed(0)
    model = make().to(dtype)
    data = data.to(dtype) if data.is_floating_point() else data
    if shard is other_dimension:
        mesh = init_device_mesh("cpu", (world,))
        data = distribute_tensor(data, mesh, [Replicate()])
    return shard(model, world), data


def step(model: nn.Module, data: torch.Tensor) -> None:
    model.zero_grad()
    model(data).square().mean().backward()


def train(
    rank: int, world: int, way: str, log_dir: str, steps: int, dtype: Any, options: dict[str, Any]
) -> list[Whole]:
    """Watches a sharded training, and returns what it was about."""
    model, data = sharded(way, world, dtype)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    writer = torchviz_tb.SummaryWriter(log_dir) if rank == 0 else None
    watch = torchviz_tb.watch(model, optimizer, writer=writer, **options)
    told = []
    for _ in range(steps):
        step(model, data)
        parameters = list(model.parameters())
        before, gradients = [whole(p) for p in parameters], [whole(p.grad) for p in parameters]
        optimizer.step()
        after = [whole(p) for p in parameters]
        updates = [None if g is None else new - old for new, old, g in zip(after, before, gradients, strict=True)]
        told.append(Whole(before, gradients, updates))
    watch.unwatch()
    if writer is not None:
        writer.close()
    return told if rank == 0 else []


class Told(NamedTuple):
    """What one rank experienced."""

    warnings: list[str]
    not_recorded: dict[str, str]
    losses: list[float]
    hooks: int


def misfit(rank: int, world: int, log_dir: str, case: str) -> Told:
    """Watches a training in which one rank does not do as the others do."""
    agreement.TIMEOUT = agreement.timedelta(seconds=2)
    model, data = sharded("fsdp2", world)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    is_odd = rank == world - 1
    writer = torchviz_tb.SummaryWriter(log_dir) if rank == 0 else None
    options = MISFITS[case](is_odd)
    fails_at = options.pop("fails_at", None)
    leaves_at = options.pop("leaves_at", None)
    watch, losses = None, []
    with warnings.catch_warnings(record=True) as caught, contextlib.ExitStack() as broken:
        warnings.simplefilter("always")
        if options.pop("watches", True):
            watch = torchviz_tb.watch(model, optimizer, writer=writer, **{"log_freq": 1, "log": STATISTICS, **options})
        for number in range(4):
            step(model, data)
            if number == fails_at:
                broken.enter_context(
                    mock.patch.object(StepSample, "_measure_gradients", side_effect=MemoryError("no room"))
                )
            if number == leaves_at:
                watch.unwatch()
            optimizer.step()
            losses.append(float(model(data).detach().square().mean()))
        not_recorded = {} if watch is None else dict(watch.report().not_recorded)
        if watch is not None:
            watch.unwatch()
        if writer is not None:
            writer.close()
    further = dist.new_group([0, 1], backend="gloo")  # the training's own groups are as they would have been
    if rank < 2:
        dist.barrier(further)
    dist.barrier()
    messages = [str(each.message) for each in caught if "torchviz_tb" in str(each.message)]
    return Told(messages, not_recorded, losses, len(optimizer._optimizer_step_pre_hooks))


STATISTICS = ("parameters", "gradients", "updates")

MISFITS = {
    "as the others": lambda is_odd: {},
    "did not watch": lambda is_odd: {"watches": not is_odd},
    "another log_freq": lambda is_odd: {"log_freq": 2 if is_odd else 1},
    "other sites": lambda is_odd: {"exclude": "conv.*" if is_odd else None},
    "other parts": lambda is_odd: {"log": "gradients" if is_odd else STATISTICS},
    "another step": lambda is_odd: {"global_step": (lambda: 7) if is_odd else (lambda: 3)},
    "cannot measure gradients": lambda is_odd: {"fails_at": 2 if is_odd else None},
    "leaves early": lambda is_odd: {"leaves_at": 2 if is_odd else None},
}
