"""colorize: against matplotlib, and for every kind of tensor and argument."""

import math
import warnings

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch.utils.tensorboard.summary import image as image_summary

from torchviz_tb import ArgumentError, colorize
from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.colors.colormaps import color_table
from torchviz_tb.colors.lookup import look_up
from torchviz_tb.colors.lookup_cpu import look_up_in_threads
from torchviz_tb.colors.scale import Scale, finite_range

NAN = (1, 2, 3)
FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]
MANY = (300, 301)  # enough for the threads, and an odd number of pixels


def matplotlibs(values: np.ndarray, colormap: str = "viridis", vmin: float | None = None, vmax: float | None = None):
    """What matplotlib makes of the values, HWC."""
    finite = values[np.isfinite(values)]
    low = finite.min() if vmin is None else vmin
    high = finite.max() if vmax is None else vmax
    colors = matplotlib.colormaps[colormap].with_extremes(bad=tuple(part / 255 for part in NAN))
    scaled = np.ma.masked_invalid((values.astype(np.float64) - low) / (high - low))
    scaled[np.isposinf(values)], scaled[np.isneginf(values)] = 2.0, -1.0
    return colors(scaled, bytes=True)[..., :3]


def assert_same_colors(pixels: torch.Tensor, expected: np.ndarray, colormap: str):
    """The same, or where a value is on the border of two colours, the one beside it."""
    table = matplotlib.colormaps[colormap](np.arange(256), bytes=True)[:, :3].astype(int)
    step = np.abs(np.diff(table, axis=0)).max()
    difference = np.abs(pixels.numpy().astype(int) - expected)
    assert difference.max(initial=0) <= step
    assert (difference > 1).any(-1).mean() < 1e-3


@pytest.mark.parametrize("shape", [(13, 17), MANY])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_any_float_type_gets_matplotlibs_colours(dtype: torch.dtype, shape: tuple[int, int]):
    tensor = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert_same_colors(colorize(tensor, dataformats="HWC"), matplotlibs(tensor.double().numpy()), "viridis")


@pytest.mark.parametrize("colormap", ["magma", "coolwarm", "RdBu_r", "gray"])
@pytest.mark.parametrize("shape", [(13, 17), MANY])
def test_limits_nan_and_infinity(colormap: str, shape: tuple[int, int]):
    tensor = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    tensor[3, 4:9] = torch.tensor([math.nan, math.inf, -math.inf, math.nan, 7.0])
    tensor[-1, -1] = math.nan
    for limits in [{}, {"vmin": -1.0, "vmax": 0.5}, {"vmin": 0.25}]:
        pixels = colorize(tensor, colormap, **limits, nan_color=NAN, dataformats="HWC")
        assert_same_colors(pixels, matplotlibs(tensor.numpy(), colormap, **limits), colormap)
        assert tuple(pixels[3, 4].tolist()) == tuple(pixels[-1, -1].tolist()) == NAN


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16])
@pytest.mark.parametrize("shape", [(4, 64), MANY])
def test_integers(dtype: torch.dtype, shape: tuple[int, int]):
    tensor = torch.arange(math.prod(shape)).remainder(101).view(shape).to(dtype)
    assert_same_colors(colorize(tensor, "gray", dataformats="HWC"), matplotlibs(tensor.numpy(), "gray"), "gray")


