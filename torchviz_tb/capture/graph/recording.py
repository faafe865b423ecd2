"""One forward on record: from its inputs to all that the message is made of."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.utils import _python_dispatch as dispatch

from torchviz_tb.capture.graph import terminals
from torchviz_tb.capture.graph.function_calls import FunctionCalls
from torchviz_tb.capture.graph.message import Recorded, notes, recorded_parameter
from torchviz_tb.capture.graph.operations import next_sequence
from torchviz_tb.capture.graph.provenance import Provenance, input_origin
from torchviz_tb.capture.graph.recorder import Recorder
from torchviz_tb.capture.graph.scopes import Scopes, type_name
from torchviz_tb.capture.graph.source_files import SourceFiles
from torchviz_tb.capture.graph.structure import Structure
from torchviz_tb.capture.graph.tensor_types import TypeTable
from torchviz_tb.records import records_pb2 as pb


class Recording:
    """Records the calling thread between `start` and `stop`; `end` then tells what was seen."""

    def __init__(
        self,
        model: nn.Module,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        *,
        before_write: Callable[[torch.Tensor], None] | None = None,
    ) -> None:
        self._structure = Structure(model)
        self._types = TypeTable()
        files = SourceFiles()
        self._calls = FunctionCalls(files)
        self.scopes = Scopes(self._structure, files)
        self._provenance = Provenance(self._structure)
        self.recorder = Recorder(self.scopes, self._provenance, self._types, self._calls, before_write=before_write)
        self._inputs = self._add_inputs(terminals.input_tensors(self._structure.root.forward, args, kwargs))
        self._hooks = contextlib.ExitStack()
        self.first_sequence = 0  # autograd's number of the first node that the forward can have made

    @property
    def fault(self) -> Exception | None:
        """Our own error that ended the record, if any."""
        return self.recorder.fault

    def start(self) -> None:
        """Begins to record; every start needs a stop."""
        self.first_sequence = next_sequence()
        with contextlib.ExitStack() as hooks:
            hooks.enter_context(self.scopes.hooked())
            self.recorder.__enter__()  # type: ignore[no-untyped-call]
            self._hooks = hooks.pop_all()

    def stop(self) -> None:
        """Ends it, in the thread that started it; a second call does nothing."""
        self.recorder.recording = False
        self._hooks.close()
        _leave(self.recorder)

    def end(self, result: object, mode: pb.CaptureMode) -> Recorded:
        """All that the message is made of; `result` is what the forward returned."""
        self.recorder.finish()
        outputs = [self._output(name, tensor) for name, tensor in terminals.output_tensors(result)]
        parameters = [recorded_parameter(entry, self._types) for entry in self._structure.parameters]
        return Recorded(
            model_type=type_name(self._structure.root),
            mode=mode,
            parameters=parameters,
            scopes=self.scopes.recorded,
            operations=self.recorder.operations,
            calls=self._calls,
            inputs=self._inputs,
            outputs=outputs,
            files=self.scopes.files.names,
            types=self._types,
            notes=notes(self._types, self.scopes, self.recorder),
            dropped=self.recorder.dropped,
        )

    def _add_inputs(self, named: Iterable[terminals.NamedTensor]) -> list[pb.Terminal]:
        inputs = []
        for index, (name, tensor) in enumerate(named):
            self._provenance.returned(tensor, input_origin(index), ())
            inputs.append(pb.Terminal(name=name, type=self._types.index(tensor)))
        return inputs

    def _output(self, name: str, tensor: torch.Tensor) -> tuple[pb.Terminal, int | None]:
        origin = max(self._provenance.origins(tensor), default=None)
        return pb.Terminal(name=name, type=self._types.index(tensor)), origin


def _leave(mode: dispatch.TorchDispatchMode) -> None:
    """Takes a mode off the thread's stack, even if others were put above it and are still there."""
    stack = dispatch._get_current_dispatch_mode_stack()
    if mode not in stack:
        return
    above = [dispatch._pop_mode() for _ in stack[stack.index(mode) + 1 :]]
    mode.__exit__(None, None, None)
    for other in reversed(above):
        dispatch._push_mode(other)
