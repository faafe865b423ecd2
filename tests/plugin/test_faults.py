"""Damaged logs and wrong requests: what is said, and that everything else is shown."""

import itertools
import re
from pathlib import Path

import handmade
import numpy as np
import pytest
import sample_logs
from event_file import EventFile
from plugin_client import Fetch, in_process
from sample_logs import SMALL_SHAPES
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_STRING

from torchviz_tb.reading.statistics import State
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import seal
from torchviz_tb.records.metadata import SCHEMA_VERSION, Kind


@pytest.fixture(scope="module")
def one_step(tmp_path_factory: pytest.TempPathFactory) -> Fetch:
    root = tmp_path_factory.mktemp("one_step")
    sample_logs.one_step(root)
    return in_process(root)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Fetch:
    root = tmp_path_factory.mktemp("damaged")
    sample_logs.damaged(root)
    return in_process(root)


GROUP = {"run": "first", "group": "model"}
WRONG = [
    ("sites", {}, 400, "the parameter run is missing"),
    ("sites", {"run": "first"}, 400, "the parameter group is missing"),
    ("sites", {"run": "frist", "group": "model"}, 404, "there is no run 'frist'"),
    ("sites", {"run": "first", "group": "modle"}, 404, "run 'first' has no group 'modle'"),
    ("statistics", {**GROUP, "column": "l2"}, 400, "the parameter stage is missing"),
    ("statistics", {**GROUP, "stage": "gradients", "column": "l2"}, 400, "there is no stage 'gradients'"),
    ("statistics", {**GROUP, "stage": "gradient", "column": "l3"}, 400, "there is no column 'l3'"),
    ("site", {**GROUP, "site": "fc3"}, 404, "has no site 'fc3'"),
    ("distributions", {**GROUP, "stage": "gradient"}, 400, "the parameter site is missing"),
    ("heatmaps", {**GROUP, "step": "soon"}, 400, "step is 'soon'"),
    ("heatmaps", GROUP, 400, "the parameter step is missing"),
    ("tensor_view", {**GROUP, "step": "0"}, 404, "has no tensor_view"),
    ("tensor_views", {"run": "nope"}, 404, "there is no run 'nope'"),
    ("losses", {"run": "nope"}, 404, "there is no run 'nope'"),
]


@pytest.mark.parametrize(("route", "parameters", "status", "message"), WRONG)
def test_wrong_requests(one_step: Fetch, route: str, parameters: dict[str, str], status: int, message: str):
    answer = one_step(route, **parameters)
    assert (answer.status, answer.content_type) == (status, "application/json")
    assert message in answer.fields["error"]["message"]
    assert answer.fields["error"]["hint"].endswith((".", "?"))


def test_a_near_name_is_offered(one_step: Fetch):
    assert one_step("sites", run="first", group="modle").fields["error"]["hint"] == "Did you mean 'model'?"


def test_flipped_records_are_listed_and_the_others_shown(damaged: Fetch):
    query = {"run": "flipped", "group": "model", "site": "fc1.weight", "stage": "gradient"}
    answer = damaged("distributions", **query)
    assert answer.status == 200
    assert answer.arrays["steps"].tolist() == list(range(0, 600, 50))
    starts, counts = answer.arrays["starts"], answer.arrays["counts"]
    assert [counts[start:end].sum() for start, end in itertools.pairwise(starts)] == [64 * 128] * 6 + [0] * 6
    assert (answer.arrays["state"][6:] == State.NOT_MEASURED).all()
    problems = answer.fields["problems"]
    assert [problem["step"] for problem in problems] == list(range(300, 600, 50))
    assert problems[0] == {
        "run": "flipped",
        "group": "model",
        "kind": "distributions",
        "step": 300,
        "message": problems[0]["message"],
        "hint": "All other steps are shown.",
    }
    assert re.search("checksum differs|can't be decompressed", problems[0]["message"])


def test_a_damaged_step_is_there_and_not_measured(tmp_path: Path):
    names = list(SMALL_SHAPES)
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.SITES, handmade.sites(SMALL_SHAPES), 0)
    tensors = {"gradient": [np.ones(shape) for shape in SMALL_SHAPES.values()]}
    file.record("model", Kind.STATISTICS, handmade.statistics(names, tensors), 0)
    file.blob("model", Kind.STATISTICS, b"garbage", 50)
    answer = in_process(tmp_path)("statistics", **GROUP, stage="gradient", column="l2")
    assert answer.arrays["state"].tolist() == [[State.FINITE] * 10, [State.NOT_MEASURED] * 10]
    assert np.isnan(answer.arrays["values"][1]).all()


