"""Histograms against torch's own for what torch can do, and against plain counting for what it can't."""

import functools

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.data_compat import migrate_value
from tensorboard.util.tensor_util import make_ndarray
from torch.utils.tensorboard.summary import histogram as torchs_histogram

from torchviz_tb import ArgumentError
from torchviz_tb.summaries.binned import CHUNK
from torchviz_tb.summaries.histogram import histogram

LONG = 1 << 15
"""Elements from which on bins are looked up in a table."""


@functools.cache
def default_edges() -> tuple[float, ...]:
    """torch's: 774 powers of 1.1 from 1e-12 on, on either side of 0."""
    powers = [1e-12]
    while powers[-1] * 1.1 < 1e20:
        powers.append(powers[-1] * 1.1)
    return (*(-power for power in reversed(powers)), 0, *powers)


def ours(values, bins=None, **options):
    return histogram("x", values, default_edges() if bins is None else bins, **options).value[0].histo


def torchs(values, bins=None, **options):
    return torchs_histogram("x", values, list(default_edges()) if bins is None else bins, **options).value[0].histo


def check_same(values, bins=None, **options):
    theirs, mine = torchs(values, bins, **options), ours(values, bins, **options)
    assert (mine.bucket, mine.bucket_limit) == (theirs.bucket, theirs.bucket_limit)
    assert (mine.min, mine.max, mine.num) == (theirs.min, theirs.max, theirs.num)
    floats = np.asarray(values, np.float64).reshape(-1)
    magnitude = np.abs(floats).sum()
    assert abs(mine.sum - theirs.sum) <= 1e-12 * magnitude
    np.testing.assert_allclose(mine.sum_squares, theirs.sum_squares, rtol=1e-12)


# torch says of its own tensors that they are new.
pytestmark = pytest.mark.filterwarnings("ignore:Sparse CSR tensor", "ignore:The PyTorch API of nested")


def test_the_edges_are_torchs(tmp_path):
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        assert list(default_edges()) == writer.default_bins


# ------------------------------------------------------------ what torch can do


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    dtype=st.sampled_from([np.float32, np.float64, np.float16]),
    copies=st.sampled_from([1, LONG]),
)
def test_any_values_are_counted_as_torch_counts_them(data, dtype, copies):
    # With copies of them there are enough for the table.
    limit = 2.0**15 if dtype is np.float16 else 2.0**63
    elements = st.floats(-limit, limit, width=np.dtype(dtype).itemsize * 8)
    few = data.draw(arrays.arrays(dtype, st.integers(1, 60), elements=elements))
    check_same(np.resize(few, max(len(few), copies)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-13, 1e-3, 1.0, 1e6, 1e18])
def test_many_values_of_any_scale(dtype, scale):
    values = (np.random.default_rng(3).standard_normal(3 * CHUNK + 17) * scale).astype(dtype)
    check_same(values)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_on_and_beside_every_edge(dtype):
    edges = np.array(default_edges())
    values = edges.astype(dtype)
    values = np.concatenate([values, np.nextafter(values, dtype(np.inf)), np.nextafter(values, dtype(-np.inf))])
    values = np.append(values, [0.0, -0.0, np.finfo(dtype).tiny, -np.finfo(dtype).smallest_subnormal]).astype(dtype)
    check_same(np.tile(values, 8))


@pytest.mark.parametrize(
    "edges", [[-1.0, 0.5, 0.5, 2.0], [0.0, 0.1, 0.1000001, 0.3, 1.0], list(np.linspace(-3, 3, 4000))]
)
def test_edges_of_the_callers_own(edges):
    # Those that are too close for the table included.
    values = np.random.default_rng(3).standard_normal(LONG).astype(np.float32).round(1)
    check_same(values, edges)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool])
@pytest.mark.parametrize("size", [100, 2 * CHUNK + 1])
def test_whole_numbers(dtype, size):
    check_same((torch.arange(size) * 37 % 251 - 100).to(dtype))


@settings(max_examples=40, deadline=None)
@given(
    max_bins=st.integers(1, 2000),
    bins=st.sampled_from([None, "auto", "fd", "doane", "sturges", 1, 50, [-1.0, 0.0, 4.0]]),
    size=st.integers(1, 400),
)
def test_joined_bins(max_bins, bins, size):
    values = np.random.default_rng(size).standard_normal(size) * 3
    values[0] = 0.5  # inside of all edges
    check_same(values, bins, max_bins=max_bins)


# ------------------------------------------------------------ what torch can't

FINITE = torch.tensor([-2.0, 0.0, 1e-9, 3.0, 3.0])


@pytest.mark.parametrize("repeats", [1, LONG])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_nan_and_infinities_are_counted_apart_and_poison_nothing(dtype, repeats):
    finite = FINITE.to(dtype).repeat(repeats)
    bad = torch.tensor([torch.nan, torch.inf, -torch.inf, -torch.nan], dtype=dtype).repeat(repeats)
    alone, mixed = ours(finite), ours(torch.stack([finite[: len(bad)], bad]).T.reshape(-1))
    assert list(mixed.bucket) == list(ours(finite[: len(bad)]).bucket)
    assert (mixed.min, mixed.num) == (alone.min, 8 * repeats)
    assert mixed.num - sum(mixed.bucket) == 4 * repeats
    assert np.isfinite([mixed.max, mixed.sum, mixed.sum_squares]).all()


