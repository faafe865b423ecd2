"""axe-core finds no violation in any view, in light and dark."""

from pathlib import Path

import pytest
from browser_page import OpenPage

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "plugin_frontend" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("view", ["overview", "graph", "distributions", "gradients", "tensors"])
def test_no_violation(open_page: OpenPage, view: str, dark: bool) -> None:
    page = open_page("tensor_views" if view == "tensors" else "small", view, dark=dark)
    page.page.wait_for_timeout(800)  # what comes late, such as a picture, belongs to the page
    body = page.frame.locator("body")
    body.evaluate(AXE.read_text(encoding="utf-8"))
    answer = body.evaluate("async () => (await axe.run()).violations")
    found = [f"{rule['id']}: {node['html']}" for rule in answer for node in rule["nodes"]]
    assert found == []
