"""What a training on a GPU notices of a watch: no waiting, no memory, no word in its CUDA graphs."""

import contextlib
import gc
import warnings

import pytest
import torch
from device import DEVICE, only_on_a_gpu
from torch import nn

import torchviz_tb
from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.capture.engines.choice import choose

only_on_a_gpu()

PARTS = ["parameters", "gradients", "raw_gradients", "updates", "heatmaps", "activations"]
MIB = 2**20


@pytest.fixture(params=["triton", "torch"], autouse=True)
def engine(request, monkeypatch):
    monkeypatch.setenv(VARIABLE, request.param)
    choose(DEVICE)  # compiled from here on
    return request.param


def training(width=512):
    torch.manual_seed(0)
    layers = [nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)]
    model = nn.Sequential(*layers).to(DEVICE)
    return model, torch.optim.AdamW(model.parameters(), 1e-3), torch.randn(32, width, device=DEVICE)


def step(model, optimizer, batch):
    optimizer.zero_grad()
    model(batch).square().mean().backward()
    optimizer.step()


@contextlib.contextmanager
def alarm():
    """Makes torch raise where a program waits for the GPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it may not notice everything
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("nan", ["off", "after", "origin", None])
def test_sampled_steps_wait_for_nothing(tmp_path, nan):
    model, optimizer, batch = training()
    with torchviz_tb.SummaryWriter(tmp_path) as writer, warnings.catch_warnings():
        warnings.simplefilter("error")
        watch = writer.watch(model, optimizer, log=PARTS, log_freq=1, heatmap_freq=1, nan=nan)
        step(model, optimizer, batch)
        torch.cuda.synchronize()
        with alarm():
            for _ in range(3):
                step(model, optimizer, batch)
        assert watch.report().not_recorded == {}
    assert torchviz_tb.load(tmp_path)["."].steps("statistics") == [0, 1, 2, 3]


def test_the_test_above_would_see_waiting():
    with alarm(), pytest.raises(RuntimeError, match="synchronizing"):
        torch.ones(3, device=DEVICE).sum().item()


def test_training_is_the_same_to_the_last_bit(tmp_path):
    found = []
    for watched in (False, True):
        model, optimizer, batch = training()
        with torchviz_tb.SummaryWriter(tmp_path) as writer:
            if watched:
                writer.watch(model, optimizer, log=PARTS, log_freq=1, heatmap_freq=1)
            for _ in range(5):
                step(model, optimizer, batch)
        found.append([p.detach().clone() for p in model.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def peak(model, optimizer, batch):
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    step(model, optimizer, batch)
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated()


# Beyond results and scratch of an engine: in sizes of all parameters, and of the largest one.
MEMORY = {
    "parameters": (0, 0),
    "gradients": (0, 0),
    "raw_gradients": (1, 0),  # a copy of each
    "updates": (1, 1.5),  # a copy of all, the difference of one, and which of its elements changed
    "heatmaps": (0, 1),
    "activations": (0, 0),
}


@pytest.mark.parametrize("part", MEMORY)
def test_memory_of_a_sample_and_that_it_is_given_back(tmp_path, part):
    model, optimizer, batch = training(2048)
    step(model, optimizer, batch)
    gc.collect()
    before = peak(model, optimizer, batch)
    left = torch.cuda.memory_allocated()
    sizes = [p.nbytes for p in model.parameters()]
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log=part, log_freq=1, heatmap_freq=1, nan="off", flight_recorder=0)
        for _ in range(10):
            more = peak(model, optimizer, batch) - before
        writer.flush()
        assert watch.report().not_recorded == {}
        watch.unwatch()
    print(
        f"{part}: {more / MIB:.1f} MiB more at the peak; parameters have {sum(sizes) / MIB:.1f}, one {max(sizes) / MIB}"
    )
    all_of_them, largest = MEMORY[part]
    assert more <= all_of_them * sum(sizes) + largest * max(sizes) + 16 * MIB
    optimizer.zero_grad()
    step(model, optimizer, batch)
    torch.cuda.synchronize()
    assert torch.cuda.memory_allocated() - left <= 64 * 1024


@contextlib.contextmanager
def hoarding_all_but(free):
    """Takes all memory of this process but so much; what is left of the machine's is not touched."""
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(DEVICE).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + free) / total)
    kept = []
    try:
        with contextlib.suppress(torch.cuda.OutOfMemoryError):
            while torch.cuda.memory_reserved() - torch.cuda.memory_allocated() > MIB:  # holes that a copy would fit in
                kept.append(torch.empty(MIB, dtype=torch.uint8, device=DEVICE))
        yield
    finally:
        kept.clear()
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_a_sample_that_finds_no_memory_is_left_out_and_the_next_one_is_whole(tmp_path):
    model, _, batch = training(2048)
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)  # which has no need of more memory
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log="updates", log_freq=2, nan="off", flight_recorder=0)
        for _ in range(2):
            step(model, optimizer, batch)
        writer.flush()
        optimizer.zero_grad()
        model(batch).square().mean().backward()
        before = [p.detach().cpu() for p in model.parameters()]
        told = pytest.warns(UserWarning, match="left out 'updates' of 'model' once and goes on")
        with hoarding_all_but(12 * MIB), told:  # and the copy of what is updated takes 32
            optimizer.step()
        assert any((p.cpu() != old).any() for p, old in zip(model.parameters(), before, strict=True))
        for _ in range(2):
            step(model, optimizer, batch)
        assert list(watch.report().not_recorded) == ["updates"]
    steps, _, values = torchviz_tb.load(tmp_path)["."].statistics("l2", "update")
    assert [at for at, row in zip(steps, values, strict=True) if (row > 0).any()] == [0, 4]


def test_a_step_within_a_cuda_graph_is_left_alone(tmp_path):
    found = []
    for watched in (False, True):
        model, _, batch = training()
        optimizer = torch.optim.AdamW(model.parameters(), 1e-3, capturable=True)
        with torchviz_tb.SummaryWriter(tmp_path) as writer:
            watch = writer.watch(model, optimizer, log=PARTS, log_freq=1, heatmap_freq=1) if watched else None
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(3):
                    step(model, optimizer, batch)
            torch.cuda.current_stream().wait_stream(side)
            optimizer.zero_grad(set_to_none=True)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                model(batch).square().mean().backward()
                optimizer.step()
            for _ in range(4):
                graph.replay()
            torch.cuda.synchronize()
            if watch is not None:
                assert watch.report().not_recorded == {}
                assert watch.report().samples == 3  # before the graph: what it replays can't be seen
        found.append([p.detach().clone() for p in model.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
    assert torchviz_tb.load(tmp_path)["."].steps("statistics") == [0, 1, 2]
