"""How far distributions are apart, and answers about some of the sites and steps."""

from pathlib import Path

import handmade
import numpy as np
import pytest
import sample_logs
from plugin_client import Fetch, in_process
from sample_logs import SMALL_SHAPES, EventFile, training

from torchviz_tb.reading import packed_histograms, site_histograms
from torchviz_tb.reading.cache import RecordCache
from torchviz_tb.reading.source import Reference
from torchviz_tb.reading.statistics import State
from torchviz_tb.reading.thinning import thinned
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

NAMES = list(SMALL_SHAPES)
FIRST = {"run": "first", "group": "model"}


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Fetch:
    root = tmp_path_factory.mktemp("two_runs")
    sample_logs.two_runs(root)
    return in_process(root)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Fetch:
    root = tmp_path_factory.mktemp("small")
    sample_logs.small(root)
    return in_process(root)


def gradients(steps: range, seed: int, step: int) -> list[np.ndarray]:
    return next(tensors["gradient"] for at, tensors in training(SMALL_SHAPES, steps, seed) if at == step)


def sorted_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Of equally many elements: the mean difference of the sorted ones, in float64."""
    return float(np.abs(np.sort(one.astype(np.float64).ravel()) - np.sort(other.astype(np.float64).ravel())).mean())


def expect_distances(answer: object, ones: list[np.ndarray], others: list[np.ndarray]) -> None:
    expected = np.array([sorted_distance(one, other) for one, other in zip(ones, others, strict=True)])
    size = np.array([np.abs(one).mean() + np.abs(other).mean() for one, other in zip(ones, others, strict=True)])
    # A bin is at most an eighth as wide as its values are large; elements move by less than that.
    assert (np.abs(answer.arrays["distance"] - expected) <= size / 8).all()
    assert (np.abs(answer.arrays["relative"] - expected / size) <= 1 / 8).all()
    assert np.corrcoef(answer.arrays["distance"], expected)[0, 1] > 0.999


def test_distances_between_steps(two_runs: Fetch):
    answer = two_runs("distances", **FIRST, stage="gradient", step=930, other_step=-7)
    assert answer.fields == {"stage": "gradient", "step": 900, "other_run": "first", "other_step": 0, "problems": []}
    steps = range(0, 1000, 50)
    expect_distances(answer, gradients(steps, 0, 900), gradients(steps, 0, 0))
    assert not answer.arrays["state"].any()


def test_distances_between_runs(two_runs: Fetch):
    answer = two_runs("distances", **FIRST, stage="gradient", step=500, other_run="second", other_step=500)
    assert (answer.fields["other_run"], answer.fields["other_step"]) == ("second", 500)
    expect_distances(answer, gradients(range(0, 1000, 50), 0, 500), gradients(range(0, 1500, 50), 1, 500))


def test_states_of_both_and_sites_of_one_run_alone(tmp_path: Path):
    def write(run: str, tensors: dict[str, np.ndarray | int]) -> None:
        file = EventFile(tmp_path / run)
        file.record("model", Kind.SITES, handmade.sites(dict.fromkeys(tensors, (4,))), 0)
        for kind, make in ((Kind.STATISTICS, handmade.statistics), (Kind.DISTRIBUTIONS, handmade.distributions)):
            file.record("model", kind, make(list(tensors), {"gradient": list(tensors.values())}), 0)

    ones, nan = np.ones(4), np.full(4, np.nan)
    write("first", {"a": ones, "b": ones, "c": ones, "d": np.zeros(4), "e": pb.STATUS_FROZEN})
    write("second", {"c": ones, "b": nan, "d": ones, "e": ones})
    answer = in_process(tmp_path)("distances", **FIRST, stage="gradient", step=0, other_run="second", other_step=0)
    np.testing.assert_array_equal(answer.arrays["relative"], [np.nan, np.nan, 0, 1, np.nan])
    assert answer.arrays["state"].tolist() == [0, 0, 0, State.ZERO, State.FROZEN]
    assert answer.arrays["other_state"].tolist() == [State.NOT_MEASURED, State.NAN, 0, 0, 0]


def test_a_distance_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sample_logs.two_runs(tmp_path)
    fetch, calls = in_process(tmp_path), []
    compute = site_histograms.distances
    monkeypatch.setattr(site_histograms, "distances", lambda *pairs: calls.append(pairs) or compute(*pairs))
    for step in (0, 0, 50, 0):
        fetch("distances", **FIRST, stage="gradient", step=step, other_step=100)
    assert len(calls) == 2


@pytest.mark.parametrize(("length", "most"), [(1, 5), (7, 7), (8, 7), (9, 7), (60, 16), (1000, 128), (5, 1), (0, 3)])
def test_thinned_steps_are_bounded_even_and_nested(length: int, most: int):
    steps = [10 * number for number in range(length)]
    kept = thinned(steps, most)
    assert len(kept) <= max(2, most)
    assert kept[-1:] == steps[-1:]
    assert len(kept) > max(2, most) // 2 or len(kept) == length
    assert set(thinned(steps, most // 2)) <= set(kept)
    # A step that is added moves none of the others, but the last, and those left out when the stride doubles.
    assert set(thinned([*steps, 10 * length], most)) <= {*kept, 10 * length}


@pytest.mark.parametrize("route", ["bands", "distributions"])
def test_some_of_the_steps_have_what_all_have(small: Fetch, route: str):
    query = {**FIRST, "stage": "gradient", "site": "fc1.weight", "sites": "6"}
    whole, some = small(route, **query), small(route, **query, most_steps=16)
    steps = whole.arrays["steps"].tolist()
    rows = [steps.index(step) for step in some.arrays["steps"]]
    assert rows == [*range(0, 60, 4), 59]
    values = "values" if route == "bands" else "quantiles"
    axis = 1 if route == "bands" else 0
    np.testing.assert_array_equal(some.arrays[values], whole.arrays[values].take(rows, axis))


def test_one_step_is_the_last_that_is_not_after_it(small: Fetch):
    query = {**FIRST, "stage": "gradient", "site": "fc1.weight"}
    whole, one = small("distributions", **query), small("distributions", **query, step=149)
    assert one.arrays["steps"].tolist() == [100]
    site = small("site", **FIRST, site="fc1.weight", step=149)
    assert (site.arrays["steps"].tolist(), site.arrays["values"].shape[-1]) == ([100], 1)
    start, end = whole.arrays["starts"][2:4]
    np.testing.assert_array_equal(one.arrays["counts"], whole.arrays["counts"][start:end])


def test_bands_of_named_sites_in_their_order(small: Fetch):
    whole = small("bands", **FIRST, stage="update")
    some = small("bands", **FIRST, stage="update", sites="8,0,3")
    np.testing.assert_array_equal(some.arrays["values"], whole.arrays["values"][[8, 0, 3]])
    assert some.arrays["state"].shape == (3, 60)


WRONG = [
    ("bands", {"sites": "1,x"}, 400, "sites is '1,x'"),
    ("bands", {"sites": "1,10"}, 404, "there is no site 10 among 10"),
    ("bands", {"sites": "-1"}, 404, "there is no site -1 among 10"),
    ("bands", {"most_steps": "many"}, 400, "most_steps is 'many'"),
    ("distributions", {"site": "fc1.weight", "step": "x"}, 400, "step is 'x'"),
    ("distances", {"other_step": "0"}, 400, "the parameter step is missing"),
    ("distances", {"step": "0"}, 400, "the parameter other_step is missing"),
    ("distances", {"step": "0", "other_step": "0", "other_run": "frist"}, 404, "there is no run 'frist'"),
]


@pytest.mark.parametrize(("route", "parameters", "status", "message"), WRONG)
def test_wrong_requests(small: Fetch, route: str, parameters: dict[str, str], status: int, message: str):
    answer = small(route, **FIRST, stage="gradient", **parameters)
    assert answer.status == status
    assert message in answer.fields["error"]["message"]
    assert answer.fields["error"]["hint"].endswith((".", "?"))


def test_only_the_wanted_steps_are_read_and_only_the_wanted_sites_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sample_logs.small(tmp_path)
    fetch, decoded, read = in_process(tmp_path), [], []
    decode, put = packed_histograms.read_histograms, RecordCache.put
    monkeypatch.setattr(site_histograms, "read_histograms", lambda each: decoded.append(len(each)) or decode(each))
    monkeypatch.setattr(RecordCache, "put", lambda cache, key, record: read.append(key) or put(cache, key, record))
    fetch("bands", **FIRST, stage="gradient", sites="1,2,3", most_steps=8)
    # Of 60 steps, every sixteenth and the last.
    assert sum(decoded) == 3 * 5
    whole = [key for key in read if isinstance(key, Reference)]
    assert len([key for key in whole if key.tag.kind is Kind.DISTRIBUTIONS]) == 5


def test_one_damaged_histogram_hides_no_other(tmp_path: Path):
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.SITES, handmade.sites({"a": (3,), "b": (3,)}), 0)
    record = handmade.distributions(["a", "b"], {"gradient": [np.ones(3), np.ones(3)]})
    record.entries[0].histogram.mantissa_bits = 99
    file.record("model", Kind.DISTRIBUTIONS, record, 0)
    answer = in_process(tmp_path)("bands", **FIRST, stage="gradient")
    assert answer.arrays["state"].tolist() == [[State.NOT_MEASURED], [State.FINITE]]
    assert [problem["message"] for problem in answer.fields["problems"]] == ["a histogram's grid is impossible"]


@pytest.mark.parametrize("route", ["bands", "distributions"])
def test_of_some_of_the_steps_only_new_ones_are_sent_again(tmp_path: Path, route: str):
    sample_logs.write_run(tmp_path / "first", range(0, 500, 50))
    query = {**FIRST, "stage": "gradient", "site": "fc1.weight", "sites": "6,2", "most_steps": 6}
    known = in_process(tmp_path)(route, **query)
    assert known.arrays["steps"].tolist() == [0, 100, 200, 300, 400, 450]
    sample_logs.write_run(tmp_path / "first", range(0, 600, 50))
    news = in_process(tmp_path)(route, **query, since=known.fields["version"])
    assert news.arrays["steps"].tolist() == [0, 200, 400, 550]
    assert news.arrays["fresh"].tolist() == [3]
    counted = news.arrays["state"].shape[-1]
    assert counted == 1
