"""colorize_parameters: a model's parameters as pictures, by their values, their gradients, or both."""

import warnings
from typing import Literal, TypeAlias

import torch

from torchviz_tb.capture.sites import ParameterSite, Selection, find_sites
from torchviz_tb.capture.tensors import Unsupported, plain
from torchviz_tb.colors.coloring import colorize
from torchviz_tb.colors.colormaps import NAN_COLOR, Color
from torchviz_tb.errors import ArgumentError

By: TypeAlias = Literal["value", "gradient", "both"]

_MAX_SIDE = 512  # pixels
_WHITE = 255


@torch.no_grad()
def colorize_parameters(
    model: torch.nn.Module,
    by: By = "both",
    colormap: str = "coolwarm",
    *,
    include: Selection = None,
    exclude: Selection = None,
    nan_color: Color = NAN_COLOR,
) -> dict[str, torch.Tensor]:
    """A picture of each parameter, to be logged with ``add_image``.

    A parameter is seen as a matrix, first dimension × all others, as in its heatmap; one of more than 512
    rows or columns is reduced to 512 by means. The colours are symmetric about 0: the middle of the colormap
    is 0, its ends are the largest magnitude in the picture. A parameter without a gradient has ``nan_color``
    where its gradient would be coloured.

    Args:
        model: The module; for gradients, after backward.
        by: "value", "gradient", or "both": the gradient as colour, which fades to white where the weight is
            small beside the largest one.
        colormap: As for ``colorize``; a diverging one such as "coolwarm" or "RdBu" shows signs.
        include: Which parameters, as for ``watch``; all if not given.
        exclude: Which of them not.
        nan_color: As for ``colorize``.

    Returns:
        By the parameter's name, uint8 of shape (3, rows, columns) on the parameter's device. Parameters whose
        values can't be read (meta, sharded ...) are left out, with a warning that names them and says why.

    Raises:
        ArgumentError: An argument can't be used.

    Example:
        >>> for name, image in colorize_parameters(model).items():  # doctest: +SKIP
        ...     writer.add_image(f"weights/{name}", image, step)
    """
    if not isinstance(model, torch.nn.Module):
        raise ArgumentError(
            f"model is a {type(model).__name__}, not a torch.nn.Module: pass the module that is trained"
        )
    if by not in ("value", "gradient", "both"):
        raise ArgumentError(f"by is {by!r}: choose 'value', 'gradient' or 'both'")
    pictures: dict[str, torch.Tensor] = {}
    for site in find_sites(model, include, exclude):
        value, gradient = _matrices(site)
        if isinstance(value, Unsupported):
            warnings.warn(f"torchviz_tb left '{site.name}' out of the pictures: {value.reason}", stacklevel=3)
            continue
        picture = colorize_symmetric(value if by == "value" else gradient, colormap, nan_color)
        pictures[site.name] = faded(picture, value) if by == "both" else picture
    return pictures


def colorize_symmetric(values: torch.Tensor, colormap: str, nan_color: Color) -> torch.Tensor:
    """Colours about 0, up to the largest finite magnitude on both sides."""
    magnitudes = values.abs()
    finite = magnitudes[magnitudes.isfinite()]
    largest = float(finite.max()) if finite.numel() else 0.0
    return colorize(values, colormap, -largest, largest, nan_color)


def faded(picture: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """The picture towards white where values are small beside the largest; not where they are not finite."""
    strength = values.abs().to(torch.float32)
    finite = strength[strength.isfinite()]
    largest = finite.max().clamp_min(torch.finfo(torch.float32).tiny) if finite.numel() else strength.new_ones(())
    strength = torch.where(strength.isfinite(), strength / largest, 1.0)
    return (_WHITE - (_WHITE - picture) * strength).round_().to(torch.uint8)


def _matrices(site: ParameterSite) -> tuple[torch.Tensor | Unsupported, torch.Tensor]:
    """Value and gradient as matrices of equal shape; a gradient that there is not, or can't be read, is all NaN."""
    value = plain(site.parameter, "parameter")
    if isinstance(value, Unsupported):
        return value, torch.empty(0, device="cpu")
    matrix = _matrix(value)
    gradient = None if site.parameter.grad is None else plain(site.parameter.grad, "gradient")
    if isinstance(gradient, torch.Tensor):
        return matrix, _matrix(gradient)
    return matrix, torch.full_like(matrix, torch.nan)


def _matrix(values: torch.Tensor) -> torch.Tensor:
    """First dimension × all others in a float type, at most 512 of each; of complex numbers the magnitudes."""
    values = values.abs() if values.is_complex() else values
    matrix = values.reshape(1, -1) if values.dim() < 2 else values.flatten(1)
    matrix = matrix if matrix.dtype == torch.float64 else matrix.to(torch.float32)
    rows, columns = (min(size, _MAX_SIDE) for size in matrix.shape)
    if (rows, columns) == tuple(matrix.shape):
        return matrix
    return torch.nn.functional.adaptive_avg_pool2d(matrix[None], (rows, columns))[0]
