"""Large histograms: the call takes a copy, the rest is done in order and is never lost."""

import numpy as np
import pytest
import torch
import written
from programs import run

from torchviz_tb import SummaryWriter
from torchviz_tb.summaries import stock_writer


@pytest.fixture
def few_are_large(monkeypatch):
    monkeypatch.setattr(stock_writer, "_LARGE", 4)


def histograms(log_dir):
    return [(event.step, value.histo) for event, value in written.values(log_dir) if value.HasField("histo")]


def test_what_happens_to_the_tensor_afterwards_does_not_matter(tmp_path, few_are_large, held):
    tensor, array = torch.ones(8), np.ones(8)
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("t", tensor, 0)
        writer.add_histogram("a", array, 1)
        writer.add_histogram("sparse", tensor.to_sparse(), 2)
        tensor.zero_()
        array[:] = 0
        held.set()
    assert [(step, histogram.max, histogram.num) for step, histogram in histograms(tmp_path)] == [
        (0, 1.0, 8.0),
        (1, 1.0, 8.0),
        (2, 1.0, 8.0),
    ]


def test_small_ones_wait_for_large_ones_before_them(tmp_path, few_are_large, held):
    with SummaryWriter(tmp_path) as writer:
        for step, size in enumerate([8, 1, 8, 2]):
            writer.add_histogram("h", torch.ones(size), step)
        held.set()
        writer.flush()
        assert [step for step, _ in histograms(tmp_path)] == [0, 1, 2, 3]
        writer.add_histogram("h", torch.ones(1), 4)
        assert not writer._background


def test_its_time_is_that_of_the_call(tmp_path, few_are_large, held, monkeypatch):
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("h", torch.ones(8), 0)
        writer.add_scalar("after", 1.0, 0)
        held.set()
    times = {value.tag: event.wall_time for event, value in written.values(tmp_path)}
    assert times["h"] <= times["after"]


def test_wrong_arguments_raise_at_the_call_all_the_same(tmp_path, few_are_large):
    with SummaryWriter(tmp_path) as writer:
        for wrong in ({"bins": "many"}, {"bins": [3.0, 1.0]}, {"max_bins": 0}, {"walltime": "now"}):
            with pytest.raises(ValueError, match=next(iter(wrong))):
                writer.add_histogram("h", torch.ones(8), 0, **wrong)


PROGRAM = """
import sys, torch, torchviz_tb
writer = torchviz_tb.SummaryWriter(sys.argv[1])
for step in range(3):
    writer.add_histogram("h", torch.ones(1 << 21), step)
{}
"""


@pytest.mark.heavy
@pytest.mark.parametrize("ending", ["", "del writer", "raise RuntimeError", "sys.exit(1)"])
def test_a_program_that_ends_at_once_loses_none(tmp_path, ending):
    run(PROGRAM.format(ending), tmp_path)
    assert [(step, histogram.num) for step, histogram in histograms(tmp_path)] == [(step, 1 << 21) for step in range(3)]
