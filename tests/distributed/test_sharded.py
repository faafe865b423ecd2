"""Sharded models watched by 2 and 4 ranks, against the same tensors measured whole."""

import numpy as np
import pytest
import sharded_training
import torch
import written

from torchviz_tb.capture.heatmaps import heatmap
from torchviz_tb.capture.statistics import measure
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

pytestmark = pytest.mark.heavy

COUNTS = ("status", "count", "zeros", "nan", "pos_inf", "neg_inf", "lost")
EXTREMES = ("min", "max", "abs_max")
MOMENTS = ("mean", "std", "l1", "l2")
REASON = "sharded gradient: split in another way than its parameter"
STEPS = 2


def run(ranks, world, way, log_dir, dtype=torch.float32, **options):
    options = {"log_freq": 1, "heatmap_freq": 1, **options}
    told, *others = ranks.run(world, sharded_training.train, way, str(log_dir), STEPS, dtype, options)
    assert not any(others)
    return told


def expected(told, stage):
    """The stage of whole tensors, measured by a single process."""
    tensors = {
        pb.STAGE_PARAMETER: told.parameters,
        pb.STAGE_GRADIENT: told.gradients,
        pb.STAGE_UPDATE: told.updates,
    }[stage]
    frozen = [not parameter.requires_grad for parameter in sharded_training.Net().parameters()]
    values = []
    for place, tensor in enumerate(tensors):
        missing = pb.STATUS_FROZEN if len(tensors) == len(frozen) and frozen[place] else pb.STATUS_NO_GRADIENT
        values.append(missing if tensor is None else tensor)
    return measure(stage, values)


def check_statistics(statistics, told):
    assert [stage.stage for stage in statistics.stages] == [pb.STAGE_PARAMETER, pb.STAGE_GRADIENT, pb.STAGE_UPDATE]
    for stage in statistics.stages:
        whole = expected(told, stage.stage).statistics
        leave_out(stage, whole)
        for column in COUNTS[:-1]:
            assert list(getattr(stage, column)) == list(getattr(whole, column)), column
        for column in EXTREMES:
            np.testing.assert_array_equal(getattr(stage, column), getattr(whole, column))
        for column in MOMENTS:
            np.testing.assert_allclose(getattr(stage, column), getattr(whole, column), rtol=1e-12, atol=1e-16)


def leave_out(stage, whole):
    """Leaves out what can't be said: which updates are lost, where gradient and parameter are split in two ways."""
    assert {reason.text for reason in stage.reasons} <= {REASON}
    assert not stage.reasons or stage.stage == pb.STAGE_UPDATE
    for reason in stage.reasons:
        whole.status[reason.site] = pb.STATUS_UNSUPPORTED
        for column in COUNTS[1:-1]:
            getattr(whole, column)[reason.site] = 0
        for column in (*EXTREMES, *MOMENTS):
            getattr(whole, column)[reason.site] = float("nan")


def check_distributions(distributions, told):
    for stage in (pb.STAGE_PARAMETER, pb.STAGE_GRADIENT, pb.STAGE_UPDATE):
        found = [entry for entry in distributions.entries if entry.stage == stage]
        whole = expected(told, stage).distributions
        left_out = {entry.site for entry in whole} - {entry.site for entry in found}
        assert found == [entry for entry in whole if entry.site not in left_out]
        assert not left_out or stage == pb.STAGE_UPDATE


def check_heatmaps(heatmaps, told):
    assert len(heatmaps.heatmaps) == sum(gradient is not None for gradient in told.gradients)
    for found in heatmaps.heatmaps:
        whole = heatmap(told.gradients[found.site], site=found.site, stage=pb.STAGE_GRADIENT)
        assert (found.rows, found.columns, found.cell_rows) == (whole.rows, whole.columns, whole.cell_rows)
        for lines in ("abs_max", "row_max", "column_max"):
            assert getattr(found, lines) == getattr(whole, lines)
        assert list(found.dead_rows) == list(whole.dead_rows)
        assert list(found.dead_columns) == list(whole.dead_columns)
        means = [np.frombuffer(each.mean_magnitude.codes, np.uint8).astype(int) for each in (found, whole)]
        assert np.abs(means[0] - means[1]).max() <= 1  # sums in another order round a code the other way at most


@pytest.mark.parametrize(
    ("world", "way"),
    [
        (2, "fsdp2"),
        (4, "fsdp2"),
        (4, "hsdp"),
        (2, "tensor parallel"),
        (4, "fsdp2 and tensor parallel"),
        (4, "other dimension"),
    ],
)
def test_statistics_distributions_and_heatmaps_are_those_of_the_whole_tensors(ranks, tmp_path, world, way):
    told = run(ranks, world, way, tmp_path)
    statistics, distributions, heatmaps = (
        written.records(tmp_path, kind) for kind in (Kind.STATISTICS, Kind.DISTRIBUTIONS, Kind.HEATMAPS)
    )
    assert list(statistics) == list(distributions) == list(heatmaps) == list(range(STEPS))
    for number, step in enumerate(told):
        check_statistics(statistics[number], step)
        check_distributions(distributions[number], step)
        check_heatmaps(heatmaps[number], step)
    table = written.records(tmp_path, Kind.SITES)[0]
    assert [tuple(site.shape) for site in table.sites] == [tuple(each.shape) for each in told[0].parameters]
    assert len(written.event_files(tmp_path)) == 1
