"""A model whose outputs are known, and what a reader sees of them."""

import numpy as np
import torch
from torch import nn

import torchviz_tb


class Seen:
    """What modules return, kept by hooks of its own: the oracle."""

    def __init__(self, model, paths):
        self.tensors = {path: [] for path in paths}
        for path in paths:
            model.get_submodule(path).register_forward_hook(self._hook(path))

    def _hook(self, path):
        return lambda _module, _args, output: self.tensors[path].append(output.detach().double().clone())

    def values(self, path):
        return np.concatenate([tensor.numpy().ravel() for tensor in self.tensors[path]])


def train_step(model, optimizer, *batches):
    model.zero_grad()
    for batch in batches:
        model(batch).square().sum().backward()
    optimizer.step()


def numbers(writer, tmp_path, step=0):
    """What a reader sees of each output at a step: column → number."""
    writer.flush()
    run = torchviz_tb.load(tmp_path)["."]
    found = {}
    for column in ("count", "zeros", "mean", "std", "min", "max", "l2", "units", "dead_units"):
        steps, names, values = run.statistics(column, "activation")
        for name, value in zip(names, values[list(steps).index(step)], strict=True):
            found.setdefault(name, {})[column] = value
    return {name: columns for name, columns in found.items() if not np.isnan(columns["count"])}


def check(found, values):
    expected = {
        "count": values.size,
        "zeros": (values == 0).sum(),
        "mean": values.mean(),
        "std": values.std(),
        "min": values.min(),
        "max": values.max(),
        "l2": np.linalg.norm(values),
    }
    for column, value in expected.items():
        np.testing.assert_allclose(found[column], value, rtol=1e-12, atol=1e-14, err_msg=column)


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(inplace=True), nn.Linear(6, 2))
