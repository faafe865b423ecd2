import handmade
import numpy as np
import pytest

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading.checks import STAGES
from torchviz_tb.reading.statistics import COLUMNS, DERIVED_COLUMNS, KEPT_COLUMNS, LONG_COLUMNS, State, Statistics
from torchviz_tb.records import records_pb2 as pb

RANDOM = np.random.default_rng(0)
PARAMETER, UPDATE = RANDOM.normal(0, 1, 40), RANDOM.normal(0, 0.01, 40)
UPDATE[:8] = 0
UPDATE[8] = np.nan
UPDATE[9:11] = np.inf
UPDATE[11] = -np.inf
FINITE = UPDATE[np.isfinite(UPDATE)]
OF_ACTIVATIONS = {"units": 8, "dead_units": 2, "dead_share": 2 / 8}

DEFINITIONS = {
    "count": 40,
    "zeros": 8,
    "nan": 1,
    "pos_inf": 2,
    "neg_inf": 1,
    "min": FINITE.min(),
    "max": FINITE.max(),
    "mean": FINITE.mean(),
    "std": FINITE.std(),
    "abs_max": np.abs(FINITE).max(),
    "l1": np.abs(FINITE).sum(),
    "l2": np.linalg.norm(FINITE),
    "lost": 4,
    "zero_share": 8 / 40,
    "nonfinite": 4,
    "rms": np.sqrt((FINITE**2).mean()),
    "update_ratio": np.linalg.norm(FINITE) / np.linalg.norm(PARAMETER),
    "lost_share": 4 / 40,
}


def record(**stages: list[np.ndarray | int]) -> Statistics:
    sites = [f"site{i}" for i in range(len(next(iter(stages.values()))))]
    return Statistics.from_bytes(handmade.statistics(sites, stages).SerializeToString())


@pytest.mark.parametrize("column", DEFINITIONS)
def test_columns_are_what_they_are_defined_to_be(column: str):
    found = record(parameter=[PARAMETER], update=[UPDATE]).column("update", column)
    assert found is not None
    assert found[0] == pytest.approx(DEFINITIONS[column], rel=1e-12)


def test_all_columns_of_a_site_are_those_of_the_record():
    found = record(parameter=[PARAMETER, UPDATE, PARAMETER], update=[UPDATE, pb.STATUS_FROZEN, PARAMETER])
    for stage in ("parameter", "update"):
        for site in range(3):
            columns = [found.column(stage, name) for name in COLUMNS]
            expected = [np.nan if column is None else column[site] for column in columns]
            np.testing.assert_array_equal(found.of_site(stage, site), expected)


def test_a_brief_record_has_every_column_but_the_long_ones():
    message = handmade.statistics(["site"], {"parameter": [PARAMETER], "update": [UPDATE]})
    whole, brief = (read(message.SerializeToString()) for read in (Statistics.from_bytes, Statistics.brief_from_bytes))
    for column in set(COLUMNS) - LONG_COLUMNS:
        np.testing.assert_array_equal(brief.column("update", column), whole.column("update", column))
    assert brief.stages["update"].state == whole.stages["update"].state
    assert all(brief.column("update", column) is None for column in LONG_COLUMNS)
    assert whole.memory - brief.memory == 2 * 8 * len(LONG_COLUMNS)
    message.stages[0].std.append(1.0)
    with pytest.raises(DamagedRecord, match="its column std has 2 entries for 1 sites"):
        Statistics.brief_from_bytes(message.SerializeToString())


def test_every_column_has_a_definition_here():
    assert {*DEFINITIONS, *OF_ACTIVATIONS} == set(COLUMNS) == {*KEPT_COLUMNS, *DERIVED_COLUMNS}


@pytest.mark.parametrize("column", OF_ACTIVATIONS)
def test_columns_of_activations(column: str):
    written = handmade.statistics(["relu", "loss"], {"gradient": [PARAMETER, PARAMETER]})
    written.stages[0].stage = pb.STAGE_ACTIVATION
    written.stages[0].units.extend([8, 0])
    written.stages[0].dead_units.extend([2, 0])
    found = Statistics.from_bytes(written.SerializeToString()).column("activation", column)
    assert found is not None
    np.testing.assert_array_equal(found, [OF_ACTIVATIONS[column], np.nan if column == "dead_share" else 0])


@pytest.mark.parametrize("column", ["lost", "lost_share", "update_ratio", *OF_ACTIVATIONS])
def test_columns_of_other_stages_are_not_there_for_gradients(column: str):
    assert record(parameter=[PARAMETER], gradient=[UPDATE]).column("gradient", column) is None


def test_a_stage_that_was_not_measured_has_no_columns():
    assert record(gradient=[PARAMETER]).column("activation", "l2") is None


@pytest.mark.parametrize(
    ("tensor", "state"),
    [
        ([1.0, 0.0], State.FINITE),
        ([0.0, -0.0], State.ZERO),
        ([1.0, np.inf], State.POS_INF),
        ([np.inf, -np.inf], State.POS_INF),
        ([0.0, -np.inf], State.NEG_INF),
        ([np.nan, np.inf, -np.inf], State.NAN),
        ([], State.FINITE),
        (pb.STATUS_NO_GRADIENT, State.NO_GRADIENT),
        (pb.STATUS_FROZEN, State.FROZEN),
        (pb.STATUS_UNSUPPORTED, State.UNSUPPORTED),
        (pb.STATUS_EXCLUDED, State.NOT_MEASURED),
        (pb.STATUS_UNSPECIFIED, State.NOT_MEASURED),
    ],
)
def test_states(tensor: list[float] | int, state: State):
    found = record(gradient=[tensor if isinstance(tensor, int) else np.asarray(tensor), PARAMETER])
    assert found.stages["gradient"].state[0] == state


def test_what_was_not_measured_is_never_zero():
    found = record(gradient=[pb.STATUS_FROZEN, PARAMETER])
    for column in COLUMNS:
        values = found.column("gradient", column)
        if values is not None:
            assert np.isnan(values[0])


def test_zero_over_zero_is_nan():
    found = record(parameter=[np.zeros(3)], update=[np.zeros(3)]).column("update", "update_ratio")
    assert found is not None
    assert np.isnan(found[0])


def test_stages_are_those_of_the_schema():
    named = {name.removeprefix("STAGE_").lower() for name, _ in pb.Stage.items()}
    assert named == {*STAGES, "unspecified"}
