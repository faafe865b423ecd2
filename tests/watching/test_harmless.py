"""A watched training is the training that it would have been, and after unwatch() nothing of ours is left."""

import copy
import gc
import io
import random
import weakref

import models
import numpy as np
import pytest
import torch
import training
import written

import torchviz_tb
from torchviz_tb.records.metadata import Kind


@pytest.fixture
def writer(tmp_path):
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        yield writer


def outcome(writer, steps=6, **options):
    model = training.net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    if writer is not None:
        writer.watch(model, optimizer, log_freq=2, heatmap_freq=2, **options)
    training.train(model, optimizer, steps=steps)
    states = torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()
    flags = {name: (module.training, type(module)) for name, module in model.named_modules()}
    return training.tensors(model), optimizer.state_dict()["state"], states, flags


@pytest.mark.parametrize("log", ["all", "gradients", "updates", "heatmaps", "graph", "activations"])
def test_the_training_is_bit_identical(writer, log):
    watched, plain = outcome(writer, log=log), outcome(None)
    assert watched[0].keys() == plain[0].keys()
    assert all(torch.equal(watched[0][name], plain[0][name]) for name in plain[0])
    torch.testing.assert_close(watched[1], plain[1], rtol=0, atol=0)
    assert watched[2:] == plain[2:]


def hooks(model, optimizer):
    found = {
        f"{name}.{key}": list(value.items())
        for name, module in model.named_modules()
        for key, value in vars(module).items()
        if "hooks" in key and isinstance(value, dict)
    }
    found |= {key: list(value.items()) for key, value in vars(optimizer).items() if "hooks" in key}
    found |= {name: p._backward_hooks for name, p in model.named_parameters()}
    return found


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_unwatch_leaves_hooks_and_attributes_as_they_were(writer, steps):
    model = training.net()
    optimizer = training.sgd(model)
    model.register_forward_hook(lambda *_: None)
    optimizer.register_step_post_hook(lambda *_: None)
    training.train(model, optimizer, steps=1)
    before, attributes = hooks(model, optimizer), set(vars(model)) | set(vars(optimizer))
    watch = writer.watch(model, optimizer)
    assert hooks(model, optimizer) != before
    training.train(model, optimizer, steps=steps)
    watch.unwatch()
    watch.unwatch()
    assert hooks(model, optimizer) == before
    assert set(vars(model)) | set(vars(optimizer)) == attributes


def test_nothing_is_recorded_after_the_block(writer, tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    with writer.watch(model, optimizer, log_freq=1):
        training.train(model, optimizer, steps=2)
    training.train(model, optimizer, steps=2)
    writer.flush()
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0, 1]


def test_the_watch_keeps_neither_model_nor_optimizer_alive(writer):
    model = training.net()
    optimizer = training.sgd(model)
    watch = writer.watch(model, optimizer)
    training.train(model, optimizer, steps=2)
    references = [weakref.ref(model), weakref.ref(optimizer), weakref.ref(model.out.weight)]
    del model, optimizer
    gc.collect()
    assert [reference() for reference in references] == [None, None, None]
    assert watch.report().samples == 1


def test_the_watch_lives_without_being_held(writer, tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer)
    gc.collect()
    training.train(model, optimizer, steps=1)
    writer.flush()
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0]


@pytest.mark.parametrize("steps", [0, 1])
def test_copies_and_pickles_of_what_is_watched(writer, tmp_path, steps):
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log_freq=1)
    training.train(model, optimizer, steps=steps)
    twin = copy.deepcopy(model)
    copy.deepcopy(optimizer)
    buffer = io.BytesIO()
    torch.save(model, buffer)
    torch.save(optimizer.state_dict(), io.BytesIO())
    buffer.seek(0)
    loaded = torch.load(buffer, weights_only=False)
    for other in (twin, loaded):
        assert all(torch.equal(a, b) for a, b in zip(other.parameters(), model.parameters(), strict=True))
        training.train(other, training.sgd(other), steps=1)
    writer.flush()
    assert len(written.records(tmp_path, Kind.STATISTICS)) == steps


@pytest.mark.filterwarnings("ignore:log='activations' shows nothing:UserWarning")  # of a scripted child
@pytest.mark.parametrize("name", models.names(but=("DeepChain",)))  # which is about many operations
def test_every_model_of_the_zoo_trains_as_if_alone(writer, name):
    results = []
    for watched in (False, True):
        call = models.build(name)
        if next(call.model.parameters(), None) is None:
            pytest.skip("has no parameters")
        optimizer = torch.optim.SGD(call.model.parameters(), lr=1e-3)
        if watched:
            writer.watch(call.model, optimizer, log_freq=1, log=["all", "activations"], nan="origin")
        torch.manual_seed(5)
        for _ in range(2):
            call.run()
            for parameter in call.model.parameters():
                parameter.grad = torch.ones_like(parameter) if parameter.requires_grad else None
            optimizer.step()
        results.append([*call.model.state_dict().values(), torch.get_rng_state()])
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=0, equal_nan=True)
