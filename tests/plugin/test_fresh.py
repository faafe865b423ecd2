"""Answers that hold only what is new: joined to what a page has, as http_api.md says, they are the whole answer."""

import math
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import handmade
import numpy as np
import pytest
from event_file import EventFile
from plugin_client import Answer, in_process
from sample_logs import SMALL_SHAPES, training, write_run, write_step
from tensorboard_process import PLUGIN, serving

from torchviz_tb.records.metadata import Kind

GROUP = {"run": "run", "group": "model"}
NAMES = list(SMALL_SHAPES)
OLD, NEW = range(0, 500, 50), range(500, 600, 50)
REQUESTS: dict[str, tuple[str, dict[str, str]]] = {
    "statistics": ("statistics", {"stage": "gradient", "column": "l2"}),
    "quantile spread": ("statistics", {"stage": "gradient", "column": "quantile_spread"}),
    "site": ("site", {"site": "fc1.weight"}),
    "distributions": ("distributions", {"site": "fc1.weight", "stage": "update"}),
    "bands": ("bands", {"stage": "parameter"}),
    "watch_cost": ("watch_cost", {}),
}
STEP_AXIS = {"site": {"values": 2, "state": 1}, "bands": {"values": 1, "state": 1}}
"""Where it is not the first."""


def ask(root: Path, request: str, since: object = None) -> Answer:
    route, parameters = REQUESTS[request]
    extra = {} if since is None else {"since": since}
    return in_process(root)(route, **GROUP, **parameters, **extra)


def row(answer: Answer, request: str, index: int) -> dict[str, list[Any]]:
    """All that an answer has of one of the steps that it sends."""
    found = {}
    for name, array in answer.arrays.items():
        if name in ("steps", "marks", "fresh", "starts"):
            continue
        if name in ("lower", "upper", "counts"):
            start, end = answer.arrays["starts"][index : index + 2]
            found[name] = array[start:end].tolist()
        else:
            axis = STEP_AXIS.get(request, {}).get(name, 0)
            found[name] = np.take(array, index, axis).tolist()
    return found


def joined(old: Answer, news: Answer, request: str) -> dict[float, Any] | None:
    """What a page then has, by step; None where it lacks a step."""
    rows: dict[float, Any] = {}
    fresh = news.arrays["fresh"].tolist()
    had = list(zip(old.arrays["steps"], old.arrays["marks"], strict=True))
    known = {key: position for position, key in enumerate(had)}
    listed = [*had[: news.fields["kept"]], *zip(news.arrays["steps"], news.arrays["marks"], strict=True)]
    for position, key in enumerate(listed):
        if position in fresh:
            rows[key[0]] = row(news, request, fresh.index(position))
        elif key in known:
            rows[key[0]] = row(old, request, known[key])
        else:
            return None
    return rows


def same(one: Any, other: Any) -> bool:
    """Equal, NaN being equal to NaN."""
    return str(one) == str(other)


@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_new_step_is_all_that_is_sent(tmp_path: Path, request_name: str):
    file = write_run(tmp_path / "run", OLD)
    old = ask(tmp_path, request_name)
    assert old.arrays["fresh"].tolist() == list(range(len(OLD)))
    for step, tensors in training(SMALL_SHAPES, NEW):
        write_step(file, "model", NAMES, step, tensors)
    news, whole = ask(tmp_path, request_name, old.fields["version"]), ask(tmp_path, request_name)
    assert news.fields["kept"] == len(OLD)
    assert news.arrays["steps"].tolist() == list(NEW)
    assert news.arrays["fresh"].tolist() == [len(OLD), len(OLD) + 1]
    assert same(joined(old, news, request_name), joined(whole, whole, request_name))
    assert ask(tmp_path, request_name, news.fields["version"]).arrays["fresh"].size == 0


def session(root: Path, first: int, end: int, *, seed: int = 0, later: float = 0) -> None:
    """A session of one run, from its first step on, as by a clock that is some seconds ahead."""
    file = EventFile(root / "run", f"events.out.tfevents.{1700000000 + first}.sample.1.0", later=later)
    file.start(first)
    if first == 0:
        file.record("model", Kind.SITES, handmade.sites(SMALL_SHAPES), 0)
    for step, tensors in training(SMALL_SHAPES, range(first, end, 50), seed):
        write_step(file, "model", NAMES, step, tensors)


@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_resumed_run_is_never_mixed_with_what_it_replaced(tmp_path: Path, request_name: str):
    session(tmp_path, 0, 500)
    old = ask(tmp_path, request_name)
    session(tmp_path, 250, 400, seed=7, later=1000)
    news, whole = ask(tmp_path, request_name, old.fields["version"]), ask(tmp_path, request_name)
    assert news.fields["kept"] == 0
    assert news.arrays["steps"].tolist() == list(range(0, 400, 50))
    assert news.arrays["fresh"].tolist() == [5, 6, 7]
    assert same(joined(old, news, request_name), joined(whole, whole, request_name))


