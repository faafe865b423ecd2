"""Parts measured apart and merged, against the whole measured at once. Ranks are threads, their collectives numpy."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from torchviz_tb.capture.engines.numpy import NumpyEngine
from torchviz_tb.capture.histograms import histograms
from torchviz_tb.capture.sharded import tables
from torchviz_tb.capture.sharded.agreement import Membership
from torchviz_tb.capture.sharded.exchange import SharingError
from torchviz_tb.capture.sharded.merge import Header, merge
from torchviz_tb.capture.statistics import StageMeasurement
from torchviz_tb.capture.tensors import Unsupported, flat
from torchviz_tb.records import records_pb2 as pb


class Ranks:
    """Collectives of threads: each call meets those of all others."""

    def __init__(self, count):
        self.count = count
        self.barrier = threading.Barrier(count, timeout=20)
        self.given = {}
        self.calls = []

    def member(self, rank):
        return Membership(rank, 0, tuple(range(self.count)), Collectives(self, rank), None)

    def all(self, function):
        with ThreadPoolExecutor(self.count) as pool:
            return list(pool.map(function, range(self.count)))


class Collectives:
    def __init__(self, ranks, rank):
        self.ranks, self.rank = ranks, rank

    def meet(self, name, values, combine):
        self.ranks.given[self.rank] = values
        self.ranks.barrier.wait()
        assert len({len(each) for each in self.ranks.given.values()}) == 1
        result = combine([self.ranks.given[rank] for rank in range(self.ranks.count)], axis=0)
        self.ranks.barrier.wait()
        if self.rank == 0:
            self.ranks.calls.append((name, len(values)))
        return result

    def largest(self, values):
        return self.meet("MAX", values, np.max)

    def total(self, values):
        return self.meet("SUM", values, np.sum)


def measured(tensor):
    (measurement,) = NumpyEngine(workers=1).measure([flat(tensor)], histograms=True)
    return measurement


def stored(measurement):
    m = measurement
    [record] = histograms([m.tally], [m.beside])
    return record


def merged(parts, stage=pb.STAGE_PARAMETER):
    """Each rank's tensors, site by site, merged; also the collectives that it took."""
    ranks = Ranks(len(parts))

    def of_rank(rank):
        outcomes = [measured(part) if isinstance(part, torch.Tensor) else part for part in parts[rank]]
        return merge(ranks.member(rank), Header({"step": 3}), {stage: StageMeasurement(stage, outcomes)}, len(outcomes))

    results = ranks.all(of_rank)
    return [result.stages[stage].outcomes for result in results], ranks.calls


def check(parts):
    whole = measured(torch.cat(parts))
    everywhere, calls = merged([[part] for part in parts])
    for (outcome,) in everywhere:
        assert outcome.count == whole.count
        assert stored(outcome) == stored(whole)
        for name in ("min", "max", "abs_max"):
            np.testing.assert_array_equal(getattr(outcome.moments, name), getattr(whole.moments, name))
        for name in ("true_mean", "std", "true_l1", "l2"):
            expected, scale = getattr(whole.moments, name), whole.moments.abs_max
            tolerance = 1e-14 * scale if np.isfinite(scale) else 0  # a mean and a deviation near 0 are differences
            np.testing.assert_allclose(getattr(outcome.moments, name), expected, rtol=1e-10, atol=tolerance)
    return calls


def normal(size, mean=0.0, std=1.0, seed=0):
    return torch.randn(size, generator=torch.Generator().manual_seed(seed)) * std + mean


DATA = {
    "large": normal(100_000),
    "small": normal(300),
    "a bias": normal(10),
    "one": torch.tensor([2.5]),
    "none": torch.zeros(0),
    "zeros": torch.zeros(1000),
    "constant": torch.full((20_000,), 1.0),
    "Adam's first step": torch.where(normal(20_000) > 0, 1e-3, -1e-3),
    "a norm layer": normal(30_000, 1.0, 1e-3),
    "a narrow norm layer": normal(30_000, 1.0, 1e-6),
    "two peaks": torch.cat([normal(20_000, 1.0, 1e-4), normal(20_000, -3.0, 1e-4)]),
    "three values": torch.tensor([-1.0, 0.0, 1.0])[torch.arange(50_000) % 3],
    "an outlier": torch.cat([normal(30_000, 1.0, 1e-3), torch.tensor([1e6])]),
    "log-normal": normal(50_000, 0, 8.0).exp(),
    "float64 beyond float32": normal(9_000).double() * 1e200,
    "denormals": normal(9_000) * 1e-42,
    "bfloat16": normal(20_000).bfloat16(),
    "all NaN": torch.full((10_000,), float("nan")),
    "not all finite": torch.cat([normal(9_000), torch.tensor([torch.inf, -torch.inf, torch.nan, torch.nan])]),
    "integers": torch.arange(-500, 20_000),
    "complex": torch.complex(normal(9_000), normal(9_000, seed=1)),
}


