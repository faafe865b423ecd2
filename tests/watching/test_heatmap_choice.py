"""How often, how large and of which parameters heatmaps are recorded; with dead units that numpy finds as well."""

import re

import numpy as np
import pytest
import torch
from torch import nn

import torchviz_tb


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(40, 30), nn.ReLU(), nn.Linear(30, 20))


def train(tmp_path, model, steps=1, **options):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log=["gradients", "heatmaps"], log_freq=1, **options)
        for _ in range(steps):
            optimizer.zero_grad()
            model(torch.randn(8, 40)).square().sum().backward()
            with torch.no_grad():
                model[0].weight.grad[3] = 0
                model[0].weight.grad[:, 7] = 0
            optimizer.step()
    return torchviz_tb.load(tmp_path)["."]


def recorded(run, step=0):
    found = []
    for site in run.sites:
        try:
            run.heatmap(site.name, step)
        except torchviz_tb.ArgumentError:
            continue
        found.append(site.name)
    return found


@pytest.mark.parametrize(("size", "cells"), [(1, (1, 1)), (7, (7, 7)), (64, (30, 40)), (32, (30, 32))])
def test_the_size_is_that_of_the_largest_heatmap_and_dead_units_stay_exact(tmp_path, model, size, cells):
    run = train(tmp_path, model, heatmap_size=size)
    heatmap = run.heatmap("0.weight", 0)
    gradient = np.abs(model[0].weight.grad.double().numpy())
    assert heatmap.abs_max.shape == cells
    dead_rows, dead_columns = (
        [start + i for start, length in ranges for i in range(length)]
        for ranges in (heatmap.dead_rows, heatmap.dead_columns)
    )
    assert dead_rows == [row for row in range(30) if not gradient[row].any()]
    assert dead_columns == [column for column in range(40) if not gradient[:, column].any()]
    assert 3 in dead_rows
    assert 7 in dead_columns


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["0.weight", "0.bias", "2.weight", "2.bias"]),
        ({"heatmap_include": "2.*"}, ["2.weight", "2.bias"]),
        ({"heatmap_include": re.compile("weight$")}, ["0.weight", "2.weight"]),
        ({"heatmap_include": lambda name, parameter: parameter.dim() == 1}, ["0.bias", "2.bias"]),
        ({"heatmap_include": nn.Linear, "exclude": "0.*"}, ["2.weight", "2.bias"]),
    ],
)
def test_the_selection_is_of_heatmaps_alone(tmp_path, model, options, names):
    run = train(tmp_path, model, **options)
    assert recorded(run) == names
    measured = [site.name for site in run.sites]
    assert measured == [name for name, _ in model.named_parameters() if "exclude" not in options or name[0] == "2"]


def test_they_come_as_often_as_they_are_asked_for(tmp_path, model):
    run = train(tmp_path, model, steps=7, heatmap_freq=3)
    assert [step for step in range(7) if recorded(run, step)] == [0, 3, 6]
