"""Which module call is live: the stack of calls, kept by global module hooks.

Global hooks, because hooks on single modules make torch leave its fused paths (nn.TransformerEncoderLayer).
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.modules import module as torch_module

from torchviz_tb.capture.graph.source_files import SourceFiles
from torchviz_tb.capture.graph.structure import Structure
from torchviz_tb.records import records_pb2 as pb

SCOPE_BOUND = 200_000  # calls of modules kept; later ones count as part of their caller


class RecordedScope(NamedTuple):
    """One call of a module; the fields as those of the message."""

    path: str
    parent: int
    call: int
    type: str
    training: bool
    file: int
    line: int
    parameters: tuple[int, ...]

    def message(self) -> pb.Scope:
        """It as the record keeps it."""
        return pb.Scope(
            path=self.path,
            type=self.type,
            parent=self.parent,
            call=self.call,
            parameters=self.parameters,
            training=self.training,
            file=self.file,
            line=self.line,
        )


class Scopes:
    """The module calls of one forward, the root's first."""

    def __init__(self, structure: Structure, files: SourceFiles, *, scope_bound: int = SCOPE_BOUND) -> None:
        self._structure = structure
        self.files = files
        self._bound = scope_bound
        self._thread = threading.get_ident()
        self._calls: dict[int, int] = {}  # by the id of a module
        # Live calls, outermost first: the module and the index of its scope.
        self._live: list[tuple[nn.Module, int]] = []
        self._root_due = True
        self.current = 0  # index of the innermost live call
        self.recorded: list[RecordedScope] = []
        self.foreign: set[str] = set()
        self.other_threads = False
        self.full = False
        self._push(structure.model, "")

    @property
    def live(self) -> bool:
        """Whether the root's own call has not returned."""
        return bool(self._live)

    def enter(self, module: nn.Module, _args: object = None) -> None:
        """A module's forward begins."""
        if threading.get_ident() != self._thread:
            self.other_threads = True
        elif self._root_due and module is self._structure.model:
            self._root_due = False  # its scope is there from the start
        elif paths := self._structure.paths(module):
            self._open(module, self._path_here(paths))
        else:
            self.foreign.add(type(module).__name__)

    def leave(self, module: nn.Module, _args: object = None, _result: object = None) -> None:
        """A module's forward ended: unwind to it, since calls that raised may not have left."""
        if threading.get_ident() != self._thread:
            return
        for depth in range(len(self._live) - 1, -1, -1):
            if self._live[depth][0] is module:
                del self._live[depth:]
                self.current = self._live[-1][1] if self._live else 0
                return

    @contextlib.contextmanager
    def hooked(self) -> Iterator[None]:
        """Follows the calls of all modules of the process for the time of the context."""
        pre = torch_module.register_module_forward_pre_hook(self.enter)
        post = torch_module.register_module_forward_hook(self.leave, always_call=True)
        try:
            yield
        finally:
            pre.remove()
            post.remove()

    def _path_here(self, paths: list[str]) -> str:
        """Of a shared module's paths the one under the live call."""
        if len(paths) == 1:
            return paths[0]
        caller = self.recorded[self.current].path
        return next((path for path in paths if path.startswith(f"{caller}.")), paths[0])

    def _open(self, module: nn.Module, path: str) -> None:
        caller = self._live[-1][0] if self._live else None
        here = self.recorded[self.current]
        if caller is not None and caller is not module and path == here.path:
            # A wrapper calls what it wraps: one scope, told by the inner module.
            self.recorded[self.current] = self._described(module, path, here.parent, here.call)
            self._live.append((module, self.current))
        elif len(self.recorded) >= self._bound:
            self.full = True
            self._live.append((module, self.current))
        else:
            self._push(module, path)

    def _push(self, module: nn.Module, path: str) -> None:
        call = self._calls.get(id(module), 0)
        self._calls[id(module)] = call + 1
        self.recorded.append(self._described(module, path, self.current, call))
        self.current = len(self.recorded) - 1
        self._live.append((module, self.current))

    def _described(self, module: nn.Module, path: str, parent: int, call: int) -> RecordedScope:
        return described(module, path, parent, call, self._structure, self.files)


def described(
    module: nn.Module, path: str, parent: int, call: int, structure: Structure, files: SourceFiles
) -> RecordedScope:
    """A call, with what the module itself tells: its class, where its forward begins, its train flag, what it owns."""
    file, line = files.of_function(getattr(module, "forward", None))
    own = structure.own_parameters(module)
    return RecordedScope(path, parent, call, type_name(module), module.training, file, line, own)


def type_name(module: nn.Module) -> str:
    """Class name of a module; of a scripted one the class that was scripted."""
    scripted = getattr(module, "original_name", None) if isinstance(module, torch.jit.ScriptModule) else None
    return scripted if isinstance(scripted, str) else type(module).__name__
