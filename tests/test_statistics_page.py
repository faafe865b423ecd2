"""docs/statistics.md, the server and the page name and explain the same numbers."""

import re
from pathlib import Path

from plugin_client import in_process

from torchviz_tb.plugin.responses.meanings import MEANINGS, Meaning
from torchviz_tb.reading.series import SERIES_COLUMNS

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
IN_THE_DOCS = {
    key: Meaning(name, formula.replace(r"\|", "|"), says)
    for name, key, formula, says in re.findall(r"^\| (.+?) \| `(\w+)` \| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE)
}
VIEWS = ROOT / "plugin_frontend" / "src" / "views"
ON_THE_MAP = dict(
    re.findall(
        r'value: "(\w+)",\s+label: "([^"]+)",\s+kind:', (VIEWS / "overview/columns.ts").read_text(encoding="utf-8")
    )
)


ASKS = (r'<Term (?:key="\w+" )?of="(\w+)"', r'\bcolumn: "(\w+)"', r'\bmeaning: "(\w+)"')


def test_the_docs_explain_each_number_in_the_words_of_the_server():
    assert dict(MEANINGS) == IN_THE_DOCS


def test_the_server_tells_the_page(tmp_path):
    answer = in_process(tmp_path)("meanings").fields
    assert answer["meanings"]["rms"] == {"formula": IN_THE_DOCS["rms"].formula, "says": IN_THE_DOCS["rms"].says}
    assert answer["meanings"].keys() == IN_THE_DOCS.keys()


def test_the_names_on_the_map_are_those_that_are_explained():
    assert len(ON_THE_MAP) >= 13
    assert {column: MEANINGS[column].name for column in ON_THE_MAP} == ON_THE_MAP


def test_whatever_the_page_asks_to_have_explained_is():
    code = "".join(path.read_text(encoding="utf-8") for path in VIEWS.rglob("*.ts*"))
    asked = {key for pattern in ASKS for key in re.findall(pattern, code)}
    assert len(asked) >= 16
    assert asked <= MEANINGS.keys()


def test_every_column_that_is_read_is_in_it():
    assert set(SERIES_COLUMNS) <= set(re.findall(r"`(\w+)`", TEXT))
