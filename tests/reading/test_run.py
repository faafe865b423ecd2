"""What a person gets from load(), on hand-made logs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import handmade
import numpy as np
import pytest
import sample_logs
from event_file import EventFile
from sample_logs import SMALL_SHAPES, training

from torchviz_tb.errors import ArgumentError, RecordError
from torchviz_tb.reading import Run, load
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

STEPS = list(range(0, 3000, 50))
NAMES = list(SMALL_SHAPES)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("small")
    sample_logs.small(root)
    return load(root)["first"]


@pytest.fixture(scope="module")
def written() -> dict[int, sample_logs.Tensors]:
    return dict(training(SMALL_SHAPES, STEPS))


def test_a_missing_directory_is_an_argument_error(tmp_path: Path):
    with pytest.raises(ArgumentError, match="does not exist"):
        load(tmp_path / "nowhere")


def test_an_empty_directory_has_no_runs(tmp_path: Path):
    assert load(tmp_path) == {}


def test_runs_without_our_records_are_there(tmp_path: Path):
    sample_logs.foreign(tmp_path)
    run = load(tmp_path)["scalars_only"]
    assert (run.groups, run.sites, run.steps("statistics"), run.problems) == ([], [], [], [])
    with pytest.raises(ArgumentError, match=r"has no records of torchviz_tb; did it call watch\(\)"):
        run.statistics("l2")


def test_sites(run: Run):
    assert [(site.name, site.shape) for site in run.sites] == list(SMALL_SHAPES.items())


def test_steps(run: Run):
    assert run.steps("statistics") == STEPS
    assert run.steps("graph") == [0]
    assert run.steps("tensor_view") == []


def test_statistics(run: Run, written: dict[int, sample_logs.Tensors]):
    steps, names, values = run.statistics("l2", stage="update")
    assert steps.tolist() == STEPS
    assert names == NAMES
    expected = [[np.linalg.norm(tensor) for tensor in written[step]["update"]] for step in STEPS]
    np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_distribution(run: Run, written: dict[int, sample_logs.Tensors]):
    tensor = np.asarray(written[100]["parameter"][6])
    found = run.distribution("fc1.weight", 100, stage="parameter")
    assert found.finite == tensor.size
    assert found.quantile(0.5) == pytest.approx(np.median(tensor), abs=0.01)


def test_heatmap(run: Run, written: dict[int, sample_logs.Tensors]):
    found = run.heatmap("fc2.weight", 100)
    np.testing.assert_allclose(found.abs_max, np.abs(written[100]["gradient"][8]), rtol=found.max_error + 1e-6)


def test_graph_and_progress(run: Run):
    assert len(run.graph().nodes) == 5
    assert run.progress().epochs == 3


def test_tensor_view(tmp_path: Path):
    sample_logs.tensor_views(tmp_path)
    run = load(tmp_path)["first"]
    assert run.groups == ["attention.probs", "bias"]
    assert run.tensor_view("bias", 50).values.shape == (32,)


WRONG: list[tuple[Callable[[Run], Any], str]] = [
    (lambda run: run.statistics("l3"), "there is no column 'l3'"),
    (lambda run: run.statistics("l2", stage="gradients"), "no stage 'gradients'; did you mean 'gradient'"),
    (lambda run: run.statistics("l2", group="modle"), "no group 'modle'; did you mean 'model'"),
    (lambda run: run.distribution("fc1.wieght", 0), "no site 'fc1.wieght'; did you mean 'fc1.weight'"),
    (lambda run: run.distribution("fc1.weight", 60), "at step 60: the nearest is 50"),
    (
        lambda run: run.distribution("fc1.weight", 50, "activation"),
        "no activation distribution of 'fc1.weight' at step 50",
    ),
    (lambda run: run.heatmap("fc1.weight", 60), "at step 60: the nearest is 50"),
    (lambda run: run.heatmap("fc1.weight", 50, "update"), "no update heatmap of 'fc1.weight' at step 50"),
    (lambda run: run.steps("histograms"), "there is no kind 'histograms'"),
    (lambda run: run.tensor_view("probs", 0), "there is no tensor view 'probs'; there are: none"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_wrong_names_are_answered_with_what_there_is(run: Run, call: Callable[[Run], Any], message: str):
    with pytest.raises(ArgumentError, match=message):
        call(run)


def test_damaged_records_are_problems_and_raise_when_asked_for(tmp_path: Path):
    sample_logs.damaged(tmp_path)
    runs = load(tmp_path)
    assert [problem.step for problem in runs["flipped"].problems] == list(range(300, 600, 50))
    assert runs["flipped"].distribution("fc1.weight", 250).finite == 64 * 128
    with pytest.raises(RecordError, match="distributions record of group 'model' at step 300: its"):
        runs["flipped"].distribution("fc1.weight", 300)
    assert "ends in the middle of a record" in runs["cut"].problems[0].message
    assert runs["cut"].statistics("l2")[2].shape == (6, 10)


def test_a_table_that_grew_reads_the_older_records(tmp_path: Path):
    file = EventFile(tmp_path / "run")
    file.record("model", Kind.SITES, handmade.sites({"a": (2,)}), 0)
    file.record("model", Kind.STATISTICS, handmade.statistics(["a"], {"gradient": [np.ones(2)]}), 0)
    file.record("model", Kind.SITES, handmade.sites({"a": (2,), "b": (3,)}), 10)
    record = handmade.statistics(["a", "b"], {"gradient": [np.ones(2), np.ones(3)]})
    file.record("model", Kind.STATISTICS, record, 10)
    steps, names, counts = load(tmp_path)["run"].statistics("count")
    assert (steps.tolist(), names) == ([0, 10], ["a", "b"])
    np.testing.assert_array_equal(counts, [[2, np.nan], [2, 3]])


def test_a_resumed_run_with_other_sites_keeps_both(tmp_path: Path):
    file = EventFile(tmp_path / "run")
    for step, names in ((0, ["a", "b"]), (10, ["b", "c"])):
        file.record("model", Kind.SITES, handmade.sites(dict.fromkeys(names, (2,))), step)
        tensors = [np.full(2, step + i) for i in range(2)]
        file.record("model", Kind.STATISTICS, handmade.statistics(names, {"gradient": tensors}), step)
    _, names, values = load(tmp_path)["run"].statistics("max")
    assert names == ["b", "c", "a"]
    np.testing.assert_array_equal(values, [[1, np.nan, 0], [10, 11, np.nan]])


def test_a_damaged_table_leaves_the_older_one(tmp_path: Path):
    file = EventFile(tmp_path / "run")
    file.record("model", Kind.SITES, handmade.sites({"a": (2,)}), 0)
    file.blob("model", Kind.SITES, b"garbage", 10)
    file.record("model", Kind.STATISTICS, handmade.statistics(["a"], {"gradient": [np.ones(2)]}), 20)
    run = load(tmp_path)["run"]
    assert run.statistics("count")[2].tolist() == [[2.0]]
    assert [problem.kind for problem in run.problems] == [Kind.SITES]


def test_several_groups(tmp_path: Path):
    file = EventFile(tmp_path / "run")
    for group in ("discriminator", "generator"):
        file.record(group, Kind.SITES, handmade.sites({f"{group}.weight": (2,)}), 0)
    file.record("extra", Kind.PROGRESS, pb.Progress(epoch=4), 0)
    run = load(tmp_path)["run"]
    assert run.groups == ["discriminator", "extra", "generator"]
    assert [site.name for site in run.sites] == ["discriminator.weight"]
    assert [site.name for site in run.sites_of("generator")] == ["generator.weight"]
    assert run.progress().epoch == 4


def test_loading_does_not_import_torch():
    import subprocess
    import sys

    code = "import sys, torchviz_tb.reading; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
