"""Routes beside the statistics: execution order, quantile spread, learning rate."""

from pathlib import Path

import handmade
import numpy as np
import pytest
import sample_logs
from event_file import EventFile
from plugin_client import Fetch, in_process
from sample_logs import SMALL_SHAPES, training

from torchviz_tb.reading.statistics import State
from torchviz_tb.records.metadata import Kind

STEPS = list(range(0, 3000, 50))
GROUP = {"run": "first", "group": "model"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Fetch:
    root = tmp_path_factory.mktemp("small")
    sample_logs.small(root)
    return in_process(root)


def test_quantile_spread(small: Fetch):
    answer = small("statistics", stage="update", column="quantile_spread", **GROUP)
    values = answer.arrays["values"]
    assert values.shape == (len(STEPS), len(SMALL_SHAPES))
    for step, tensors in training(SMALL_SHAPES, STEPS):
        for site, tensor in enumerate(tensors["update"]):
            if tensor.size < 100:
                continue  # a quantile of a few numbers is a matter of definition
            low, high = np.quantile(tensor, [0.05, 0.95])
            np.testing.assert_allclose(values[STEPS.index(step), site], high - low, rtol=0.05)


def test_a_step_without_distributions_has_no_spread(tmp_path: Path):
    names = list(SMALL_SHAPES)
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.SITES, handmade.sites(SMALL_SHAPES), 0)
    for step, tensors in training(SMALL_SHAPES, [0, 50]):
        if step == 0:
            sample_logs.write_step(file, "model", names, step, tensors)
        else:
            file.record("model", Kind.STATISTICS, handmade.statistics(names, tensors), step)
    arrays = in_process(tmp_path)("statistics", stage="gradient", column="quantile_spread", **GROUP).arrays
    assert np.isfinite(arrays["values"][0]).all()
    assert np.isnan(arrays["values"][1]).all()
    assert set(arrays["state"][1]) == {State.NOT_MEASURED}


def test_execution_order(tmp_path: Path):
    shapes = {"last.weight": (3, 2), "first.weight": (2, 2), "first.bias": (2,), "unused.weight": (2, 2)}
    called = {name: shapes[name] for name in ("first.weight", "first.bias", "last.weight")}
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.SITES, handmade.sites(shapes), 0)
    file.record("model", Kind.GRAPH, handmade.chain_graph(called), 0)
    ranks = in_process(tmp_path)("execution_order", **GROUP).fields["ranks"]
    assert ranks[1] == ranks[2] < ranks[0] < ranks[3]


def test_execution_order_without_a_graph_is_the_models(tmp_path: Path):
    file = EventFile(tmp_path / "first")
    file.record("model", Kind.SITES, handmade.sites(SMALL_SHAPES), 0)
    assert in_process(tmp_path)("execution_order", **GROUP).fields["ranks"] == list(range(len(SMALL_SHAPES)))


def test_learning_rates(tmp_path: Path):
    file = EventFile(tmp_path / "first")
    for step in range(4):
        file.scalar("loss", 1.0, step)
        file.scalar("train/lr", 0.1 / (1 + step), step)
    answer = in_process(tmp_path)("learning_rates", run="first")
    assert answer.fields["tag"] == "train/lr"
    np.testing.assert_allclose(answer.arrays["values"], [0.1, 0.05, 0.1 / 3, 0.025], rtol=1e-6)


def test_no_learning_rate(small: Fetch):
    answer = small("learning_rates", run="first")
    assert (answer.fields["tag"], answer.arrays["steps"].size) == (None, 0)