def test_bools_are_the_first_and_the_last_colour():
    assert colorize(torch.tensor([[False, True]]), "gray", dataformats="HWC").tolist() == [[[0, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize(
    ("shape", "chw", "hwc"),
    [
        ((), (3, 1, 1), (1, 1, 3)),
        ((5,), (3, 1, 5), (1, 5, 3)),
        ((4, 5), (3, 4, 5), (4, 5, 3)),
        ((2, 4, 5), (2, 3, 4, 5), (2, 4, 5, 3)),
        ((2, 7, 160, 161), (2, 7, 3, 160, 161), (2, 7, 160, 161, 3)),
        ((0, 5), (3, 0, 5), (0, 5, 3)),
        ((0,), (3, 1, 0), (1, 0, 3)),
    ],
)
def test_shapes(shape: tuple[int, ...], chw: tuple[int, ...], hwc: tuple[int, ...]):
    tensor = torch.randn(shape)
    first, last = colorize(tensor), colorize(tensor, dataformats="HWC")
    assert (first.shape, last.shape) == (chw, hwc)
    assert first.dtype == last.dtype == torch.uint8
    assert first.is_contiguous()
    assert last.is_contiguous()
    torch.testing.assert_close(first.movedim(-3, -1), last, rtol=0, atol=0)


def test_the_default_is_what_add_image_takes():
    assert image_summary("tag", colorize(torch.eye(4)), dataformats="CHW").value[0].image.height == 4


@pytest.mark.parametrize(
    "values",
    [
        torch.randn(400, 300).t(),
        torch.randn(400, 300)[::2, ::3],
        torch.randn(300, 1).expand(300, 300),
        torch.nn.Parameter(torch.randn(300, 300)),
    ],
    ids=["transposed", "strided", "expanded", "parameter"],
)
def test_any_strides_and_parameters(values: torch.Tensor):
    pixels = colorize(values)
    torch.testing.assert_close(pixels, colorize(values.detach().clone(memory_format=torch.contiguous_format)))
    assert not pixels.requires_grad


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the variable is the same for all examples
@given(
    values=arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.integers(1, 7)),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
    ),
    channels_first=st.booleans(),
    limits=st.tuples(st.floats(-1e30, 1e30), st.floats(-1e30, 1e30)).map(sorted),
)
def test_threads_and_torch_agree(
    monkeypatch: pytest.MonkeyPatch, engine: str, values: np.ndarray, channels_first: bool, limits: list[float]
):
    monkeypatch.setenv(VARIABLE, engine)
    tensor, table = torch.from_numpy(values), torch.arange(768).remainder(251).to(torch.uint8).view(256, 3)
    scale = Scale.between(*limits, tensor.dtype)
    one = look_up(tensor, scale, table, NAN, channels_first=channels_first)
    other = look_up_in_threads(tensor, scale, table, NAN, channels_first=channels_first)
    torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("channels_first", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 63, 64, 65, 66, 128, 129, 200])
@pytest.mark.parametrize("low", [0.0, -1.5])
def test_every_pixel_at_the_borders_of_chunks(
    monkeypatch: pytest.MonkeyPatch, channels_first: bool, size: int, low: float
):
    monkeypatch.setenv(VARIABLE, "numpy")
    monkeypatch.setattr("torchviz_tb.colors.lookup_cpu._CHUNK", 64)
    values = torch.randn(3, 1, size, generator=torch.Generator().manual_seed(size))
    values[1, 0, -1] = math.nan
    scale, table = Scale.between(low, 1.0, torch.float32), color_table("viridis")
    one = look_up(values, scale, table, NAN, channels_first=channels_first)
    other = look_up_in_threads(values, scale, table, NAN, channels_first=channels_first)
    assert torch.equal(one, other)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("place", range(5))
def test_the_range_found_in_parts_knows_each_of_them(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, place: int):
    monkeypatch.setattr("torchviz_tb.colors.scale._LARGE", 64)
    values = torch.linspace(-1, 1, 4 * 64 + 1, dtype=dtype)  # five parts, the last one of a single value
    values[64 * place] = -7.5
    assert finite_range(values) == (-7.5, 1.0 if place < 4 else values[-2].item())
    values[64 * place] = 7.5
    assert finite_range(values) == (-1.0 if place else values[1].item(), 7.5)
    for unknown in (math.nan, math.inf, -math.inf):
        values[64 * place] = unknown
        finite = values[values.isfinite()]
        assert finite_range(values) == (finite.min().item(), finite.max().item())


