"""Ranges of colours: percentiles over all steps, whatever step is asked for."""

from pathlib import Path

import handmade
import numpy as np
import numpy.typing as npt
import pytest
from event_file import EventFile
from plugin_client import in_process

from torchviz_tb.reading.heatmap_ranges import MOST_STEPS
from torchviz_tb.reading.heatmaps import DECADES, LOWEST_DECADE, decade_counts
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

GROUP = {"run": "run", "group": "model"}
NAMES = ["wide", "narrow", "broken"]


def magnitudes(random: np.random.Generator, low: int, high: int, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Of either sign, in the middle of decades: what is stored is rounded by less than there is to their ends."""
    mantissas = random.uniform(2, 5, shape) * random.choice([-1, 1], shape)
    return mantissas * 10.0 ** random.integers(low, high, shape)


def percentiles(values: npt.NDArray[np.float64]) -> list[int]:
    """Numpy's own, of what is finite and not 0, rounded out to powers of ten."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    low, high = np.quantile(sizes, (0.01, 0.99), method="inverted_cdf")
    return [int(np.floor(np.log10(low))), int(np.floor(np.log10(high))) + 1]


def test_ranges_are_percentiles_over_all_steps_and_the_same_at_each(tmp_path: Path):
    random = np.random.default_rng(0)
    file = EventFile(tmp_path / "run")
    file.record("model", Kind.SITES, handmade.sites(dict.fromkeys(NAMES, (20, 30))), 0)
    written: list[list[npt.NDArray[np.float64]]] = []
    for step in range(0, 50, 10):
        wide = magnitudes(random, -step // 10, 3, (20, 30))
        wide[0, :3] = [1e25, np.inf, 0]  # one of 600 is beyond a percentile
        written.append([wide, magnitudes(random, -7, -5, (20, 30)), np.full((20, 30), np.nan)])
        file.record("model", Kind.HEATMAPS, handmade.heatmaps(NAMES, dict(enumerate(written[-1]))), step)
    expected = [percentiles(np.stack([maps[site] for maps in written])) for site in range(2)]
    fetch = in_process(tmp_path)
    for step in (0, 40, 20):
        fields = fetch("heatmaps", **GROUP, step=step).fields
        assert [each["ranges"]["abs_max"] for each in fields["heatmaps"]] == [*expected, None]
        assert [each["ranges"]["mean"] for each in fields["heatmaps"]] == [*expected, None]
        assert fields["ranges"]["abs_max"] == percentiles(np.stack([np.stack(maps) for maps in written]))
    file.record("model", Kind.HEATMAPS, handmade.heatmaps(NAMES, {1: np.full((20, 30), 300.0)}), 50)
    later = in_process(tmp_path)("heatmaps", **GROUP, step=0).fields
    assert later["heatmaps"][1]["ranges"]["abs_max"] == [expected[1][0], 3]


def test_of_many_steps_some_are_read_and_a_damaged_one_is_told_each_time(tmp_path: Path):
    file = EventFile(tmp_path / "run")
    file.record("model", Kind.SITES, handmade.sites({"w": (2, 2)}), 0)
    for step in range(2 * MOST_STEPS + 3):
        record = handmade.heatmaps(["w"], {0: np.full((2, 2), 20.0 if step % 4 == 0 else 2e9)})
        record.heatmaps[0].cell_rows = 3 if step == 4 else 2
        file.record("model", Kind.HEATMAPS, record, step)
    fetch = in_process(tmp_path)
    for _ in range(2):
        fields = fetch("heatmaps", **GROUP, step=0).fields
        assert fields["ranges"]["abs_max"] == [1, 10]  # the last step counts, whichever it is
        assert [problem["step"] for problem in fields["problems"]] == [4]


@pytest.mark.parametrize("value", [1.0, 0.1, 1e-3, 1000.0, 9.99, 1e-45, 3e38])
def test_a_power_of_ten_begins_its_decade(value: float):
    counts = decade_counts(handmade.heatmap(0, np.full((1, 4), value)))[0]
    lower = np.flatnonzero(counts) + LOWEST_DECADE
    assert counts.sum() == 4
    assert (10.0**lower <= value * (1 + 1e-5)).all()
    assert (value < 10.0 ** (lower + 1)).all()


def test_what_float32_does_not_have_is_not_counted():
    record = handmade.heatmap(0, np.ones((1, 3)))
    record.abs_max.CopyFrom(pb.LogBytes(low=1e-300, high=1e300, codes=bytes([1, 127, 253])))
    counts = decade_counts(record)[0]
    assert counts.shape == (DECADES,)
    assert counts.sum() == 1
