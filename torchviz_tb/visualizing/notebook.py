"""A view of a model as HTML: stands by itself, runs no script, loads nothing, and takes the page's own colours."""

import base64
import struct
import sys
import zlib
from collections.abc import Sequence
from html import escape
from typing import Any

import torch

from torchviz_tb.visualizing.summary import ModelView, Numbers, TensorSummary
from torchviz_tb.visualizing.terminal import HEADER, headline, tensor_cells

_BAR, _HEIGHT = 4, 22  # pixels
_CELL = "padding:3px 10px;border:0;border-top:1px solid rgba(128,128,128,.3);background:none;color:inherit;"
_NUMBER = f"{_CELL}text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap"
_WORD = f"{_CELL}text-align:left"
_HEADS = ("", "", *HEADER[1:8], "histogram", "")
_COLUMNS_OF_WORDS = {0, 1, 2, 3, 9, 10}


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel, which shows HTML."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")


def show_html(html: str) -> None:
    """Hands HTML to the notebook."""
    from IPython.display import HTML, display

    display(HTML(html))


def model_html(view: ModelView) -> str:
    """A table with a picture and a histogram for each tensor."""
    rows = [_heads(), *_rows("input", view.inputs), *_rows("parameters", view.parameters)]
    left_out = view.parameter_count - len(view.parameters)
    if left_out:
        rows.append(_section(f"and {left_out:,} more parameters"))
    rows += _rows("output", view.outputs)
    return (
        '<div style="overflow-x:auto;color:inherit;font:13px/1.5 system-ui,sans-serif">'
        f'<div style="font-weight:600;margin:4px 10px">{escape(headline(view))}</div>'
        '<table style="border-collapse:collapse;background:none;color:inherit;font:inherit">'
        f"{''.join(rows)}</table></div>"
    )


def png(pixels: torch.Tensor) -> bytes:
    """uint8 of shape (height, width, 3) as a PNG file."""
    height, width, _ = pixels.shape
    lines = torch.cat([pixels.new_zeros(height, 1), pixels.reshape(height, -1)], 1)  # each line begins with its filter
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.numpy().tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _heads() -> str:
    style = "font-weight:500;opacity:.7;border-top:0"
    return _row([f'<th style="{_style(place)};{style}">{escape(head)}</th>' for place, head in enumerate(_HEADS)])


def _rows(title: str, summaries: Sequence[TensorSummary]) -> list[str]:
    return [_section(title), *map(_tensor_row, summaries)] if summaries else []


def _section(title: str) -> str:
    style = f"{_WORD};font-weight:600;padding-top:12px"
    return _row([f'<td colspan="{len(_HEADS)}" style="{style}">{escape(title)}</td>'])


def _tensor_row(summary: TensorSummary) -> str:
    *cells, _, note = map(escape, tensor_cells(summary))
    contents = [_image(summary), *cells, _histogram(summary.numbers), note]
    return _row([f'<td style="{_style(place)}">{content}</td>' for place, content in enumerate(contents)])


def _row(cells: Sequence[str]) -> str:
    return f'<tr style="background:none">{"".join(cells)}</tr>'


def _style(place: int) -> str:
    return _WORD if place in _COLUMNS_OF_WORDS else _NUMBER


def _image(summary: TensorSummary) -> str:
    if summary.picture is None:
        return ""
    height, width, _ = summary.picture.shape
    scale = max(1, 48 // max(height, width))
    # A bias is one row, which nobody would see.
    size = f"width:{max(8, scale * width)}px;height:{max(8, scale * height)}px"
    data = base64.b64encode(png(summary.picture)).decode()
    return (
        f'<img alt="values of {escape(summary.name)} as colours" src="data:image/png;base64,{data}" '
        f'style="{size};image-rendering:pixelated;display:block;margin:0">'
    )


def _histogram(numbers: Numbers | None) -> str:
    bins = () if numbers is None else numbers.bins
    if not bins:
        return ""
    fullest = max(bins)
    bars = "".join(
        f'<rect x="{_BAR * place}" y="{_HEIGHT - height:.1f}" width="{_BAR - 1}" height="{height:.1f}"/>'
        for place, count in enumerate(bins)
        if count
        for height in [max(1.0, _HEIGHT * count / fullest)]
    )
    return (
        f'<svg role="img" aria-label="histogram" width="{_BAR * len(bins)}" height="{_HEIGHT}" '
        f'style="display:block;fill:currentColor;opacity:.75">{bars}</svg>'
    )
