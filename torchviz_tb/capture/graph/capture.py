"""A graph on request: from a forward run for it, or from the modules alone."""

import contextlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from torchviz_tb.capture.graph.compiled import is_compiled
from torchviz_tb.capture.graph.message import Recorded, build_graph, build_module_tree
from torchviz_tb.capture.graph.preserve import preserved
from torchviz_tb.capture.graph.recording import Recording
from torchviz_tb.capture.graph.scopes import RecordedScope, described
from torchviz_tb.capture.graph.source_files import SourceFiles
from torchviz_tb.capture.graph.structure import Structure, module_places
from torchviz_tb.capture.graph.terminals import input_tensors
from torchviz_tb.records import records_pb2 as pb


class ForwardError(Exception):
    """The model's own forward raised; ``error`` is what."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def record_graph(
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    mode: pb.CaptureMode = pb.CAPTURE_MODE_ADD_GRAPH,
) -> Recorded:
    """Runs ``model(*args, **kwargs)`` once, in the caller's grad and train mode, and returns what ran.

    The model is left as found: parameters, buffers, gradients, train flags, hooks, attributes; so are the inputs
    and the random generators (CPU, CUDA once it is initialised, Python's and numpy's global ones). What can't be
    undone: a lazy module that the forward initialises, and effects outside the model's tensors and attributes.
    Compiled modules run uncompiled. Costs one forward, about 25 µs for each operation, and a copy of the buffers.

    Raises:
        ForwardError: the model's forward raised; everything was restored.
    """
    inputs = [tensor for _, tensor in input_tensors(model.forward, args, kwargs)]
    with preserved(model, inputs) as state:
        recording = Recording(model, args, kwargs, before_write=state.before_write)
        with _uncompiled(model):
            recording.start()
            try:
                result = model(*args, **kwargs)
            except Exception as error:
                raise ForwardError(error) from error
            finally:
                recording.stop()
        if recording.fault is not None:
            raise recording.fault
        return recording.end(result, mode)


def capture_graph(model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> pb.Graph:
    """As ``record_graph``, and builds the message at once."""
    return build_graph(record_graph(model, args, kwargs))


def module_tree(model: nn.Module, *, notes: tuple[str, ...] = ()) -> pb.Graph:
    """The modules of a model as scopes, without operations; runs nothing. A shared module appears at each place."""
    structure = Structure(model)
    files = SourceFiles()
    scopes: list[RecordedScope] = []
    places: dict[str, int] = {}
    for path, module in module_places(model):
        parent = places.get(path.rpartition(".")[0], 0)
        scope = described(module, path, parent, 0, structure, files)
        if path in places:  # it is what a wrapper at the same path holds, and tells more
            scopes[places[path]] = scope._replace(parent=scopes[places[path]].parent)
        else:
            places[path] = len(scopes)
            scopes.append(scope)
    return build_module_tree(structure, scopes, files, notes)


@contextlib.contextmanager
def _uncompiled(model: nn.Module) -> Iterator[None]:
    """Makes torch.compile step aside, if it is in use at all: the import alone takes seconds."""
    if "torch._dynamo" not in sys.modules or not hasattr(torch.compiler, "set_stance"):
        yield
        return
    with torch.compiler.set_stance("force_eager"), warnings.catch_warnings():
        if is_compiled(model):  # it warns of global hooks; ours know about the extra call
            warnings.filterwarnings("ignore", message="Using `torch.compile", category=UserWarning)
        yield
