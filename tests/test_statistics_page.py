"""docs/statistics.md names every statistic that the page shows and every column that is read, with its formula."""

import re
from pathlib import Path

from torchviz_tb.reading.series import SERIES_COLUMNS

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
ROWS = {
    match["column"]: match
    for match in re.finditer(r"^\| (?P<name>[^|]+) \| `(?P<column>\w+)` \| (?P<formula>.+?) \| ", TEXT, re.MULTILINE)
}
ON_THE_PAGE = dict(
    re.findall(
        r'value: "(\w+)",\s+label: "([^"]+)",\s+formula:',
        (ROOT / "plugin_frontend/src/views/overview/columns.ts").read_text(encoding="utf-8"),
    )
)


def test_every_name_on_the_page_is_explained_under_that_name():
    assert len(ON_THE_PAGE) >= 13
    assert {column: row["name"] for column, row in ROWS.items()} == ON_THE_PAGE


def test_every_column_that_is_read_is_in_it():
    assert set(SERIES_COLUMNS) <= set(re.findall(r"`(\w+)`", TEXT))
