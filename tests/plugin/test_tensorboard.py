"""A real TensorBoard, both backends: it finds the plugin, keeps its samples and answers every route."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
import sample_logs
from plugin_client import Answer, Fetch, in_process, over_http
from tensorboard_process import BACKENDS, serving

from torchviz_tb.records.metadata import PLUGIN_NAME

pytestmark = pytest.mark.heavy

PATIENCE_SECONDS = 60
GROUP = {"run": "first", "group": "model"}
REQUESTS: dict[str, dict[str, object]] = {
    "sites": GROUP,
    "statistics": {**GROUP, "stage": "update", "column": "update_ratio"},
    "site": {**GROUP, "site": "fc1.weight"},
    "distributions": {**GROUP, "site": "fc1.weight", "stage": "gradient"},
    "bands": {**GROUP, "stage": "gradient"},
    "heatmaps": {**GROUP, "step": 1000},
    "graph": GROUP,
    "progress": GROUP,
    "losses": {"run": "first"},
    "tensor_views": {"run": "first"},
    "tensor_view": {"run": "first", "group": "attention.probs", "step": 50},
}


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("logs") / "runs"
    file = sample_logs.write_run(root / "first", range(0, 3000, 50))
    view = sample_logs.handmade.tensor_view("attention.probs", np.ones((2, 3)), ["row", "column"])
    file.record("attention.probs", sample_logs.Kind.TENSOR_VIEW, view, 50)
    sample_logs.write_run(root / "nested" / "second", range(0, 100, 50))
    sample_logs.foreign(root)
    return root


@pytest.fixture(scope="module", params=BACKENDS)
def address(request: pytest.FixtureRequest, log_dir: Path) -> Iterator[str]:
    if request.param == "rust":
        pytest.importorskip("tensorboard_data_server").server_binary() or pytest.skip("no data server here")
    with serving(log_dir, BACKENDS[request.param]) as board:
        address = board.url.rstrip("/")
        until(lambda: len(over_http(address)("runs").fields["runs"]) == 3 and len(kept(address)) == 60)
        yield address


@pytest.fixture(scope="module")
def expected(log_dir: Path) -> Fetch:
    return in_process(log_dir)


def kept(address: str) -> list[int]:
    groups = next(run["groups"] for run in over_http(address)("runs").fields["runs"] if run["name"] == "first")
    return next((group["kinds"].get("progress", []) for group in groups if group["name"] == "model"), [])


def until(holds: Callable[[], bool]) -> None:
    """Waits until TensorBoard has loaded what was written."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _holds(holds):
        assert time.monotonic() < deadline, "TensorBoard did not load the log directory"
        time.sleep(0.2)


def _holds(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except (StopIteration, KeyError):
        return False


def assert_same(found: Answer, expected: Answer) -> None:
    assert found.status == expected.status == 200
    assert found.fields == expected.fields
    assert list(found.arrays) == list(expected.arrays)
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)


def test_it_lists_the_tab(address: str):
    with urlopen(f"{address}/data/plugins_listing") as response:
        listed = json.load(response)[PLUGIN_NAME]
    assert (listed["tab_name"], listed["enabled"]) == ("TorchViz", True)
    assert listed["loading_mechanism"]["module_path"] == f"/data/plugin/{PLUGIN_NAME}/static/index.js"


@pytest.mark.parametrize("route", REQUESTS)
def test_every_route_answers_as_it_does_in_process(address: str, expected: Fetch, route: str):
    assert_same(over_http(address)(route, **REQUESTS[route]), expected(route, **REQUESTS[route]))


def test_every_step_is_kept(address: str):
    answer = over_http(address)("runs").fields
    assert answer["problems"] == []
    runs = {run["name"]: run for run in answer["runs"]}
    assert set(runs) == {"first", str(Path("nested", "second")), "scalars_only"}
    groups = {group["name"]: group["kinds"] for group in runs["first"]["groups"]}
    assert list(groups) == ["attention.probs", "model"]
    assert groups["model"]["statistics"] == list(range(0, 3000, 50))


def test_the_page_is_served(address: str):
    with urlopen(f"{address}/data/plugin/{PLUGIN_NAME}/static/index.js") as response:
        assert response.headers["Content-Type"].startswith("text/javascript")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert b"render" in response.read()


@pytest.mark.parametrize(
    "name", ["../plugin.py", "%2e%2e/plugin.py", "..%2fplugin.py", "/etc/passwd", "%2Fetc%2Fpasswd"]
)
def test_no_other_file_is_served(address: str, name: str):
    assert over_http(address)(f"static/{name}").status == 404


def test_errors_are_json(address: str):
    answer = over_http(address)("sites", run="first", group="modle")
    assert (answer.status, answer.fields["error"]["hint"]) == (404, "Did you mean 'model'?")


def test_a_record_that_is_appended_is_seen(tmp_path: Path):
    root = tmp_path / "runs"
    file = sample_logs.write_run(root / "first", [0, 50])
    with serving(root) as board:
        address = board.url.rstrip("/")
        until(lambda: kept(address) == [0, 50])
        file.record("model", sample_logs.Kind.PROGRESS, sample_logs.pb.Progress(epoch=9), 100)
        until(lambda: kept(address) == [0, 50, 100])
        assert over_http(address)("progress", **GROUP).fields["progress"]["epoch"] == 9


def test_a_log_directory_that_is_no_directory_is_unknown(tmp_path: Path):
    sample_logs.one_step(tmp_path / "runs")
    with serving(tmp_path / "none", f"--logdir_spec=a:{tmp_path / 'runs'}", "--logdir=") as board:
        address = board.url.rstrip("/")
        until(lambda: bool(over_http(address)("runs").fields["runs"]))
        answer = over_http(address)("runs").fields
    assert answer["log_directory"]["state"] == "unknown"
    assert answer["runs"][0]["groups"][0]["name"] == "model"
