"""The table of rooms in ARCHITECTURE.md, held against every import: nested, lazy and type-checking ones too."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "torchviz_tb"
EVERYWHERE = {*sys.stdlib_module_names, "numpy"}
# A record is a message of the protobuf runtime: who may hold one may name its type and its exceptions.
BROUGHT_ALONG = {"records": {"google"}, "protobuf": {"google"}}
# The package itself names what it offers for type checkers; at run time it imports it when it is first used.
OUTSIDE_THE_TABLE = {
    "__init__.py": {
        "errors",
        "version",
        "colors",
        "diagnosis",
        "global_writer",
        "reading",
        "visualizing",
        "watching",
        "writer",
    },
    "version.py": set(),
}


@dataclass(frozen=True)
class Room:
    """A row of the table: a file or folder of the package, and what it may import."""

    path: str
    allowed: frozenset[str]
    exceptions: tuple[tuple[str, str], ...]
    """(file, what it alone may import besides)"""

    def allows(self, file: str, name: str) -> bool:
        """Whether a file of the room may import a package, or a room of ours."""
        brought = set().union(*(BROUGHT_ALONG.get(each, set()) for each in self.allowed))
        own = name == self.path.rstrip("/").removesuffix(".py")
        return own or name in self.allowed | brought | EVERYWHERE or (Path(file).name, name) in self.exceptions


def rooms() -> list[Room]:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| `{PACKAGE}/([^`]+)` \| .* \| ([^|]+) \|$", text, re.MULTILINE)
    return [_room(path, may_import) for path, may_import in rows]


def _room(path: str, may_import: str) -> Room:
    common, _, rest = may_import.partition(";")
    allowed = frozenset(each.strip() for each in common.split(",")) - {"nothing"}
    return Room(path, allowed, tuple(re.findall(r"`([^`]+)` alone also (\w+)", rest)))


def room_of(file: str) -> Room:
    found = [room for room in rooms() if file == room.path or (room.path.endswith("/") and file.startswith(room.path))]
    if not found and file in OUTSIDE_THE_TABLE:
        return Room(file, frozenset(OUTSIDE_THE_TABLE[file]), ())
    assert len(found) == 1, f"{file} is in {len(found)} rooms of ARCHITECTURE.md"
    return found[0]


def imports(source: str) -> Iterator[str]:
    """What a source imports: the package's name, or the name of one of our rooms."""
    for node in ast.walk(ast.parse(source)):
        for module in _modules(node):
            ours, _, rest = module.partition(".")
            yield rest.partition(".")[0] if ours == PACKAGE and rest else ours


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute, so that a reader can find them"
        module = node.module or ""
        return [f"{PACKAGE}.{alias.name}" for alias in node.names] if module == PACKAGE else [module]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return [str(node.args[0].value)] if called in ("import_module", "__import__") else []
    return []


FILES = sorted(path.relative_to(ROOT / PACKAGE).as_posix() for path in (ROOT / PACKAGE).rglob("*.py"))


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_only_what_its_room_may(file: str):
    room = room_of(file)
    found = set(imports((ROOT / PACKAGE / file).read_text(encoding="utf-8")))
    assert {name for name in found if not room.allows(file, name)} == set()


def test_every_room_exists():
    assert rooms()
    for room in rooms():
        assert (ROOT / PACKAGE / room.path).exists(), room.path


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("reading/run.py", "import torch"),
        ("reading/run.py", "import tensorboard"),
        ("reading/run.py", "def f():\n    from tensorboard import errors"),
        ("reading/run.py", "from torchviz_tb.plugin import query"),
        ("reading/run.py", "from torchviz_tb import capture"),
        ("plugin/plugin.py", "if TYPE_CHECKING:\n    import torch.nn"),
        ("plugin/plugin.py", "importlib.import_module('torch')"),
        ("plugin/plugin.py", "__import__('torchviz_tb.writer')"),
        ("records/grid.py", "from torchviz_tb.reading import load"),
        ("errors.py", "import google.protobuf"),
        ("capture/sites.py", "import tensorboard"),
    ],
)
def test_the_check_can_fail(file: str, source: str):
    room = room_of(file)
    assert [name for name in imports(source) if not room.allows(file, name)]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("reading/event_files.py", "from tensorboard.compat.proto import event_pb2"),
        ("reading/run.py", "import os.path, numpy as np; from torchviz_tb.reading.sites import Site"),
        ("reading/run.py", "from google.protobuf.message import Message"),
        ("records/grid.py", "from torchviz_tb.errors import RecordError"),
    ],
)
def test_what_the_table_allows_passes(file: str, source: str):
    assert all(room_of(file).allows(file, name) for name in imports(source))
