"""Logs of every schema version go on being read, with the values that the training loop had (golden/make.py)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from torchviz_tb.reading import Run, load
from torchviz_tb.records.metadata import SCHEMA_VERSION

GOLDEN = Path(__file__).parent / "golden"
VERSIONS = range(1, SCHEMA_VERSION + 1)


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: f"v{version}")
def version(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="module")
def run(version: int) -> Run:
    return load(GOLDEN / f"v{version}")["run"]


@pytest.fixture(scope="module")
def expected(version: int) -> dict[str, Any]:
    return json.loads((GOLDEN / f"v{version}.json").read_text(encoding="utf-8"))


def tensor(expected: dict[str, Any], step: int, stage: str, name: str) -> np.ndarray | None:
    found = expected["tensors"][step][stage].get(name)
    return None if found is None else np.asarray(found, np.float32)


def test_everything_can_be_read(run: Run):
    assert run.problems == []


def test_sites(run: Run, expected: dict[str, Any]):
    assert [site.name for site in run.sites] == expected["sites"]
    assert {site.name: list(site.aliases) for site in run.sites if site.aliases} == expected["aliases"]
    assert [site.name for site in run.sites if site.frozen] == expected["frozen"]
    for site in run.sites:
        assert np.shape(expected["tensors"][0]["parameter"][site.name]) == site.shape


@pytest.mark.parametrize("stage", ["parameter", "gradient", "update"])
def test_statistics(run: Run, expected: dict[str, Any], stage: str):
    definitions = {
        "count": np.size,
        "nan": lambda x: np.isnan(x).sum(),
        "zeros": lambda x: (x == 0).sum(),
        "min": lambda x: finite(x).min() if finite(x).size else np.nan,
        "mean": lambda x: finite(x).mean() if finite(x).size else np.nan,
        "std": lambda x: finite(x).std() if finite(x).size else np.nan,
        "l2": lambda x: np.linalg.norm(finite(x)) if finite(x).size else np.nan,
    }
    for column, define in definitions.items():
        steps, names, values = run.statistics(column, stage)
        assert steps.tolist() == list(range(len(expected["tensors"])))
        assert names == expected["sites"]
        for row, step in enumerate(steps):
            for name, found in zip(names, values[row], strict=True):
                written = tensor(expected, step, stage, name)
                wanted = np.nan if written is None else define(written.astype(np.float64))
                assert found == pytest.approx(wanted, rel=1e-6, nan_ok=True), (column, name, step)


def finite(x: np.ndarray) -> np.ndarray:
    return x[np.isfinite(x)]


@pytest.mark.parametrize("step", [0, 3, 4, 5])
def test_distributions(run: Run, expected: dict[str, Any], step: int):
    for name in expected["sites"]:
        written = tensor(expected, step, "parameter", name)
        assert written is not None
        found = run.distribution(name, step, "parameter")
        assert (found.finite, found.nan) == (np.isfinite(written).sum(), np.isnan(written).sum())
        if found.finite:
            widest = np.diff(found.edges, axis=1).max(initial=0)
            assert found.quantile(0.5) == pytest.approx(np.median(finite(written)), abs=widest + 1e-9)


def test_the_step_with_nan_is_seen(run: Run, expected: dict[str, Any]):
    steps, names, nonfinite = run.statistics("nonfinite", "gradient")
    trainable = [name not in expected["frozen"] for name in names]
    assert {int(steps[np.flatnonzero(column > 0)[0]]) for column in nonfinite[:, trainable].T} == {expected["nan_step"]}
    assert np.isnan(nonfinite[:, np.logical_not(trainable)]).all()


def test_heatmaps(run: Run, expected: dict[str, Any]):
    assert run.steps("heatmaps") == expected["heatmap_steps"]
    found = run.heatmap("embedding.weight", 2)
    written = tensor(expected, 2, "gradient", "embedding.weight")
    assert written is not None
    bound = found.max_error + 1e-6
    np.testing.assert_allclose(found.abs_max, np.abs(written), rtol=bound)
    np.testing.assert_allclose(found.mean, written, rtol=bound)
    assert np.isnan(run.heatmap("embedding.weight", 4).abs_max).all()


def test_graph(run: Run, expected: dict[str, Any]):
    graph = run.graph()
    assert [scope.path for scope in graph.scopes] == expected["modules"]
    assert {"aten.embedding", "aten.native_layer_norm", "aten.relu", "aten.addmm"} <= {n.name for n in graph.nodes}
    readers = {graph.parameters[i].name for node in graph.nodes for i in node.parameters}
    assert readers == set(expected["sites"])
    assert graph.edges


def test_progress_and_tensor_view(run: Run, expected: dict[str, Any]):
    assert run.progress().total_steps == len(expected["tensors"])
    view = run.tensor_view("view", 3)
    assert (view.values.tolist(), view.axes) == (expected["tensor_view"], ("row", "column"))
