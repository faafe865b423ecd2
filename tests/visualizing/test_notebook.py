"""The view as HTML: well formed, safe, and with the same words as the terminal's."""

import io
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from torchviz_tb import SummaryWriter, Visualizer
from torchviz_tb.visualizing.notebook import in_notebook, model_html, png
from torchviz_tb.visualizing.summary import view_model
from torchviz_tb.visualizing.terminal import tensor_cells

VOID = {"img", "rect"}


class Page(HTMLParser):
    """Text of the cells; raises on a tag that is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.tags, self.text, self.sources = list[str](), set[str](), list[str](), list[str]()
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_each_tensor_has_a_row_with_the_terminals_words():
    view = view_model("net", nn.Linear(3, 2), torch.randn(4, 3), torch.randn(4, 2))
    page = Page(model_html(view))
    for summary in (*view.inputs, *view.parameters, *view.outputs):
        *words, _, note = tensor_cells(summary)
        assert set(filter(None, [*words, note])) <= set(page.text)
    assert page.tags <= {"div", "table", "tr", "th", "td", "img", "svg", "rect"}
    assert len(page.sources) == 4
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)


def test_names_can_not_bring_markup():
    hostile = '"><script>alert(1)</script>'
    view = view_model(hostile, nn.Identity(), {hostile: torch.ones(3)})
    page = Page(model_html(view))
    assert "script" not in page.tags
    assert f"input.{hostile}" in page.text


def test_tensors_without_values_have_neither_picture_nor_histogram():
    page = Page(model_html(view_model("net", nn.Identity(), torch.zeros(2, device="meta"))))
    assert not page.tags & {"img", "svg"}
    assert "meta tensor: it has no values" in page.text


def test_many_parameters_are_cut_short():
    model = nn.Sequential(*(nn.Linear(1, 1) for _ in range(40)))
    assert "and 16 more parameters" in Page(model_html(view_model("net", model))).text


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (48, 48)])
def test_a_png_holds_the_pixels(shape: tuple[int, int]):
    pixels = torch.randint(256, (*shape, 3), dtype=torch.uint8)
    image = Image.open(io.BytesIO(png(pixels)))
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), pixels)


def test_a_notebook_gets_html(monkeypatch: pytest.MonkeyPatch, tmp_path, capsys: pytest.CaptureFixture[str]):
    """Stands in for IPython, which is what a kernel has imported."""
    shown: list[str] = []
    display = SimpleNamespace(HTML=lambda html: html, display=shown.append)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object())))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    with SummaryWriter(tmp_path) as writer:
        Visualizer(nn.Linear(3, 2), writer=writer).display(torch.ones(1, 3))
    assert capsys.readouterr().out == ""
    assert "model: 2 parameters, 8 values" in Page(shown[0]).text


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_ipython_in_a_terminal_is_no_notebook(monkeypatch: pytest.MonkeyPatch, shell: object):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert not in_notebook()
