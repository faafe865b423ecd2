"""The numpy engine's ways of counting agree with each other, whatever the size and the number of threads."""

import numpy as np
import pytest
import torch
from distributions import DISTRIBUTIONS

from torchviz_tb.capture.engines import Measurement
from torchviz_tb.capture.engines.numpy import SMALL, NumpyEngine
from torchviz_tb.capture.engines.numpy_jobs import PIECE, measurement_of_distinct
from torchviz_tb.capture.histograms import histogram
from torchviz_tb.capture.tensors import FlatTensor
from torchviz_tb.records import records_pb2 as pb


def stored(measured: Measurement) -> pb.Histogram:
    assert measured.tally is not None
    return histogram(
        measured.tally,
        zeros=measured.zeros,
        nan=measured.nan,
        pos_inf=measured.pos_inf,
        neg_inf=measured.neg_inf,
    )


def by_sorting(values: np.ndarray) -> pb.Histogram:
    return stored(measurement_of_distinct(*np.unique(values.astype(np.float64), return_counts=True), True))


def by_engine(values: np.ndarray, workers: int = 1) -> pb.Histogram:
    [measured] = NumpyEngine(workers).measure([FlatTensor(torch.from_numpy(values))], histograms=True)
    return stored(measured)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_scanning_stores_what_sorting_stores(name: str, dtype: type) -> None:
    values = DISTRIBUTIONS[name].astype(dtype)
    assert len(values) > SMALL
    assert by_engine(values) == by_sorting(values)


AWKWARD = {
    "three values": np.repeat([-1.0, 0.0, 1.0], 5000),
    "neighbouring floats": np.nextafter(np.float32(1), np.float32(2)) * np.repeat([1.0, -1.0, 1.0], 5000),
    "denormals and both zeros": np.repeat([1e-45, -1e-45, 0.0, -0.0, 3e-45], 3000),
    "a spike in a spread": np.concatenate([np.full(20000, 0.5), np.linspace(-1, 1, 5000)]),
    "ulps": 1 + np.arange(20000) % 100 * 2.0**-23,
    "nothing finite": np.repeat([np.nan, np.inf, -np.inf], 5000),
    "one finite": np.concatenate([np.full(20000, np.nan), [3.0]]),
    "the whole range": np.exp(np.linspace(np.log(1e-44), np.log(3e38), 20000)) * np.tile([1, -1], 10000),
    "zeros and one more": np.concatenate([np.zeros(20000), [2.5e-3]]),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_values_too(name: str) -> None:
    values = AWKWARD[name].astype(np.float32)
    record = by_engine(values)
    assert record == by_sorting(values)
    total = sum(record.counts) + record.zeros + record.nan + sum(record.infinities)
    assert total == len(values)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("center", [0.0, 1.0])
def test_threads_change_nothing(center: float, dtype: type) -> None:
    values = np.random.default_rng(0).normal(center, 0.01, PIECE + 12345).astype(dtype)
    assert by_engine(values, workers=3) == by_engine(values, workers=1)


def test_many_tensors_keep_their_order() -> None:
    sizes = [3, 20_000, 0, PIECE + 5, 9000, 1]
    tensors = [torch.full((size,), float(i)) for i, size in enumerate(sizes)]
    tensors[4] = tensors[4].bfloat16()
    measured = NumpyEngine(2).measure([FlatTensor(tensor) for tensor in tensors], histograms=True)
    assert [each.count for each in measured] == sizes
    assert [each.moments.max for each in measured if each.count] == [0.0, 1.0, 3.0, 4.0, 5.0]