def test_a_damaged_distribution_is_not_measured_though_the_statistics_are(tmp_path: Path):
    names, tensors = ["a"], {"gradient": [np.ones(2)]}
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.SITES, handmade.sites({"a": (2,)}), 0)
    for step in (0, 50):
        file.record("model", Kind.STATISTICS, handmade.statistics(names, tensors), step)
    file.record("model", Kind.DISTRIBUTIONS, handmade.distributions(names, tensors), 0)
    file.blob("model", Kind.DISTRIBUTIONS, b"garbage", 50)
    fetch = in_process(tmp_path)
    for route, parameters in (("distributions", {"site": "a"}), ("bands", {})):
        state = fetch(route, **GROUP, stage="gradient", **parameters).arrays["state"]
        assert state.ravel().tolist() == [State.FINITE, State.NOT_MEASURED]


def test_records_of_a_newer_version_say_to_upgrade(tmp_path: Path):
    sample_logs.newer(tmp_path)
    answer = in_process(tmp_path)("statistics", run="newer", group="model", stage="gradient", column="l2")
    assert np.isfinite(answer.arrays["values"][:6]).all()
    assert len(answer.fields["problems"]) == 4
    assert f"schema version {SCHEMA_VERSION + 1}" in answer.fields["problems"][0]["message"]
    assert "Upgrade torchviz_tb" in answer.fields["problems"][0]["hint"]


def test_a_record_that_no_table_of_sites_fits_is_a_problem(tmp_path: Path):
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.SITES, handmade.sites({"a": (2,)}), 0)
    file.record("model", Kind.STATISTICS, handmade.statistics(["b"], {"gradient": [np.ones(2)]}), 0)
    answer = in_process(tmp_path)("statistics", **GROUP, stage="gradient", column="l2")
    assert answer.arrays["state"].tolist() == [[State.NOT_MEASURED]]
    assert answer.fields["problems"][0]["message"] == "no table of sites fits it"


def test_a_damaged_graph_says_why(tmp_path: Path):
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.GRAPH, pb.Graph(operations=[pb.Operation(scope=7)]), 0)
    answer = in_process(tmp_path)("graph", **GROUP)
    assert answer.status == 404
    assert answer.fields["error"]["hint"] == "Why: it points to scope 7 of 0."


def test_the_older_graph_stands_in_for_a_damaged_one(tmp_path: Path):
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.GRAPH, handmade.chain_graph(SMALL_SHAPES), 0)
    file.blob("model", Kind.GRAPH, b"garbage", 10)
    answer = in_process(tmp_path)("graph", **GROUP)
    assert answer.fields["model_type"] == "Net"
    assert [problem["step"] for problem in answer.fields["problems"]] == [10]


def test_a_damaged_tensor_view_says_why(tmp_path: Path):
    file = EventFile(tmp_path / "first")
    file.blob("t", Kind.TENSOR_VIEW, seal(pb.TensorView(shape=[2])), 0)
    fetch = in_process(tmp_path)
    answer = fetch("tensor_view", run="first", group="t", step=0)
    assert answer.status == 404
    assert "the type of its values is not known" in answer.fields["error"]["hint"]
    listed = fetch("tensor_views", run="first").fields
    assert listed["tensor_views"] == []
    assert len(listed["problems"]) == 1


def test_one_damaged_heatmap_leaves_the_others(tmp_path: Path):
    record = handmade.heatmaps(["a", "b"], {0: np.ones((2, 2)), 1: np.ones((2, 2))})
    record.heatmaps[0].cell_rows = 3
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.SITES, handmade.sites({"a": (2, 2), "b": (2, 2)}), 0)
    file.record("model", Kind.HEATMAPS, record, 0)
    answer = in_process(tmp_path)("heatmaps", **GROUP, step=0)
    assert [heatmap["site"] for heatmap in answer.fields["heatmaps"]] == ["b"]
    assert "cells of a heatmap are impossible" in answer.fields["problems"][0]["message"]


def test_an_empty_blob_sequence_is_a_problem_of_its_step(tmp_path: Path):
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.PROGRESS, pb.Progress(epoch=1), 0)
    file.event(empty_sequence("torchviz_tb/model/progress", step=10))
    answer = in_process(tmp_path)("progress", **GROUP).fields
    assert answer["progress"]["step"] == 0
    assert [problem["step"] for problem in answer["problems"]] == [10]


def empty_sequence(tag: str, step: int) -> Event:
    value = Summary.Value(tag=tag, tensor=TensorProto(dtype=DT_STRING))
    value.tensor.tensor_shape.dim.add(size=0)
    return Event(step=step, summary=Summary(value=[value]))
