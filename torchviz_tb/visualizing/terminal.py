"""A view of a model as text."""

import math
from collections.abc import Sequence

from torchviz_tb.visualizing.summary import ModelView, Numbers, TensorSummary

HEADER = ("", "shape", "type", "min", "mean ± std", "max", "zeros", "gradient", "", "")

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_LEFT = {0, 1, 2, 8, 9}  # columns of words and pictures


def model_text(view: ModelView) -> str:
    """Readable lines: a title, then a row for each tensor with shape, statistics and a histogram."""
    groups = [view.inputs, view.parameters, view.outputs]
    rows = [HEADER, *(tensor_cells(summary) for group in groups for summary in group)]
    lines = _aligned(rows)
    left_out = view.parameter_count - len(view.parameters)
    if left_out:
        after = 1 + len(view.inputs) + len(view.parameters)
        lines.insert(after, f"... and {left_out:,} more parameters")
    return "\n".join([headline(view), *lines])


def headline(view: ModelView) -> str:
    """Such as "Net: 2 parameters, 330 values"."""
    noun = "parameter" if view.parameter_count == 1 else "parameters"
    return f"{view.title}: {view.parameter_count:,} {noun}, {view.value_count:,} values"


def tensor_cells(summary: TensorSummary) -> tuple[str, ...]:
    """One cell for each column of the header."""
    numbers = summary.numbers
    known = summary.name, shape_text(summary.shape), summary.dtype
    gradient = "" if summary.gradient_norm is None else number_text(summary.gradient_norm)
    if numbers is None:
        return (*known, "", "", "", "", gradient, "", summary.note)
    return (
        *known,
        number_text(numbers.min),
        f"{number_text(numbers.mean)} ± {number_text(numbers.std)}",
        number_text(numbers.max),
        share_text(numbers.zeros, numbers.looked_at),
        gradient,
        histogram_text(numbers),
        ", ".join(filter(None, [_bad(numbers), summary.note])),
    )


def shape_text(shape: tuple[int, ...] | None) -> str:
    """Such as "3 × 4"; "scalar" without dimensions, a dash where there is no single shape."""
    return "–" if shape is None else " × ".join(map(str, shape)) or "scalar"


def number_text(number: float) -> str:
    """Three digits; a dash where there is no number."""
    return "–" if math.isnan(number) else f"{number:.3g}"


def share_text(part: int, whole: int) -> str:
    """A percentage, in which neither something becomes 0 nor nearly all becomes 100."""
    if part in (0, whole):
        return f"{100 * part // whole} %"
    return f"{min(99.9, max(0.1, 100 * part / whole)):.1f} %"


def histogram_text(numbers: Numbers) -> str:
    """The bins as blocks, the fullest of full height; what is not empty is seen."""
    fullest = max(numbers.bins, default=0)
    return "".join(_EIGHTHS[math.ceil(8 * count / fullest)] for count in numbers.bins)


def _bad(numbers: Numbers) -> str:
    counts = (("NaN", numbers.nan), ("infinite", numbers.infinite))
    return ", ".join(f"{count:,} {name}" for name, count in counts if count)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(cell, widths[place], place) for place, cell in enumerate(row)).rstrip() for row in rows]


def _padded(cell: str, width: int, place: int) -> str:
    return cell.ljust(width) if place in _LEFT else cell.rjust(width)
