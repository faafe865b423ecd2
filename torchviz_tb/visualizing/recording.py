"""What a Visualizer keeps in the log: what watch records, and tensors by name."""

import weakref
from collections.abc import Mapping
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from torchviz_tb.capture.tensor_views import MAX_ELEMENTS, tensor_view
from torchviz_tb.errors import ArgumentError
from torchviz_tb.records.metadata import Kind
from torchviz_tb.visualizing.summary import MOST_TENSORS, named_tensors
from torchviz_tb.watching import Watch, watch
from torchviz_tb.watching.arguments import Optimizers, step_number
from torchviz_tb.watching.groups import Groups
from torchviz_tb.watching.guard import Guard

_MOST_VALUES = 1 << 16  # of each tensor that display keeps: 256 kB of float32

VIEW, PICTURES = "tensor view", "pictures of the parameters"
"""The parts that fail when what is shown can't be kept."""


class Recording:
    """A watch on a model, the steps it has come to, and the views that were kept at them."""

    def __init__(self, model: torch.nn.Module, opt: Optimizers, title: str | None, writer: Any) -> None:
        self.writer = writer
        self._watch = watch(model, opt, writer=writer, name=title) if _has_parameters(model) else None
        self._steps = _Steps(model, self._watch, opt)
        self.name = title or (type(model).__name__ if self._watch is None else self._watch.report().name)
        self._guard = Guard(self.name)
        self._last: dict[str, int] = {}  # step of each view

    def end(self) -> None:
        """Removes every hook and writes what is pending."""
        self._steps.end()
        if self._watch is not None:
            self._watch.unwatch()

    def save(
        self, tensor: torch.Tensor, name: str, global_step: int | None = None, *, most: int = MAX_ELEMENTS
    ) -> None:
        """Keeps a tensor; raises ArgumentError for one that can't be kept, and for what is not a step."""
        step = self._next_step(name) if global_step is None else step_number(global_step)
        if self.writer is not None:
            group = Groups.of(self.writer).for_name(name)
            with group.guard.part(VIEW, lets_through=(ArgumentError,)):
                group.write(Kind.TENSOR_VIEW, tensor_view(name, tensor, most=most), step)
                self._last[name] = step

    def save_display(self, model: torch.nn.Module, inputs: Any, output: Any, global_step: int | None) -> None:
        """Keeps what goes in, the first parameters and what comes out, at most 65,536 values of each."""
        parameters = list(model.named_parameters())[:MOST_TENSORS]
        for name, tensor in [*named_tensors("input", inputs), *parameters, *named_tensors("output", output)]:
            try:
                self.save(tensor, f"{self.name}/{name}", global_step, most=_MOST_VALUES)
            except ArgumentError:
                continue  # a kind of tensor without values: the summary says so

    def save_pictures(self, pictures: Mapping[str, torch.Tensor]) -> None:
        """Keeps pictures, uint8 of shape (3, height, width), for TensorBoard's Images tab."""
        with self._guard.part(PICTURES):
            for name, picture in pictures.items() if self.writer is not None else ():
                if picture.numel():
                    self.writer.add_image(f"{self.name}/{name}", picture, self._steps.count)

    def _next_step(self, name: str) -> int:
        """The training step; the next one, where the view has one already."""
        return max(self._steps.count, self._last.get(name, -1) + 1)


class _Steps:
    """Counts the training steps; where the watch was given no optimizer, tells it of the steps of the first one."""

    def __init__(self, model: torch.nn.Module, watched: Watch | None, opt: Optimizers) -> None:
        self.count = 0
        self.are_given = opt is not None
        self._model = weakref.ref(model)
        self._watch = watched
        self._optimizer: weakref.ref[torch.optim.Optimizer] | None = None
        this = weakref.ref(self)  # the hook is torch's own, and must not keep us alive

        def before_step(optimizer: torch.optim.Optimizer, *_: object) -> None:
            steps = this()
            if steps is not None:
                steps._before_step(optimizer)

        self._handle = register_optimizer_step_pre_hook(before_step)
        weakref.finalize(self, self._handle.remove)

    def end(self) -> None:
        """Counts no more."""
        self._handle.remove()

    def _before_step(self, optimizer: torch.optim.Optimizer) -> None:
        if self._optimizer is None and self._holds_parameters(optimizer):
            self._optimizer = weakref.ref(optimizer)
        if self._optimizer is None or self._optimizer() is not optimizer:
            return
        if self._watch is not None and not self.are_given:
            self._watch.step()
        self.count += 1

    def _holds_parameters(self, optimizer: torch.optim.Optimizer) -> bool:
        model = self._model()
        parameters = set() if model is None else {id(parameter) for parameter in model.parameters()}
        return any(id(parameter) in parameters for group in optimizer.param_groups for parameter in group["params"])


def _has_parameters(model: torch.nn.Module) -> bool:
    return next(model.parameters(), None) is not None