PEAKS_FAR_APART = ["two peaks", "an outlier"]
"""No table that spans them tells the values of a peak apart: ranks may have to add up a finer one."""


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
def test_merged_equals_whole(name, ranks):
    calls = check(list(torch.tensor_split(DATA[name], ranks)))
    further = ["SUM"] * (len(calls) - 2) if name in PEAKS_FAR_APART else []
    assert [kind for kind, _ in calls] == ["MAX", "SUM", *further]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.floats(width=32), max_size=30).map(lambda values: torch.tensor(values, dtype=torch.float32)),
        min_size=1,
        max_size=4,
    )
)
def test_merged_equals_whole_for_whatever_few_values(parts):
    check(parts)


def test_parts_at_different_scales_and_resolutions():
    check([normal(20_000, std=1e-9), normal(50, 5.0), torch.zeros(0), normal(9_000, 1.0, 1e-5)])


def test_many_ranks_with_peaks_far_apart_take_further_sums(monkeypatch):
    monkeypatch.setattr(tables, "MOST_ENTRIES", 32)  # as if there were hundreds of times as many ranks
    for parts in (
        [normal(2_000, 1.0, 1e-4), normal(2_000, -3.0, 1e-4)],
        [torch.cat([1 + torch.arange(5) * 2**-20, torch.tensor([2.0])])] * 8,  # few values
    ):
        calls = check(parts)
        assert [kind for kind, _ in calls] == ["MAX"] + ["SUM"] * (len(calls) - 1)
        assert len(calls) > 2


def test_a_rank_that_holds_nothing_of_a_site_adds_nothing():
    everywhere, _ = merged([[pb.STATUS_EXCLUDED, normal(5)], [normal(7, seed=2), pb.STATUS_EXCLUDED]])
    for first, second in everywhere:
        assert (first.count, second.count) == (7, 5)


def test_why_there_are_no_numbers():
    reasons = [
        [pb.STATUS_NO_GRADIENT, pb.STATUS_FROZEN, Unsupported("sparse gradient"), normal(3), pb.STATUS_EXCLUDED],
        [pb.STATUS_NO_GRADIENT, pb.STATUS_EXCLUDED, Unsupported("sparse"), pb.STATUS_NO_GRADIENT, pb.STATUS_EXCLUDED],
    ]
    (leader, _), calls = merged(reasons, pb.STAGE_GRADIENT)
    assert leader == [
        pb.STATUS_NO_GRADIENT,
        pb.STATUS_FROZEN,
        Unsupported("sparse gradient"),
        Unsupported("ranks differ: measured on one, no gradient on another"),
        pb.STATUS_EXCLUDED,
    ]
    assert [kind for kind, _ in calls] == ["MAX"]


def test_lost_updates_add_up():
    ranks = Ranks(2)
    parts = {pb.STAGE_UPDATE: StageMeasurement(pb.STAGE_UPDATE, [measured(normal(4))], lost=[3])}
    results = ranks.all(lambda rank: merge(ranks.member(rank), Header({}), parts, 1))
    assert [result.stages[pb.STAGE_UPDATE].lost for result in results] == [[6], [6]]


def test_all_stages_go_in_the_same_two_collectives():
    ranks = Ranks(2)
    parts = {stage: StageMeasurement(stage, [measured(normal(4))]) for stage in (pb.STAGE_PARAMETER, pb.STAGE_GRADIENT)}
    ranks.all(lambda rank: merge(ranks.member(rank), Header({}), parts, 1))
    assert [kind for kind, _ in ranks.calls] == ["MAX", "SUM"]


def test_a_stage_that_one_rank_could_not_measure_is_left_out_on_all():
    ranks = Ranks(2)
    both = {stage: StageMeasurement(stage, [measured(normal(4))]) for stage in (pb.STAGE_PARAMETER, pb.STAGE_GRADIENT)}
    given_parts = [both, {pb.STAGE_PARAMETER: both[pb.STAGE_PARAMETER]}]
    results = ranks.all(lambda rank: merge(ranks.member(rank), Header({}), given_parts[rank], 1))
    for result in results:
        assert list(result.stages) == [pb.STAGE_PARAMETER]
        assert result.missing == {pb.STAGE_GRADIENT}


def test_ranks_at_different_steps_all_say_so():
    ranks = Ranks(2)

    def of_rank(rank):
        with pytest.raises(SharingError, match="ranks differ in the step: 10 on one, 11 on another"):
            merge(ranks.member(rank), Header({"the sample": 1, "the step": 10 + rank}), {}, 0)

    ranks.all(of_rank)


def test_all_take_the_leaders_number():
    ranks = Ranks(3)
    results = ranks.all(lambda rank: merge(ranks.member(rank), Header({}, from_leader=100.0 * (rank + 1)), {}, 0))
    assert [result.from_leader for result in results] == [100.0] * 3


def test_the_vector_of_a_sample_is_small():
    _, calls = merged([[normal(50_000, seed=rank)] for rank in range(2)])
    assert sum(size for _, size in calls) * 8 < 10_000
