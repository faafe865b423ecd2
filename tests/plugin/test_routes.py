"""Every route over TensorBoard's in-process provider, against numpy on the tensors that were written."""

from pathlib import Path

import huge_runs
import numpy as np
import pytest
import sample_logs
import synthetic_runs
from plugin_client import Fetch, in_process
from sample_logs import SMALL_SHAPES, training

from torchviz_tb import SummaryWriter
from torchviz_tb.diagnosis import thresholds
from torchviz_tb.reading.statistics import COLUMNS, State
from torchviz_tb.records.metadata import SCHEMA_VERSION

GROUP = {"run": "first", "group": "model"}
STEPS = list(range(0, 3000, 50))
NAMES = list(SMALL_SHAPES)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Fetch:
    return sample("small", tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def written() -> dict[int, sample_logs.Tensors]:
    return dict(training(SMALL_SHAPES, STEPS))


def sample(name: str, root: Path) -> Fetch:
    sample_logs.SAMPLES[name](root)
    return in_process(root)


def test_runs(small: Fetch):
    answer = small("runs").fields
    assert answer["schema_version"] == SCHEMA_VERSION
    assert answer["log_directory"]["state"] == "ok"
    (run,) = answer["runs"]
    assert (run["name"], run["curves"]) == ("first", ["loss"])
    (group,) = run["groups"]
    assert group["name"] == "model"
    assert group["kinds"]["statistics"] == STEPS
    assert set(group["kinds"]) == {"sites", "statistics", "distributions", "heatmaps", "graph", "progress"}
    assert answer["problems"] == []


def test_runs_without_our_records_are_listed(tmp_path: Path):
    answer = sample("foreign", tmp_path)("runs").fields
    assert answer["runs"] == [{"name": "scalars_only", "groups": [], "curves": ["loss"]}]


def test_an_empty_directory(tmp_path: Path):
    answer = sample("empty", tmp_path)("runs").fields
    assert (answer["runs"], answer["log_directory"]["state"]) == ([], "empty")


def test_sites(small: Fetch):
    answer = small("sites", **GROUP).fields
    assert [site["name"] for site in answer["sites"]] == NAMES
    assert answer["sites"][6] == {
        "name": "fc1.weight",
        "aliases": [],
        "shape": [64, 128],
        "dtype": "float32",
        "frozen": False,
        "module": "fc1",
        "module_type": "",
        "device": "cpu",
        "parameter_group": 1,
        "output": False,
        "reason": None,
    }
    assert answer["stages"] == ["parameter", "gradient", "update"]


def test_statistics(small: Fetch, written: dict[int, sample_logs.Tensors]):
    answer = small("statistics", **GROUP, stage="gradient", column="l2")
    expected = [[np.linalg.norm(tensor) for tensor in written[step]["gradient"]] for step in STEPS]
    assert answer.arrays["steps"].tolist() == STEPS
    np.testing.assert_allclose(answer.arrays["values"], expected, rtol=1e-6)
    assert answer.arrays["values"].dtype == np.float32
    assert (answer.arrays["state"] == State.FINITE).all()
    assert (answer.fields["stage"], answer.fields["column"]) == ("gradient", "l2")


def test_a_column_that_a_stage_does_not_have_is_nan(small: Fetch):
    assert np.isnan(small("statistics", **GROUP, stage="gradient", column="lost").arrays["values"]).all()


def test_a_stage_that_was_not_measured_says_so(small: Fetch):
    answer = small("statistics", **GROUP, stage="activation", column="l2")
    assert (answer.arrays["state"] == State.NOT_MEASURED).all()


def test_site(small: Fetch, written: dict[int, sample_logs.Tensors]):
    answer = small("site", **GROUP, site="fc2.bias")
    assert answer.fields["columns"] == list(COLUMNS)
    assert answer.fields["stages"] == ["parameter", "gradient", "update"]
    assert answer.arrays["values"].shape == (3, len(COLUMNS), len(STEPS))
    means = answer.arrays["values"][0, COLUMNS.index("mean")]
    np.testing.assert_allclose(means, [written[step]["parameter"][9].mean() for step in STEPS], rtol=1e-12)
    assert np.isnan(answer.arrays["values"][1, COLUMNS.index("update_ratio")]).all()


def test_distributions(small: Fetch, written: dict[int, sample_logs.Tensors]):
    answer = small("distributions", **GROUP, site="fc1.weight", stage="gradient")
    arrays = answer.arrays
    tensors = [np.asarray(written[step]["gradient"][6]).astype(np.float32) for step in STEPS]
    assert (arrays["lower"] < arrays["upper"]).all()
    starts = arrays["starts"]
    assert len(starts) == len(STEPS) + 1
    for tensor, start, end, quantiles in zip(tensors, starts, starts[1:], arrays["quantiles"], strict=False):
        lower, upper, counts = (arrays[name][start:end] for name in ("lower", "upper", "counts"))
        inside = (tensor >= lower[:, None, None]) & (tensor < upper[:, None, None])
        positive = lower >= 0  # of a negative bin the lower edge belongs to its neighbour
        np.testing.assert_array_equal(inside.sum(axis=(1, 2))[positive], counts[positive])
        assert counts.sum() == 64 * 128
        np.testing.assert_allclose(quantiles, np.quantile(tensor, answer.fields["quantiles"]), rtol=0.13, atol=1e-5)
    assert (arrays["state"] == State.FINITE).all()


def test_bands(small: Fetch):
    bands = small("bands", **GROUP, stage="parameter")
    one = small("distributions", **GROUP, site="conv2.weight", stage="parameter")
    shared = [one.fields["quantiles"].index(q) for q in bands.fields["quantiles"]]
    assert bands.arrays["values"].shape == (10, len(STEPS), 5)
    np.testing.assert_allclose(bands.arrays["values"][2], one.arrays["quantiles"][:, shared], rtol=1e-6)
    assert bands.arrays["state"].shape == (10, len(STEPS))


@pytest.mark.parametrize(("asked", "shown"), [(100, 100), (149, 100), (99_999, 2950), (-5, 0)])
def test_heatmaps_are_those_of_the_step_or_the_last_before(small: Fetch, asked: int, shown: int):
    assert small("heatmaps", **GROUP, step=asked).fields["step"] == shown


def test_heatmaps(small: Fetch, written: dict[int, sample_logs.Tensors]):
    answer = small("heatmaps", **GROUP, step=100)
    assert [heatmap["site"] for heatmap in answer.fields["heatmaps"]] == NAMES
    i = NAMES.index("conv2.weight")
    described = answer.fields["heatmaps"][i]
    matrix = np.asarray(written[100]["gradient"][2]).reshape(32, 144)
    assert (described["rows"], described["columns"], described["cell_rows"]) == (32, 144, 32)
    bound = described["max_error"] + 1e-6
    np.testing.assert_allclose(answer.arrays[f"abs_max/{i}"], np.abs(matrix), rtol=bound)
    np.testing.assert_allclose(answer.arrays[f"row_max/{i}"], np.abs(matrix).max(axis=1), rtol=bound)
    assert answer.arrays[f"mean/{i}"].dtype == np.float32


def test_graph(small: Fetch):
    answer = small("graph", **GROUP).fields
    assert answer["model_type"] == "Net"
    assert answer["scopes"]["path"] == ["", "conv1", "conv2", "norm", "fc1", "fc2"]
    assert answer["operations"]["sources"] == [[-1], [0], [1], [2], [3]]
    assert answer["parameters"][1]["name"] == "conv1.bias"
    assert answer["outputs"] == [{"name": "output", "type": 0, "source": 4}]


def test_progress(small: Fetch):
    answer = small("progress", run="first").fields["progress"]
    assert (answer["step"], answer["total_steps"], answer["epoch"]) == (2950, 2950, 3)


def test_progress_is_the_run_s_whatever_group_the_writer_kept_it_in(tmp_path: Path):
    with SummaryWriter(tmp_path / "first") as writer:
        writer.add_progress(7, epoch=2, epochs=3)
    answer = in_process(tmp_path)("progress", run="first").fields["progress"]
    assert (answer["step"], answer["epoch"], answer["total_steps"]) == (7, 2, None)


def test_losses(small: Fetch):
    answer = small("losses", run="first")
    assert answer.fields["tag"] == "loss/train"
    expected = [2.3 * np.exp(-step / 800) + 0.05 for step in STEPS]
    np.testing.assert_allclose(answer.arrays["values"], expected, rtol=1e-6)


def test_tensor_views(tmp_path: Path):
    fetch = sample("tensor_views", tmp_path)
    listed = fetch("tensor_views", run="first").fields["tensor_views"]
    assert listed[0] == {
        "group": "attention.probs",
        "name": "attention.probs",
        "steps": [0, 50, 100, 150],
        "shape": [2, 4, 16, 16],
        "full_shape": [],
        "dtype": "float32",
        "axes": ["batch", "head", "query", "key"],
    }
    answer = fetch("tensor_view", run="first", group="attention.probs", step=70)
    assert answer.fields["step"] == 50
    np.testing.assert_allclose(answer.arrays["values"].sum(axis=-1), 1, rtol=1e-5)


def test_runs_have_no_records_of_each_other(tmp_path: Path):
    fetch = sample("two_runs", tmp_path)
    lengths = [fetch("statistics", run=run, group="model", stage="gradient", column="l2").arrays["steps"].size
               for run in ("first", "second")]  # fmt: skip
    assert lengths == [20, 30]


def test_nan_is_shown_as_such(tmp_path: Path):
    fetch = sample("all_nan", tmp_path)
    query = {"run": "nan", "group": "model", "stage": "gradient"}
    statistics = fetch("statistics", **query, column="l2").arrays
    assert (statistics["state"][2:] == State.NAN).all()
    assert np.isnan(statistics["values"][2:]).all()
    distributions = fetch("distributions", **query, site="fc1.weight").arrays
    assert distributions["nan"].tolist() == [0, 0] + [64 * 128] * 8
    assert (distributions["state"][2:] == State.NAN).all()
    assert np.isnan(distributions["quantiles"][2:]).all()


def test_what_was_not_measured_says_why(tmp_path: Path):
    fetch = sample("unmeasured", tmp_path)
    query = {"run": "unmeasured", "group": "model"}
    state = fetch("statistics", **query, stage="gradient", column="l2").arrays["state"]
    assert state[0, :7].tolist() == [6, 6, 5, 7, 1, 2, 0]
    sites = fetch("sites", **query).fields["sites"]
    assert sites[3]["reason"] == "sparse gradient"
    assert sites[0]["frozen"]


def test_findings_of_a_run_in_which_nothing_is_wrong(small: Fetch):
    answer = small("findings", run="first", group="model").fields
    assert (answer["findings"], answer["steps"], answer["sites"]) == ([], len(STEPS), len(NAMES))
    assert "non_finite" in answer["checked"]
    assert answer["steps_for_trends"] == thresholds.MIN_SAMPLES


def test_findings_have_their_evidence_and_their_reasons(tmp_path: Path):
    def break_one(step: int, tensors: synthetic_runs.Tensors) -> None:
        if step >= 100:
            tensors["gradient"][0].flat[0] = np.nan

    synthetic_runs.write(tmp_path / "broken", break_one)
    (finding,) = in_process(tmp_path)("findings", run="broken", group="model").fields["findings"]
    assert (finding["kind"], finding["severity"], finding["step"]) == ("non_finite", "warning", 100)
    assert finding["sites"] == ["layer0.weight"]
    assert finding["picture"]["sites"] == ["layer0.weight"]
    assert finding["link"].startswith("https://")
    assert all(finding[field] for field in ("title", "evidence", "why", "advice", "source"))


def test_a_page_that_waits_gets_some_steps_of_a_long_run_first(tmp_path: Path):
    huge_runs.write(tmp_path / "run", 3, range(400))
    fetch = in_process(tmp_path)
    ask = {"run": "run", "group": "model", "stage": "gradient", "column": "l2"}
    some = fetch("statistics", **ask, soon=201)
    whole = fetch("statistics", **ask)
    again = fetch("statistics", **ask, soon=201)
    long = fetch("statistics", **{**ask, "column": "std"}, soon=1000)
    assert [each.fields["partial"] for each in (some, whole, again, long)] == [True, False, False, True]
    steps = some.arrays["steps"].astype(int)
    assert steps.tolist() == sorted({*range(0, 399, 4), 201, 399})
    assert long.arrays["steps"].tolist() == [*range(0, 399, 4), 399]
    assert whole.arrays["steps"].tolist() == list(range(400))
    for name in ("values", "state"):
        np.testing.assert_array_equal(some.arrays[name], whole.arrays[name][steps])
        np.testing.assert_array_equal(again.arrays[name], whole.arrays[name])


def test_a_page_that_waits_for_what_is_not_there_is_told_so_at_once(tmp_path: Path):
    huge_runs.start(tmp_path / "run", 3)
    answer = in_process(tmp_path)("statistics", run="run", group="model", stage="gradient", column="l2", soon=0)
    assert (answer.status, answer.fields["partial"], answer.arrays["values"].size) == (200, False, 0)


def test_a_short_run_is_one_answer(small: Fetch):
    answer = small("statistics", **GROUP, stage="gradient", column="l2", soon=0)
    assert (answer.fields["partial"], len(answer.arrays["steps"])) == (False, len(STEPS))
