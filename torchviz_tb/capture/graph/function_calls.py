"""The level between modules and ATen: which functions the code of a module called, read off the stack."""

import dis
import sys
from collections.abc import Sequence
from types import CodeType, FrameType
from typing import Literal

from torch import nn

from torchviz_tb.capture.graph.called_names import called_name
from torchviz_tb.capture.graph.source_files import SourceFiles, Standing, place
from torchviz_tb.records import records_pb2 as pb

_FRAME_BOUND = 60  # frames looked at
_FRAMES_OF_OURS = 4  # between the code that dispatched and ours that looks for it, at least


_Kind = Literal["module code", "boundary", "between"]
_MODULE_CODE: _Kind = "module code"  # the user's, or a forward of torch's own modules
_BOUNDARY: _Kind = "boundary"  # where a module's call begins
_BETWEEN: _Kind = "between"  # what a function does within torch

# Where a module's call begins.
_BOUNDARIES = (nn.Module._call_impl.__code__, nn.Module._wrapped_call_impl.__code__)


_Seen = tuple[int, CodeType, int, Standing]
"""A call as the stack showed it: its scope, the code that stood there and at which offset, and where the user's did."""


class FunctionCalls:
    """Tells for each operation the function call that it ran for.

    Operations belong to one call as long as the module's code stands at the same instruction. A loop that
    calls nothing else in between looks alike; `rounds` tells them apart by what they ran.
    Code objects are known by their ids, as to hash one takes as long as all else here; they are kept, so that
    their ids stay theirs.
    """

    def __init__(self, files: SourceFiles) -> None:
        self._files = files
        self._codes: list[CodeType] = []
        self._kinds: dict[int, _Kind] = {}
        self._seen: list[_Seen] = []
        self._latest: tuple[int, int, int, int] | None = None
        self._instructions: dict[int, list[dis.Instruction]] = {}
        self._names: dict[tuple[int, int], str | None] = {}

    def current(self, scope: int) -> int | None:
        """Index of the call that an operation dispatched now belongs to; None where no module's code stands."""
        # Each look at a frame makes an object of it, which costs more than all that is asked of it.
        frame: FrameType | None = sys._getframe(_FRAMES_OF_OURS)
        for _ in range(_FRAME_BOUND):
            if frame is None:
                break
            code = frame.f_code
            kind = self._kinds.get(id(code)) or self._add_kind(code)
            if kind is _MODULE_CODE:
                here = scope, id(frame), id(code), frame.f_lasti
                if here != self._latest:
                    self._latest = here
                    self._seen.append((scope, code, frame.f_lasti, self._files.of_caller(frame)))
                return len(self._seen) - 1
            if kind is _BOUNDARY:
                break
            frame = frame.f_back
        self._latest = None
        return None

    def _add_kind(self, code: CodeType) -> _Kind:
        self._codes.append(code)
        kind = self._kinds[id(code)] = _kind(code, self._files)
        return kind

    def name(self, call: int) -> str | None:
        """What is called there, as the code says it: "linear", "add"; None where that can't be told."""
        _, code, offset, _ = self._seen[call]
        key = id(code), offset
        if key not in self._names:
            self._names[key] = called_name(self._instructions_of(code), offset)
        return self._names[key]

    def _instructions_of(self, code: CodeType) -> list[dis.Instruction]:
        found = self._instructions.get(id(code))
        if found is None:
            found = self._instructions[id(code)] = list(dis.get_instructions(code))
        return found

    def message(self, call: int) -> pb.FunctionCall:
        """One call, which has a name."""
        scope, _, _, standing = self._seen[call]
        file, line = place(standing)
        return pb.FunctionCall(name=self.name(call), scope=scope, file=file, line=line)


def rounds(names: Sequence[str]) -> int:
    """How often a loop around one call went round, told from the operations that it ran: the most equal parts."""
    count = len(names)
    for length in range(1, count // 2 + 1):
        if count % length == 0 and names[length:] == names[:-length]:
            return count // length
    return 1


def _kind(code: CodeType, files: SourceFiles) -> _Kind:
    if any(code is boundary for boundary in _BOUNDARIES):
        return _BOUNDARY
    path = code.co_filename
    if path.startswith("<"):  # made at run time, such as the forward of a torch.fx.GraphModule
        return _MODULE_CODE
    if not files.is_foreign(path) or code.co_name == "forward" or files.is_layer(path):
        return _MODULE_CODE
    return _BETWEEN
