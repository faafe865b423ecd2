"""Which module call is live: the stack of calls, kept by global module hooks.

Global hooks, because hooks on single modules make torch leave its fused paths (nn.TransformerEncoderLayer).
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules import module as torch_module

from torchviz_tb.capture.graph.source_files import SourceFiles
from torchviz_tb.capture.graph.structure import Structure
from torchviz_tb.records import records_pb2 as pb

SCOPE_BOUND = 200_000  # calls of modules kept; later ones count as part of their caller


@dataclass(slots=True)
class RecordedScope:
    """One call of a module; the fields as those of the message."""

    path: str
    parent: int
    call: int = 0
    type: str = ""
    training: bool = False
    file: int = 0
    line: int = 0
    parameters: tuple[int, ...] = ()

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
        self._calls: Counter[int] = Counter()
        # Live calls, outermost first: the module and the index of its scope.
        self._live: list[tuple[nn.Module, int]] = []
        self._root_due = True
        self.recorded: list[RecordedScope] = []
        self.foreign: set[str] = set()
        self.other_threads = False
        self.full = False
        self._push(structure.model, "")

    @property
    def current(self) -> int:
        """Index of the innermost live call."""
        return self._live[-1][1] if self._live else 0

    @property
    def live(self) -> bool:
        """Whether the root's own call has not returned."""
        return bool(self._live)

    def enter(self, module: nn.Module) -> None:
        """A module's forward begins."""
        if threading.get_ident() != self._thread:
            self.other_threads = True
        elif self._root_due and module is self._structure.model:
            self._root_due = False  # its scope is there from the start
        elif paths := self._structure.paths(module):
            self._open(module, self._path_here(paths))
        else:
            self.foreign.add(type(module).__name__)

    def leave(self, module: nn.Module) -> None:
        """A module's forward ended: unwind to it, since calls that raised may not have left."""
        if threading.get_ident() != self._thread:
            return
        for depth in range(len(self._live) - 1, -1, -1):
            if self._live[depth][0] is module:
                del self._live[depth:]
                return

    @contextlib.contextmanager
    def hooked(self) -> Iterator[None]:
        """Follows the calls of all modules of the process for the time of the context."""
        pre = torch_module.register_module_forward_pre_hook(lambda module, _args: self.enter(module))
        post = torch_module.register_module_forward_hook(
            lambda module, _args, _result: self.leave(module), always_call=True
        )
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
        index = self.current
        caller = self._live[-1][0] if self._live else None
        if caller is not None and caller is not module and path == self.recorded[index].path:
            # A wrapper calls what it wraps: one scope, told by the inner module.
            describe(self.recorded[index], module, self._structure, self.files)
            self._live.append((module, index))
        elif len(self.recorded) >= self._bound:
            self.full = True
            self._live.append((module, index))
        else:
            self._push(module, path)

    def _push(self, module: nn.Module, path: str) -> None:
        scope = RecordedScope(path, self.current, self._calls[id(module)])
        self._calls[id(module)] += 1
        describe(scope, module, self._structure, self.files)
        self._live.append((module, len(self.recorded)))
        self.recorded.append(scope)


def describe(scope: RecordedScope, module: nn.Module, structure: Structure, files: SourceFiles) -> None:
    """Fills in what the module itself tells: its class, where its forward begins, its train flag, what it owns."""
    scope.type = type_name(module)
    scope.training = module.training
    scope.file, scope.line = files.of_function(getattr(module, "forward", None))
    scope.parameters = structure.own_parameters(module)


def type_name(module: nn.Module) -> str:
    """Class name of a module; of a scripted one the class that was scripted."""
    scripted = getattr(module, "original_name", None) if isinstance(module, torch.jit.ScriptModule) else None
    return scripted if isinstance(scripted, str) else type(module).__name__
