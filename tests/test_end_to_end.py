"""From the sources to a TensorBoard that shows our tab: built without Node, installed without torch."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import sample_logs
from tensorboard_process import BACKENDS, PLUGIN, serving

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).resolve().parent.parent
# What npm's scripts and pip call besides Python itself.
PROGRAMS = ("sh", "env", "uname", "git")
# The newest TensorBoard and the oldest that setup.py admits; 2.20 needs pkg_resources, which setuptools 82 removed.
TENSORBOARDS = {"newest": ["tensorboard==2.21.0"], "oldest": ["tensorboard==2.20.0", "setuptools<82"]}


def run(command: Sequence[object], **options: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources as a clone of them would be: with what is not committed yet, without what was built."""
    target = tmp_path_factory.mktemp("clone")
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT).splitlines()
    for source in (ROOT / name for name in listed):
        if source.is_file():
            copy = target / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    return target


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a machine without Node."""
    folder = tmp_path_factory.mktemp("bin")
    for name in PROGRAMS:
        (folder / name).symlink_to(shutil.which(name) or pytest.fail(f"{name} is needed"))
    ours = {key: value for key, value in os.environ.items() if not key.startswith("TORCHVIZ_TB_")}
    return {**ours, "PATH": str(folder)}


@pytest.fixture(scope="module")
def wheel(clone: Path, environment: dict[str, str]) -> Path:
    """Built in the clone, which therefore holds the built page afterwards."""
    assert shutil.which("node", path=environment["PATH"]) is None
    run([sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", clone / "dist", clone], env=environment)
    (path,) = (clone / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def unpacked_sdist(
    wheel: Path, clone: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    run([sys.executable, "-m", "build", "--sdist", "--outdir", clone / "dist", clone], env=environment)
    (path,) = (clone / "dist").glob("*.tar.gz")
    target = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(path, target)
    (folder,) = target.iterdir()
    return folder


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("logs") / "runs"
    sample_logs.small(root)
    return root


@pytest.fixture(scope="module", params=TENSORBOARDS)
def python(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has this TensorBoard and our wheel, and no torch."""
    folder = tmp_path_factory.mktemp(request.param)
    run([sys.executable, "-m", "venv", "--without-pip", folder])
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile"]
    run([*install, *TENSORBOARDS[request.param]])
    run([*install, "--no-deps", wheel])
    return python


def test_the_sdist_holds_the_built_page_and_what_rebuilds_it(unpacked_sdist: Path, environment: dict[str, str]) -> None:
    assert (unpacked_sdist / "torchviz_tb" / "plugin" / "static" / "index.js").is_file()
    assert (unpacked_sdist / "plugin_frontend" / "package-lock.json").is_file()
    assert not (unpacked_sdist / "plugin_frontend" / "node_modules").exists()
    program = "import build_frontend; print(build_frontend.FRONTEND.is_fresh(), build_frontend.build_requirements())"
    assert run([sys.executable, "-c", program], cwd=unpacked_sdist, env=environment) == "True []\n"


def test_the_wheel_holds_the_page_the_schema_and_nothing_else(wheel: Path, clone: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert wheel.name.endswith("-py3-none-any.whl")
    package = {
        path.relative_to(clone).as_posix()
        for path in (clone / "torchviz_tb").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if ".dist-info/" not in name} == package
    assert {"torchviz_tb/plugin/static/index.js", "torchviz_tb/records/records.proto", "torchviz_tb/py.typed"} <= names
    (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
    assert zipfile.ZipFile(wheel).read(entry_points).decode().split("\n\n")[0].strip() == (
        "[tensorboard_plugins]\ntorchviz_tb = torchviz_tb.plugin:TorchVizLoader"
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_tensorboard_without_torch_shows_the_tab_and_the_data(python: Path, log_dir: Path, backend: str) -> None:
    assert run([python, "-c", "import importlib.util as u; print(u.find_spec('torch'))"]).strip() == "None"
    with serving(log_dir, BACKENDS[backend], python=python) as tensorboard:
        ours = tensorboard.wait_for("data/plugins_listing", lambda plugins: plugins["torchviz_tb"]["enabled"])
        assert ours["torchviz_tb"]["tab_name"] == "TorchViz"
        assert b"render" in tensorboard.get(PLUGIN + "static/index.js")
        runs = tensorboard.wait_for(PLUGIN + "runs", lambda answer: answer["runs"] and answer["runs"][0]["groups"])
        (group,) = runs["runs"][0]["groups"]
        steps = group["kinds"]["statistics"]
        assert steps
        body = tensorboard.get(
            PLUGIN + f"statistics?run={runs['runs'][0]['name']}&group={group['name']}&stage=gradient&column=l2"
        )
        assert body[:4] == b"TVZA"
        assert not [line for line in tensorboard.said if "Traceback" in line]
