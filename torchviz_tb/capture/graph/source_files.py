"""Where in the user's project code stands: never an absolute path."""

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import torch

_OURS = Path(__file__).resolve().parents[2]
_TORCH = Path(torch.__file__).resolve().parent
_TORCH_AS_IMPORTED = str(Path(torch.__file__).parent) + os.sep
_LAYERS = _TORCH / "nn" / "modules"
_LAYERS_AS_IMPORTED = str(Path(torch.__file__).parent / "nn" / "modules") + os.sep
_STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
_PACKAGES = ("site-packages", "dist-packages")
_FRAME_BOUND = 60  # frames looked at
_PATH_BOUND = 400  # characters

Place = tuple[int, int]
"""Index of a file plus one, and the line; 0 where it is not known."""


Standing = tuple[int, CodeType | None, int]
"""Where a frame stood: the file's index plus one, 0 where it is not known; the code, and the offset in it."""

_NOWHERE: Standing = 0, None, 0


def place(standing: Standing) -> Place:
    """The file and the line, which is looked up only now, as that takes longer than all else about a frame."""
    file, code, offset = standing
    lines = () if code is None else code.co_lines()
    return file, next((line or 0 for begin, end, line in lines if begin <= offset < end), 0)


class SourceFiles:
    """Gives source files numbers; what was found for a path is kept, since looking costs more than asking."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._of_path: dict[str, int] = {}  # of a code object: to hash that itself takes far longer
        self._resolved: dict[str, Path] = {}
        self._roots = list(_roots())

    def of_function(self, function: Any) -> Place:
        """Where a Python function begins."""
        code = getattr(function, "__code__", None)
        if not isinstance(code, CodeType):
            return 0, 0
        number = self._number(code.co_filename)
        return number, code.co_firstlineno if number else 0

    def of_caller(self, frame: FrameType | None) -> Standing:
        """Where the innermost frame stands that is the user's: neither torch's nor Python's nor ours."""
        for _ in range(_FRAME_BOUND):
            if frame is None:
                break
            code = frame.f_code
            number = self._number(code.co_filename)
            if number:
                return number, code, frame.f_lasti
            frame = frame.f_back
        return _NOWHERE

    def is_foreign(self, path: str) -> bool:
        """Whether a file belongs to torch, to Python itself or to us: nothing that a user wrote or chose."""
        if path.startswith(_TORCH_AS_IMPORTED):  # most are, and to resolve a path takes long
            return True
        full = self._resolve(path)
        if full.is_relative_to(_TORCH) or full.is_relative_to(_OURS):
            return True
        return full.is_relative_to(_STANDARD_LIBRARY) and not any(part in _PACKAGES for part in full.parts)

    def is_layer(self, path: str) -> bool:
        """Whether a file holds modules of torch's own, such as nn.Linear."""
        return path.startswith(_LAYERS_AS_IMPORTED) or _LAYERS in self._resolve(path).parents

    def _resolve(self, path: str) -> Path:
        full = self._resolved.get(path)
        if full is None:
            full = self._resolved[path] = Path(path).resolve()
        return full

    def _number(self, path: str) -> int:
        number = self._of_path.get(path)
        if number is None:
            number = self._of_path[path] = self._look_up(path)
        return number

    def _look_up(self, path: str) -> int:
        if path.startswith("<"):  # made at run time
            return 0
        if self.is_foreign(path):
            return 0
        full = Path(path).absolute()
        root = next((root for root in self._roots if full.is_relative_to(root)), full.parent)
        name = full.relative_to(root).as_posix()[-_PATH_BOUND:]
        if name not in self._numbers:
            self.names.append(name)
            self._numbers[name] = len(self.names)
        return self._numbers[name]


def _roots() -> Iterator[Path]:
    """What paths are told relative to: installed packages, the project, the script's folder, what is imported from."""
    imported = sorted({Path(path).absolute() for path in sys.path if path}, key=lambda path: -len(path.parts))
    yield from (path for path in imported if path.name in _PACKAGES)
    yield Path.cwd()
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    if main:
        yield Path(main).absolute().parent
    yield from imported
