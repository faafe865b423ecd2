from pathlib import Path

import pytest

from torchviz_tb.plugin.static_files import static_file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "chunks").mkdir(parents=True)
    for name in ("index.js", "chunks/graph.js", "worker.js", "style.css", "index.js.map", "notes.txt"):
        (folder / name).write_text(name)
    (tmp_path / "secret.js").write_text("secret")
    (folder / "link.js").symlink_to(tmp_path / "secret.js")
    return folder


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("index.js", "text/javascript"),
        ("chunks/graph.js", "text/javascript"),
        ("style.css", "text/css"),
        ("index.js.map", "application/json"),
    ],
)
def test_files_of_the_page(root: Path, name: str, media_type: str):
    found = static_file(name, root)
    assert found is not None
    assert (found.content.decode(), found.media_type) == (name, media_type)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../secret.js",
        "chunks/../../secret.js",
        "chunks/../index.js",
        "./index.js",
        "//etc/passwd",
        "/etc/passwd",
        "..\\secret.js",
        "%2e%2e/secret.js",
        "index.js\0",
        "chunks",
        "chunks/",
        "INDEX.JS/",
        "link.js",
        "notes.txt",
        "missing.js",
    ],
)
def test_nothing_else_is_served(root: Path, name: str):
    assert static_file(name, root) is None


def test_no_absolute_path_is_served(root: Path):
    assert static_file(str(root / "index.js"), root) is None


def test_without_a_built_page_the_tab_says_what_to_do(tmp_path: Path):
    found = static_file("index.js", tmp_path / "static")
    assert found is not None
    assert b"export function render()" in found.content
    assert b"run make frontend" in found.content
    assert static_file("worker.js", tmp_path / "static") is None
