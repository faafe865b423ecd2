"""What a browser must load for the page stays small."""

import gzip
from pathlib import Path

import torchviz_tb.plugin

LIMIT = 120_000
STATIC = Path(torchviz_tb.plugin.__file__).parent / "static"


def test_the_page_is_under_its_budget() -> None:
    scripts = list(STATIC.rglob("*.js"))
    assert STATIC / "index.js" in scripts, "the page was not built: run make frontend"
    assert sum(len(gzip.compress(script.read_bytes())) for script in scripts) < LIMIT
