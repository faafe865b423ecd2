"""The level between modules and ATen: which functions the code of a module called, read off the stack."""

import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

from torch import nn

from torchviz_tb.capture.graph.called_names import called_name
from torchviz_tb.capture.graph.source_files import SourceFiles, is_foreign
from torchviz_tb.records import records_pb2 as pb

_FRAME_BOUND = 60  # frames looked at
_LAYERS = Path(nn.__file__).resolve().parent / "modules"


class _Kind(Enum):
    MODULE_CODE = 1  # the user's, or a forward of torch's own modules
    BOUNDARY = 2  # where a module's call begins
    BETWEEN = 3  # what a function does within torch


# Where a module's call begins.
_BOUNDARIES = {nn.Module._call_impl.__code__, nn.Module._wrapped_call_impl.__code__}


class _Seen(NamedTuple):
    """A call as the stack showed it."""

    scope: int
    code: CodeType
    offset: int
    file: int
    line: int


class FunctionCalls:
    """Tells for each operation the function call that it ran for.

    Operations belong to one call as long as the module's code stands at the same instruction. A loop that
    calls nothing else in between looks alike; `rounds` tells them apart by what they ran.
    """

    def __init__(self, files: SourceFiles) -> None:
        self._files = files
        self._kinds: dict[CodeType, _Kind] = {}
        self._seen: list[_Seen] = []
        self._latest: tuple[int, int, CodeType, int] | None = None
        self._names: dict[tuple[CodeType, int], str | None] = {}

    def current(self, scope: int) -> int | None:
        """Index of the call that an operation dispatched now belongs to; None where no module's code stands."""
        frame = self._module_frame()
        if frame is None:
            self._latest = None
            return None
        here = scope, id(frame), frame.f_code, frame.f_lasti
        if here != self._latest:
            self._latest = here
            self._seen.append(_Seen(scope, frame.f_code, frame.f_lasti, *self._files.of_caller(frame)))
        return len(self._seen) - 1

    def _module_frame(self) -> FrameType | None:
        frame: FrameType | None = sys._getframe(3)
        for _ in range(_FRAME_BOUND):
            if frame is None:
                return None
            kind = self._kinds.get(frame.f_code)
            if kind is None:
                kind = self._kinds[frame.f_code] = _kind(frame.f_code)
            if kind is _Kind.MODULE_CODE:
                return frame
            if kind is _Kind.BOUNDARY:
                return None
            frame = frame.f_back
        return None

    def name(self, call: int) -> str | None:
        """What is called there, as the code says it: "linear", "add"; None where that can't be told."""
        seen = self._seen[call]
        key = seen.code, seen.offset
        if key not in self._names:
            self._names[key] = called_name(seen.code, seen.offset)
        return self._names[key]

    def message(self, call: int) -> pb.FunctionCall:
        """One call, which has a name."""
        seen = self._seen[call]
        return pb.FunctionCall(name=self.name(call), scope=seen.scope, file=seen.file, line=seen.line)


def rounds(names: Sequence[str]) -> int:
    """How often a loop around one call went round, told from the operations that it ran: the most equal parts."""
    count = len(names)
    for length in range(1, count // 2 + 1):
        if count % length == 0 and names[length:] == names[:-length]:
            return count // length
    return 1


def _kind(code: CodeType) -> _Kind:
    if code in _BOUNDARIES:
        return _Kind.BOUNDARY
    path = code.co_filename
    if path.startswith("<"):  # made at run time, such as the forward of a torch.fx.GraphModule
        return _Kind.MODULE_CODE
    if not is_foreign(path) or code.co_name == "forward" or _LAYERS in Path(path).resolve().parents:
        return _Kind.MODULE_CODE
    return _Kind.BETWEEN
