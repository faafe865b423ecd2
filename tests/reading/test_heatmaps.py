import handmade
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading.heatmaps import Heatmap
from torchviz_tb.records import records_pb2 as pb

matrices = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, max_side=5),
    elements=st.one_of(st.just(0.0), st.floats(1e-6, 1e6), st.floats(-1e6, -1e-6)),
)


@given(matrices)
def test_cells_come_back_within_the_stated_error(matrix: np.ndarray):
    found = Heatmap.from_record(handmade.heatmap(0, matrix))
    bound = found.max_error + 1e-6
    np.testing.assert_allclose(found.abs_max, np.abs(matrix), rtol=bound)
    np.testing.assert_allclose(found.mean, matrix, rtol=bound)
    np.testing.assert_allclose(found.row_max, np.abs(matrix).max(axis=1), rtol=0.1)
    np.testing.assert_allclose(found.column_max, np.abs(matrix).max(axis=0), rtol=0.1)


@given(matrices)
def test_dead_lines_are_exact(matrix: np.ndarray):
    found = Heatmap.from_record(handmade.heatmap(0, matrix))
    for ranges, axis in ((found.dead_rows, 1), (found.dead_columns, 0)):
        lines = [line for start, length in ranges for line in range(start, start + length)]
        assert lines == np.flatnonzero((matrix == 0).all(axis=axis)).tolist()


def test_nan_and_infinities_are_themselves():
    found = Heatmap.from_record(handmade.heatmap(0, np.asarray([[np.nan, -np.inf, 0.0, 2.0]])))
    np.testing.assert_array_equal(found.abs_max, [[np.nan, np.inf, 0, 2]])
    assert found.max_error == 0


def test_extreme_scales_stay_finite():
    codes = bytes([1, 127, 253])
    scale = pb.LogBytes(low=5e-324, high=3e38, codes=codes)
    record = handmade.heatmap(0, np.ones((1, 3)))
    record.abs_max.CopyFrom(scale)
    cells = Heatmap.from_record(record).abs_max[0]
    assert np.isfinite(cells).all()
    assert cells[2] == pytest.approx(3e38, rel=1e-6)


def broken(**changes: object) -> pb.Heatmap:
    record = handmade.heatmap(0, np.arange(12.0).reshape(3, 4))
    for path, value in changes.items():
        message = record
        *parts, name = path.split("__")
        for part in parts:
            message = getattr(message, part)
        if isinstance(value, list):
            del getattr(message, name)[:]
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    return record


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (broken(cell_rows=2**31, cell_columns=2**31, rows=2**40, columns=2**40), "cells of a heatmap are impossible"),
        (broken(rows=2**60), "cells of a heatmap are impossible"),
        (broken(cell_rows=4), "cells of a heatmap are impossible"),
        (broken(abs_max__codes=b"\1" * 11), "11 codes for 12 cells"),
        (broken(mean_negative=b"\0"), "not one sign for each cell"),
        (broken(row_max__codes=b"\1"), "1 codes for 3 cells"),
        (broken(abs_max__low=0.0, abs_max__high=0.0), "magnitudes and no scale"),
        (broken(abs_max__low=float("nan")), "scale of a heatmap is impossible"),
        (broken(abs_max__high=float("inf")), "scale of a heatmap is impossible"),
        (broken(abs_max__low=9.0, abs_max__high=1.0), "scale of a heatmap is impossible"),
        (broken(abs_max__low=-1.0), "scale of a heatmap is impossible"),
        (broken(dead_rows=[1]), "not pairs"),
        (broken(dead_rows=[2, 2]), "outside it"),
        (broken(dead_columns=[2**64 - 1, 2**64 - 1]), "outside it"),
    ],
)  # fmt: skip
def test_impossible_heatmaps_are_refused(record: pb.Heatmap, fault: str):
    with pytest.raises(DamagedRecord, match=fault):
        Heatmap.from_record(record)
