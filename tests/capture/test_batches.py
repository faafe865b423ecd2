"""How many tensors an engine is given at a time: all that are kept anyway, few of those that a batch keeps alive."""

import pytest
import torch

from torchviz_tb.capture import batches
from torchviz_tb.capture.engines import Begun, DeviceEngine
from torchviz_tb.capture.engines.numpy import NumpyEngine
from torchviz_tb.capture.statistics import begin_stage
from torchviz_tb.capture.transfer import Transfer
from torchviz_tb.records import records_pb2 as pb


class Counting(DeviceEngine):
    def __init__(self):
        self.elements = []  # of each batch

    def begin(self, tensors, *, histograms):
        self.elements.append([tensor.values.numel() for tensor in tensors])
        measured = NumpyEngine(workers=1).measure(tensors, histograms=histograms)
        return Begun(torch.zeros(8, dtype=torch.uint8), lambda _: measured)


@pytest.fixture
def engine(monkeypatch):
    engine = Counting()
    monkeypatch.setattr(batches, "choose", lambda _: engine)
    return engine


def stage(values):
    return begin_stage(pb.STAGE_GRADIENT, values, Transfer(), histograms=False)


def test_a_sequence_is_one_batch_on_a_device(engine):
    measured = stage([torch.ones(300_000), pb.STATUS_FROZEN, torch.ones(900_000), torch.ones(5), torch.ones(600_000)])
    assert engine.elements == [[300_000, 900_000, 5, 600_000]]
    assert [getattr(outcome, "count", outcome) for outcome in measured.outcomes] == [
        300_000, pb.STATUS_FROZEN, 900_000, 5, 600_000,
    ]  # fmt: skip


def test_of_computed_tensors_it_holds_a_million_elements_and_one_tensor(engine):
    sizes = [700_000, 700_000, 5, 2_000_000, 10, 20]
    stage(torch.ones(size) for size in sizes)
    assert engine.elements == [[700_000, 700_000], [5, 2_000_000], [10, 20]]


def test_copies_of_tensors_with_gaps_count_too(engine):
    stage([torch.ones(900_000, 2)[:, 0], torch.ones(900_000, 2)[:, 0], torch.ones(7), torch.ones(9, 4).T])
    assert engine.elements == [[900_000, 900_000], [7, 36]]


def test_an_engine_that_was_given_is_taken(engine):
    begin_stage(pb.STAGE_GRADIENT, [torch.ones(3)], Transfer(), engine=NumpyEngine())
    assert engine.elements == []
