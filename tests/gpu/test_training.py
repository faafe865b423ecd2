"""Trainings of every kind on a GPU: what is recorded against the same numbers, watched on the CPU, and float64."""

import contextlib
import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
import written
from device import DEVICE, only_on_a_gpu
from torch import nn

import torchviz_tb
from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

only_on_a_gpu()

STEPS = 3
PARTS = ["parameters", "gradients", "updates", "heatmaps"]


class Net(nn.Module):
    """Tensors for every way of a device's engine: few elements and many, matrices, kernels of convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3, padding=1)
        self.norm = nn.GroupNorm(4, 32)
        self.pool = nn.AdaptiveAvgPool2d(8)
        self.hidden = nn.Linear(32 * 64, 150)
        self.out = nn.Linear(150, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(torch.relu(self.norm(self.conv(x))))
        return self.out(torch.relu(self.hidden(x.flatten(1))))


class Twin:
    """A copy of a model on the CPU, which is given the same numbers at each step, and what float64 says of them."""

    def __init__(self, model: nn.Module, log_dir: Any) -> None:
        self._theirs = model
        self._model = copy.deepcopy(model).cpu()
        self._writer = torchviz_tb.SummaryWriter(log_dir)
        log = ["parameters", "gradients", "heatmaps"]
        self._watch = self._writer.watch(self._model, log=log, log_freq=1, heatmap_freq=1, nan="off")
        self._before: list[torch.Tensor] = []
        self.updates: list[list[np.ndarray]] = []
        self.scale = 1.0

    def follow(self, optimizer: torch.optim.Optimizer) -> None:
        optimizer.register_step_pre_hook(torch.compiler.disable(lambda *_: self._take()))
        optimizer.register_step_post_hook(torch.compiler.disable(lambda *_: self._see_update()))

    def close(self) -> None:
        self._watch.unwatch()
        self._writer.close()

    @torch.no_grad()
    def _take(self) -> None:
        for mine, theirs in zip(self._model.parameters(), self._theirs.parameters(), strict=True):
            mine.copy_(theirs)
            mine.grad = theirs.grad.detach().cpu() / self.scale
        self._before = [p.detach().to("cpu", torch.float64, copy=True) for p in self._theirs.parameters()]
        self._watch.step()

    @torch.no_grad()
    def _see_update(self) -> None:
        after = [p.detach().to("cpu", torch.float64, copy=True) for p in self._theirs.parameters()]
        self.updates.append([(new - old).numpy() for new, old in zip(after, self._before, strict=True)])


SGD = partial(torch.optim.SGD, lr=0.05, momentum=0.9)
ADAMW = partial(torch.optim.AdamW, lr=1e-3)


@dataclass(frozen=True)
class Way:
    """How a model is trained."""

    optimizer: Callable[..., torch.optim.Optimizer] = SGD
    dtype: torch.dtype = torch.float32
    autocast: torch.dtype | None = None
    scales: bool = False
    channels_last: bool = False
    side_stream: bool = False
    compiled: dict[str, Any] | None = None


WAYS = {
    "SGD": Way(),
    "AdamW": Way(ADAMW),
    "AdamW, fused": Way(partial(ADAMW, fused=True)),
    "AdamW, capturable": Way(partial(ADAMW, capturable=True)),
    "bfloat16": Way(ADAMW, dtype=torch.bfloat16),
    "float16": Way(dtype=torch.float16),
    "float64": Way(dtype=torch.float64),
    "autocast in bfloat16": Way(ADAMW, autocast=torch.bfloat16),
    "autocast in float16, scaled": Way(autocast=torch.float16, scales=True),
    "autocast in float16, scaled, fused": Way(partial(ADAMW, fused=True), autocast=torch.float16, scales=True),
    "channels last": Way(channels_last=True),
    "another stream": Way(ADAMW, side_stream=True),
    "compiled": Way(ADAMW, compiled={}),
    "compiled with CUDA graphs": Way(ADAMW, compiled={"mode": "reduce-overhead"}),
}


def train(way: Way, log_dir: Any, twin_dir: Any) -> Twin:
    torch.manual_seed(0)
    model = Net().to(DEVICE, way.dtype)
    if way.channels_last:
        model = model.to(memory_format=torch.channels_last)
    optimizer = way.optimizer(model.parameters())
    scaler = torch.amp.GradScaler(DEVICE.type, init_scale=256.0, enabled=way.scales)
    twin = Twin(model, twin_dir)
    twin.scale = 256.0 if way.scales and optimizer.defaults.get("fused") else 1.0
    twin.follow(optimizer)
    called = model if way.compiled is None else torch.compile(model, **way.compiled)
    stream = torch.cuda.Stream() if way.side_stream else None
    with torchviz_tb.SummaryWriter(log_dir) as writer, torch.cuda.stream(stream):
        given = scaler if way.scales else None
        watch = writer.watch(called, optimizer, log=PARTS, log_freq=1, heatmap_freq=1, scaler=given)
        for _ in range(STEPS):
            step(called, optimizer, scaler, way)
        assert watch.report().not_recorded == {}
    twin.close()
    return twin


def step(model: nn.Module, optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler, way: Way) -> None:
    optimizer.zero_grad()
    batch = torch.randn(4, 3, 16, 16, device=DEVICE, dtype=way.dtype)
    autocast = torch.autocast(DEVICE.type, way.autocast) if way.autocast else contextlib.nullcontext()
    with autocast:
        loss = model(batch).square().mean()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()


RUNS = [*((name, "triton") for name in WAYS), *((name, "torch") for name in ("SGD", "bfloat16", "float64"))]


@pytest.mark.parametrize(("name", "engine"), RUNS)
def test_all_that_is_recorded_is_what_the_cpu_records_of_the_same_numbers(tmp_path, monkeypatch, name, engine):
    monkeypatch.setenv(VARIABLE, engine)  # which does not depend on how soon kernels were compiled
    torch._dynamo.reset()
    twin = train(WAYS[name], tmp_path / "gpu", tmp_path / "cpu")
    same_statistics(tmp_path)
    same_distributions(tmp_path)
    same_heatmaps(tmp_path)
    same_updates(tmp_path, twin)


def same_statistics(log_dir: Any) -> None:
    mine, theirs = (torchviz_tb.load(log_dir / place)["."] for place in ("gpu", "cpu"))
    for stage in ("parameter", "gradient"):
        for column in ("count", "zeros", "nan", "min", "max", "mean", "std", "l1", "l2"):
            steps, names, values = mine.statistics(column, stage)
            expected = theirs.statistics(column, stage)
            assert (list(steps), list(names)) == (list(expected[0]), list(expected[1])) == (list(range(STEPS)), names)
            assert np.isfinite(expected[2]).all()
            np.testing.assert_allclose(values, expected[2], rtol=1e-6, atol=1e-9, err_msg=f"{stage} {column}")


def same_distributions(log_dir: Any) -> None:
    mine, theirs = (written.records(log_dir / place, Kind.DISTRIBUTIONS) for place in ("gpu", "cpu"))
    stages = pb.STAGE_PARAMETER, pb.STAGE_GRADIENT
    for step in range(STEPS):
        entries = [
            [(entry.site, entry.stage, entry.histogram.SerializeToString()) for entry in record.entries]
            for record in (mine[step], theirs[step])
        ]
        assert [entry for entry in entries[0] if entry[1] in stages] == entries[1]
        assert len(entries[1]) == 2 * 8


def same_heatmaps(log_dir: Any) -> None:
    mine, theirs = (torchviz_tb.load(log_dir / place)["."] for place in ("gpu", "cpu"))
    for step in range(STEPS):
        for site in mine.sites:
            one, other = (run.heatmap(site.name, step) for run in (mine, theirs))
            for field in ("abs_max", "mean"):
                cells = getattr(other, field)
                assert cells.size
                allowed = {"rtol": 2 * other.max_error, "atol": 1e-3 * np.abs(cells).max()}
                np.testing.assert_allclose(getattr(one, field), cells, **allowed, err_msg=f"{site.name} {field}")


def same_updates(log_dir: Any, twin: Twin) -> None:
    _, names, norms = torchviz_tb.load(log_dir / "gpu")["."].statistics("l2", "update")
    expected = [[np.linalg.norm(update) for update in updates] for updates in twin.updates]
    assert np.shape(expected) == (STEPS, len(names))
    np.testing.assert_allclose(norms, expected, rtol=1e-5)


def test_outputs_are_measured_as_the_cpu_measures_them(tmp_path):
    torch.manual_seed(0)
    model = Net().to(DEVICE)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    outputs: dict[str, torch.Tensor] = {}
    for path in ("conv", "norm", "hidden", "out"):
        model.get_submodule(path).register_forward_hook(
            lambda _module, _args, output, path=path: outputs.__setitem__(path, output.detach().clone())
        )
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log="activations", log_freq=1)
        step(model, optimizer, torch.amp.GradScaler(enabled=False), Way())
        assert watch.report().not_recorded == {}
    run = torchviz_tb.load(tmp_path)["."]
    for column, compute in {
        "count": np.size,
        "mean": np.mean,
        "std": np.std,
        "min": np.min,
        "max": np.max,
        "l2": np.linalg.norm,
        "zeros": lambda values: (values == 0).sum(),
    }.items():
        _, names, values = run.statistics(column, "activation")
        row = dict(zip(names, values[0], strict=True))
        for path, output in outputs.items():
            expected = compute(output.double().cpu().numpy().ravel())
            np.testing.assert_allclose(row[path], expected, rtol=1e-6, atol=1e-9, err_msg=column)
