"""Visualizer: a module that stands where the model stands, records it, and shows what it does to a tensor."""

import os
import sys
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from torchviz_tb.capture.graph.preserve import preserved
from torchviz_tb.colors import colorize_parameters
from torchviz_tb.errors import ArgumentError
from torchviz_tb.visualizing.notebook import in_notebook, model_html, show_html
from torchviz_tb.visualizing.recording import Recording
from torchviz_tb.visualizing.summary import ModelView, view_model
from torchviz_tb.visualizing.terminal import model_text
from torchviz_tb.watching.arguments import Optimizers, check_module, check_name, check_tag, check_tensor
from torchviz_tb.writer import SummaryWriter


class Visualizer(nn.Module):
    """A model that is recorded while it is used as before.

    Same outputs, gradients and ``state_dict`` as the model itself, whose attributes it has, too. While it trains,
    it is recorded as by ``watch``: with ``opt``, everything that watch records; without, all but the updates, at
    the steps of the first optimizer that holds one of the model's parameters. A forward costs one more function call.
    A copy (``copy.deepcopy``, ``torch.save``) is not recorded.
    """

    def __init__(
        self,
        model: nn.Module,
        opt: Optimizers = None,
        title: str | None = None,
        *,
        writer: Any = None,
        log_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        """Begins to record.

        Args:
            model: The module.
            opt: Its optimizer, or several.
            title: The name in the log; if not given, "model", "model_2" ... as for ``watch``.
            writer: Any SummaryWriter. If there is none, a new one is made, but on ranks other than 0 of a
                distributed training, where nothing is recorded then.
            log_dir: Where the new writer writes; as torch's, runs/<date> if not given.

        Raises:
            ArgumentError: An argument can't be used.
        """
        super().__init__()
        check_module(model)
        check_name(title)
        if writer is not None and log_dir is not None:
            raise ArgumentError("writer and log_dir are both given: pass the writer, or where a new one is to write")
        self._owns_writer = writer is None and _is_first_rank()
        writer = SummaryWriter(log_dir) if self._owns_writer else writer
        self.model = model
        self._recording: Recording | None = Recording(model, opt, title, writer)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the model returns."""
        return self.model(*args, **kwargs)

    @property
    def writer(self) -> Any:
        """The SummaryWriter, for all else that is to be logged; None where nothing is recorded."""
        return None if self._recording is None else self._recording.writer

    @property
    def title(self) -> str:
        """The name in the log."""
        return type(self.model).__name__ if self._recording is None else self._recording.name

    def display(self, *inputs: Any, global_step: int | None = None) -> Any:
        """Shows what goes into the model, what its parameters are, and what comes out; returns the output.

        The model runs as in evaluation and without gradient, and is left as it was. A terminal gets a table, a
        notebook HTML, and the log views of input, output and parameters, at most 65,536 values of each. What it costs
        besides the forward is bounded: 64 tensors each, and of each a quarter of a million values.

        Args:
            inputs: What the model is called with.
            global_step: The step in the log; if not given, the optimizer steps so far.

        Raises:
            ArgumentError: The step is not one. Errors of the model itself come as they are, and nothing is shown.
        """
        output = self._evaluate(inputs)
        _show(view_model(self.title, self.model, inputs, output))
        if self._recording is not None:
            self._recording.save_display(self.model, inputs, output, global_step)
        return output

    def save_view(self, tensor: torch.Tensor, name: str, global_step: int | None = None) -> None:
        """Keeps a tensor for the Tensors view, at the optimizer steps so far if no step is given.

        Raises:
            ArgumentError: The tensor has no values that can be kept, or the name is taken by something else.
        """
        check_tag(name)
        check_tensor(tensor)
        if self._recording is not None:
            self._recording.save(tensor, name, global_step)

    def close(self) -> None:
        """Removes every hook and writes what is pending; closes the writer, if it was made here."""
        if self._recording is None:
            return
        self._recording.end()
        if self._owns_writer and self.writer is not None:
            self.writer.close()

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The model's own."""
        return self.model.state_dict(*args, **kwargs)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Loads what the model's own ``state_dict()`` gave, or this one's."""
        return self.model.load_state_dict(state_dict, strict, assign)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # For a module around this one, torch looks for the model's entries under "model.", which state_dict leaves out.
        for name in [name for name in state_dict if name.startswith(prefix)]:
            state_dict[f"{prefix}model.{name.removeprefix(prefix)}"] = state_dict.pop(name)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "model":  # not there yet
                raise
            return getattr(self.model, name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_recording": None, "_owns_writer": False}

    def _evaluate(self, inputs: tuple[Any, ...]) -> Any:
        tensors = [each for each in inputs if isinstance(each, torch.Tensor)]
        with torch.no_grad(), preserved(self.model, tensors):
            self.model.eval()
            return self.model(*inputs)


def visualize_model(
    model: nn.Module, visualizer: Visualizer | None = None, opt: Optimizers = None, title: str | None = None
) -> Visualizer:
    """Shows a model in the midst of its training: one call, again and again, in a loop that runs already.

    Shows the parameters, with their gradients' norms, in the terminal or notebook, and keeps in the log a picture
    of each parameter, coloured by its gradient (``colorize_parameters``). The first call begins to record the model.

    Args:
        model: The module that trains, or its Visualizer.
        visualizer: What the last call returned. One of another model lends its writer. None makes a new one.
        opt: The model's optimizer.
        title: The name in the log.

    Returns:
        The model's Visualizer, for the next call.

    Raises:
        ArgumentError: An argument can't be used.

    Example:
        >>> visualizer = None
        >>> for epoch in range(5):  # doctest: +SKIP
        ...     train(model, opt)
        ...     visualizer = visualize_model(model, visualizer, opt, title="classifier")
    """
    shown = _visualizer_of(model, visualizer, opt, title)
    _show(view_model(shown.title, shown.model))
    if shown._recording is not None:
        shown._recording.save_pictures(colorize_parameters(shown.model))
    return shown


def _visualizer_of(model: nn.Module, visualizer: Visualizer | None, opt: Optimizers, title: str | None) -> Visualizer:
    if visualizer is not None and not isinstance(visualizer, Visualizer):
        raise ArgumentError(
            f"visualizer is a {type(visualizer).__name__}: pass what visualize_model returned before, or None"
        )
    if isinstance(model, Visualizer):
        return model
    if visualizer is not None and visualizer.model is model:
        return visualizer
    return Visualizer(model, opt, title, writer=None if visualizer is None else visualizer.writer)


def _show(view: ModelView) -> None:
    if in_notebook():
        show_html(model_html(view))
    else:
        sys.stdout.write(model_text(view) + "\n")


def _is_first_rank() -> bool:
    distributed = torch.distributed
    return not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0