@pytest.mark.parametrize("values", [torch.full((3,), torch.nan), torch.empty(0, 3), np.full(LONG, np.inf), []])
@pytest.mark.parametrize("bins", [None, "auto", 10])
def test_without_a_finite_value_it_is_an_empty_histogram_in_tensorboard_too(values, bins):
    summary = histogram("x", values, default_edges() if bins is None else bins).value[0]
    assert summary.histo.num == np.asarray(values).size
    assert (list(summary.histo.bucket), list(summary.histo.bucket_limit)) == ([0.0], [0.0])
    assert make_ndarray(migrate_value(summary).tensor).shape == (0, 3)


def test_bfloat16_is_exact():
    values = torch.tensor([1e-9, 1e6, -3e38], dtype=torch.bfloat16)
    exact = values.double()
    kept = ours(values)
    assert (kept.min, kept.max) == (float(exact.min()), float(exact.max()))
    assert (list(kept.bucket), list(kept.bucket_limit)) == (list(ours(exact).bucket), list(ours(exact).bucket_limit))
    assert sum(kept.bucket) == 2  # the third lies beyond the outermost edge, as torch has it


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_many_narrow_floats_are_counted_as_their_float64s(dtype):
    narrow = (torch.randn(3 * CHUNK, generator=torch.Generator().manual_seed(1)) * 0.1).to(dtype)
    mine, exact = ours(narrow), torchs(narrow.double())
    assert (mine.bucket, mine.bucket_limit, mine.num) == (exact.bucket, exact.bucket_limit, exact.num)
    np.testing.assert_allclose([mine.sum, mine.sum_squares], [exact.sum, exact.sum_squares], rtol=1e-10)


DENSE = torch.tensor([[0.0, 1.5, 0.0], [-2.0, 0.0, 3.0]])


@pytest.mark.parametrize(
    "values",
    [
        DENSE.to_sparse(),
        torch.stack([DENSE.to_sparse()] * 2).sum(0) / 2,
        DENSE.to_sparse_csr(),
        DENSE.to_sparse_csc(),
        torch.nested.nested_tensor([DENSE[0], DENSE[1]]),
        torch.nested.nested_tensor([DENSE[0], DENSE[1]], layout=torch.jagged),
        DENSE.tolist(),
        tuple(map(tuple, DENSE.tolist())),
        list(DENSE),
        DENSE.T,
        DENSE.clone().requires_grad_(),
        torch.nn.Parameter(DENSE.detach()),
        DENSE.detach().numpy().astype(">f4"),
        DENSE.detach().numpy().astype(np.longdouble),
    ],
)
def test_other_kinds_count_as_their_dense_float_selves(values):
    assert ours(values) == torchs(DENSE.detach())


def test_quantised_ones_count_as_what_they_stand_for():
    quantised = torch.quantize_per_tensor(torch.tensor([0.1, 0.26]), 0.25, 0, torch.qint8)
    assert ours(quantised) == torchs(torch.tensor([0.0, 0.25]))


def test_a_sparse_tensor_of_only_zeros_and_rules_for_sparse_ones():
    empty = torch.zeros(3, 3).to_sparse()
    assert ours(empty) == torchs(torch.zeros(3, 3))
    assert ours(DENSE.detach().to_sparse(), "auto").num == 6


def test_values_beyond_all_edges_are_in_one_bucket_between_their_extremes():
    kept = ours(torch.tensor([1e25, 3e25], dtype=torch.float64))
    assert (list(kept.bucket), list(kept.bucket_limit), kept.min) == ([2.0], [3e25], 1e25)


@pytest.mark.parametrize(
    ("values", "options", "sentence"),
    [
        (None, {}, "values is None, not numbers: pass a torch.Tensor or a numpy array"),
        ("text", {}, "values is 'text', not numbers"),
        ([[1.0], [2.0, 3.0]], {}, "values is a list, which numpy can't make one array of"),
        ({"a": 1}, {}, "values is a dict, not numbers"),
        (torch.ones(2, device="meta"), {}, "on the meta device and has no values"),
        (torch.tensor([1j]), {}, "values are complex: pass their abs"),
        (np.array([1j]), {}, "values are complex"),
        (torch.nn.UninitializedParameter(), {}, "its model has not run yet"),
        (torch.ones(2), {"bins": "many"}, "bins is 'many', which numpy.histogram does not take"),
        (torch.ones(2), {"bins": [2.0, 1.0]}, "bins are not edges of bins"),
        (torch.ones(2), {"bins": [2.0]}, "bins are not edges of bins"),
        (torch.ones(2), {"max_bins": 0}, "max_bins is 0, not a number of bins from 1 on"),
    ],
)
def test_what_is_refused(values, options, sentence):
    with pytest.raises(ArgumentError, match=sentence):
        ours(values, **options)