def test_a_step_that_was_replaced_by_an_older_clock_is_seen_to_be_lacking(tmp_path: Path):
    session(tmp_path, 0, 500)
    old = ask(tmp_path, "statistics")
    session(tmp_path, 250, 400, seed=7, later=-1000)
    assert joined(old, ask(tmp_path, "statistics", old.fields["version"]), "statistics") is None


def test_distributions_that_come_after_their_statistics_are_new(tmp_path: Path):
    file = write_run(tmp_path / "run", OLD)
    ((step, tensors),) = training(SMALL_SHAPES, [500])
    file.record("model", Kind.STATISTICS, handmade.statistics(NAMES, tensors), step)
    old = ask(tmp_path, "quantile spread")
    later = EventFile(tmp_path / "run", "events.out.tfevents.1800000000.sample.2.0", later=0.5)
    later.record("model", Kind.DISTRIBUTIONS, handmade.distributions(NAMES, tensors), step)
    news = ask(tmp_path, "quantile spread", old.fields["version"])
    assert news.arrays["fresh"].tolist() == [len(OLD)]
    assert np.isfinite(news.arrays["values"]).all()


@pytest.mark.parametrize("since", ["", "x", "00000000 1.0 1 0", "zz 9e99 1 0", "0 nan -1 zz", "0 9e99 -1 0"])
def test_what_no_answer_gave_as_version_gives_everything(tmp_path: Path, since: str):
    write_run(tmp_path / "run", OLD)
    assert ask(tmp_path, "statistics", since).arrays["fresh"].size == len(OLD)


def test_another_table_of_sites_gives_everything(tmp_path: Path):
    file = write_run(tmp_path / "run", OLD)
    version = ask(tmp_path, "statistics").fields["version"]
    shapes = {"new.weight": (3, 3), **SMALL_SHAPES}
    file.record("model", Kind.SITES, handmade.sites(shapes), 500)
    for step, tensors in training(shapes, [500]):
        file.record("model", Kind.STATISTICS, handmade.statistics(list(shapes), tensors), step)
    news = ask(tmp_path, "statistics", version)
    assert news.arrays["fresh"].size == len(OLD) + 1
    assert news.arrays["values"].shape == (len(OLD) + 1, len(shapes))


@pytest.mark.parametrize(("route", "tag"), [("losses", "loss/train"), ("learning_rates", "lr")])
def test_of_a_scalar_the_points_behind_those_that_a_page_has_are_sent(tmp_path: Path, route: str, tag: str):
    file = EventFile(tmp_path / "run")
    for step in range(5):
        file.scalar(tag, 0.5 * step, step)

    def asked(since: object = "") -> tuple[int, list[float], list[int], list[float]]:
        nonlocal version
        answer = in_process(tmp_path)(route, run="run", since=since)
        version = answer.fields["version"]
        arrays = (answer.arrays[name].tolist() for name in ("steps", "fresh", "values"))
        return answer.fields["kept"], *arrays  # type: ignore[return-value]

    version = ""
    assert asked() == (0, [0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 0.5, 1, 1.5, 2])
    assert asked(version) == (5, [], [], [])
    file.scalar(tag, math.nan, 7)
    assert str(asked(version)) == str((5, [7.0], [5], [math.nan]))
    file.scalar(tag, 9.0, 1)
    assert str(asked(version)) == str(
        (0, [0.0, 1.0, 2.0, 3.0, 4.0, 7.0], [0, 1, 2, 3, 4, 5], [0.0, 9.0, 1.0, 1.5, 2.0, math.nan])
    )


@pytest.mark.parametrize("backend_flag", ["--load_fast=true", "--load_fast=false"])
def test_what_has_not_changed_is_not_sent_again(tmp_path: Path, backend_flag: str):
    file = write_run(tmp_path / "runs" / "run", OLD)
    with serving(tmp_path / "runs", backend_flag) as board:
        board.wait_for(f"{PLUGIN}runs", lambda answer: answer["runs"])
        urls = [f"{board.url}{PLUGIN}{path}" for path in ("sites?run=run&group=model", _STATISTICS)]
        tags = [_get(url)[1] for url in urls]
        assert [_get(url, tag) for url, tag in zip(urls, tags, strict=True)] == [(304, tag) for tag in tags]
        for step, tensors in training(SMALL_SHAPES, NEW):
            write_step(file, "model", NAMES, step, tensors)
        board.wait_for(f"{PLUGIN}runs", lambda answer: NEW[-1] in answer["runs"][0]["groups"][0]["kinds"]["statistics"])
        assert _get(urls[1], tags[1])[0] == 200


_STATISTICS = "statistics?run=run&group=model&stage=gradient&column=l2"


def _get(url: str, tag: str = "") -> tuple[int, str]:
    try:
        with urlopen(Request(url, headers={"If-None-Match": tag})) as answer:
            return answer.status, answer.headers["ETag"]
    except HTTPError as error:
        return error.code, error.headers["ETag"]
