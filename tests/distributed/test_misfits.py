"""A rank whose watch differs: nothing blocks for long, one sentence says why, and training goes on as without us."""

import pytest
import sharded_training
import written

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

pytestmark = pytest.mark.heavy


def run(ranks, world, tmp_path, case):
    told = ranks.run(world, sharded_training.misfit, str(tmp_path), case)
    assert [each.losses for each in told] == [told[0].losses] * world
    assert [each.hooks for each in told] == [0] * world
    return told


def measured(tmp_path, stage=pb.STAGE_PARAMETER):
    """The steps at which the stage was measured, and the reason why not of the others."""
    found = {}
    for step, record in written.records(tmp_path, Kind.STATISTICS).items():
        for each in record.stages:
            if each.stage == stage:
                assert bool(each.reasons) != (pb.STATUS_MEASURED in each.status)
                found[step] = each.reasons[0].text if each.reasons else True
    return found


@pytest.mark.parametrize("world", [2, 4])
def test_all_alike_and_nothing_is_said(ranks, tmp_path, world):
    told = run(ranks, world, tmp_path, "as the others")
    assert [each.warnings for each in told] == [[]] * world
    assert told[0].not_recorded == {}
    assert measured(tmp_path) == dict.fromkeys(range(4), True)


MISSING = (
    "rank {odd} did not call watch() within 2 s: call it on every rank, after the model is sharded, "
    "with writer=None where nothing is written"
)
REASONS = {
    "did not watch": MISSING,
    "another log_freq": "rank 0 watches with log_freq=1, but rank {odd} with log_freq=2",
    "other sites": "rank 0 watches with parameters=14, but rank {odd} with parameters=12",
    "other parts": "rank 0 watches with parts=parameters, gradients, updates, but rank {odd} with parts=gradients",
}


@pytest.mark.parametrize("case", REASONS)
@pytest.mark.parametrize("world", [2, 4])
def test_ranks_that_ask_for_different_things(ranks, tmp_path, world, case):
    told = run(ranks, world, tmp_path, case)
    why = REASONS[case].format(odd=world - 1)
    assert told[0].warnings == [f"torchviz_tb switched off 'shards' for 'model', all else goes on: SharingError: {why}"]
    assert all(len(each.warnings) <= 1 for each in told[1:])
    assert told[0].not_recorded == {"shards": f"SharingError: {why}"}
    assert measured(tmp_path) == dict.fromkeys(range(4), f"sharded: {why}")


@pytest.mark.parametrize("world", [2, 4])
def test_ranks_at_different_steps(ranks, tmp_path, world):
    told = run(ranks, world, tmp_path, "another step")
    assert "ranks differ in the step: 3 on one, 7 on another" in told[0].warnings[0]
    assert len(told[0].warnings) == 1


@pytest.mark.parametrize("world", [2, 4])
def test_a_part_that_fails_on_one_rank_ends_on_all_and_the_others_go_on(ranks, tmp_path, world):
    told = run(ranks, world, tmp_path, "cannot measure gradients")
    assert told[-1].warnings == [
        "torchviz_tb switched off 'gradients' for 'model', all else goes on: MemoryError: no room"
    ]
    (warning,) = told[0].warnings
    assert warning.endswith(
        "'gradients' for 'model', all else goes on: SharingError: another rank could not measure it"
    )
    assert measured(tmp_path) == dict.fromkeys(range(4), True)
    assert measured(tmp_path, pb.STAGE_GRADIENT) == dict.fromkeys(range(2), True)


@pytest.mark.parametrize("world", [2, 4])
def test_a_rank_that_leaves_early(ranks, tmp_path, world):
    told = run(ranks, world, tmp_path, "leaves early")
    why = f"rank {world - 1} has ended its watch"
    assert told[0].warnings == [f"torchviz_tb switched off 'shards' for 'model', all else goes on: SharingError: {why}"]
    assert [each.warnings for each in told[1:]] == [[]] * (world - 1)
    assert measured(tmp_path) == {0: True, 1: True, 2: f"sharded: {why}", 3: f"sharded: {why}"}
