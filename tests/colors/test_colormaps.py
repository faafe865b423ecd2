"""The colormaps' tables against matplotlib's."""

import matplotlib
import numpy as np
import pytest

from torchviz_tb.colors.colormaps import COLORMAPS, NAN_COLOR, checked_color, color_table
from torchviz_tb.errors import ArgumentError


@pytest.mark.parametrize("name", COLORMAPS)
def test_a_table_is_matplotlibs(name: str):
    expected = matplotlib.colormaps[name](np.arange(256), bytes=True)[:, :3]
    np.testing.assert_array_equal(color_table(name).numpy(), expected)
    np.testing.assert_array_equal(color_table(f"{name}_r").numpy(), expected[::-1])


def test_the_ones_that_are_promised():
    assert COLORMAPS == ("viridis", "magma", "inferno", "plasma", "cividis", "coolwarm", "RdBu", "gray")


def test_nan_has_a_colour_that_is_in_no_table():
    assert all(NAN_COLOR not in map(tuple, color_table(name).tolist()) for name in COLORMAPS)


@pytest.mark.parametrize("name", ["jet", "viridis_r_r", "_r", "", None, 3, ["viridis"]])
def test_an_unknown_colormap_is_refused_with_the_known_ones(name: object):
    with pytest.raises(ArgumentError) as caught:
        color_table(name)
    assert str(caught.value) == (
        f"colormap is {name!r}, which is not known: choose from viridis, magma, inferno, plasma, cividis, coolwarm, "
        "RdBu, gray, each also with '_r'"
    )


@pytest.mark.parametrize(
    "color", [None, "red", (1, 2), (1, 2, 3, 4), (0.5, 0.5, 0.5), (0, 0, 256), (-1, 0, 0), (True, 0, 0)]
)
def test_a_colour_that_is_not_three_bytes_is_refused(color: object):
    with pytest.raises(ArgumentError) as caught:
        checked_color(color)
    assert str(caught.value) == (
        f"nan_color is {color!r}, not red, green and blue from 0 to 255: pass for example (255, 0, 255)"
    )