@pytest.mark.parametrize("size", [9, 300])
def test_no_range_all_nan_and_all_infinite(size: int):
    first, last = (68, 1, 84), (253, 231, 36)  # viridis
    square = torch.ones(size, size)
    for values, color in [
        (square * 7, first),
        (square * 0, first),
        (square * math.nan, NAN),
        (square * math.inf, last),
        (square * -math.inf, first),
    ]:
        pixels = colorize(values, nan_color=NAN, dataformats="HWC")
        assert {tuple(pixel) for pixel in pixels.view(-1, 3).tolist()} == {color}
    around = torch.tensor([[1.0, 2.0, 3.0]]).repeat(size, size)
    pixels = colorize(around, vmin=2, vmax=2, dataformats="HWC")
    assert pixels[0, :3].tolist() == [list(first), list(first), list(last)]


@pytest.mark.parametrize("size", [8, 300])
@pytest.mark.parametrize(("low", "high"), [(-3e38, 3e38), (0, 1e-42), (1e6, 1e6 + 1), (-1e308, 1e308), (0, 1e-300)])
def test_ranges_beyond_float32_arithmetic(low: float, high: float, size: int):
    dtype = torch.float32 if max(abs(low), abs(high)) < 3.4e38 and not 0 < high < 1e-45 else torch.float64
    values = torch.tensor([low, low / 2 + high / 2, high], dtype=torch.float64).to(dtype).repeat(size, size)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = colorize(values, "gray", dataformats="HWC")

    assert pixels[0, :3, 0].tolist() == pytest.approx([0, 128, 255], abs=1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"vmin": 3, "vmax": 1},
            (
                "the colours would go from 3 down to 1: vmin must not be above vmax, and what is not given "
                "is taken from the tensor; to turn the colours around, add '_r' to the colormap's name"
            ),
        ),
        (
            {"vmin": 5},
            (
                "the colours would go from 5 down to 1: vmin must not be above vmax, and what is not given "
                "is taken from the tensor; to turn the colours around, add '_r' to the colormap's name"
            ),
        ),
        ({"vmin": math.nan}, "vmin is nan, not a finite number: leave it out to take it from the tensor"),
        ({"vmax": math.inf}, "vmax is inf, not a finite number: leave it out to take it from the tensor"),
        ({"vmax": "much"}, "vmax is 'much', not a finite number: leave it out to take it from the tensor"),
        (
            {"colormap": "jet"},
            (
                "colormap is 'jet', which is not known: choose from viridis, magma, inferno, plasma, cividis, "
                "coolwarm, RdBu, gray, each also with '_r'"
            ),
        ),
        (
            {"nan_color": "red"},
            "nan_color is 'red', not red, green and blue from 0 to 255: pass for example (255, 0, 255)",
        ),
        ({"dataformats": "NHWC"}, "dataformats is 'NHWC': pass 'CHW' (which add_image expects) or 'HWC'"),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], sentence: str):
    with pytest.raises(ArgumentError) as caught:
        colorize(torch.eye(3), **arguments)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        (np.eye(3), "colorize is given a ndarray: pass torch.as_tensor(...) of it"),
        (
            torch.eye(3, device="meta"),
            "colorize can't read the tensor's values (meta tensor: it has no values): pass a dense tensor",
        ),
        (torch.eye(3).to_sparse(), "colorize can't read the tensor's values (sparse tensor): pass a dense tensor"),
        (torch.eye(3).to(torch.complex64), "colorize is given complex64: pass tensor.abs() or tensor.angle()"),
    ],
)
def test_tensors_without_real_values(tensor: object, sentence: str):
    with pytest.raises(ArgumentError) as caught:
        colorize(tensor)
    assert str(caught.value) == sentence


def test_the_tensor_is_left_as_it_was():
    values = torch.randn(MANY)
    values[0, 0] = math.nan
    before = values.clone()
    colorize(values)
    torch.testing.assert_close(values, before, rtol=0, atol=0, equal_nan=True)
