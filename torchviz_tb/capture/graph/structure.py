"""The modules of a model by path, and the table of its parameters and buffers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import nn

from torchviz_tb.capture.sites import child_path


@dataclass
class ParameterEntry:
    """A parameter or buffer with all its names."""

    tensor: torch.Tensor
    name: str
    buffer: bool
    aliases: list[str] = field(default_factory=list)


def module_places(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Every place of every module, callers first, by the path that `sites` would give it; a shared one has several."""
    waiting: list[tuple[str, nn.Module, tuple[int, ...]]] = [("", model, ())]
    while waiting:
        path, module, above = waiting.pop()
        yield path, module
        above = (*above, id(module))
        for name, child in reversed(module._modules.items()):
            if child is not None and id(child) not in above:  # else a module that holds itself
                waiting.append((child_path(module, path, name), child, above))


class Structure:
    """What a model consists of before it is called.

    Holds its modules and tensors, so that their ids stay theirs. A wrapper (such as
    DistributedDataParallel) and what it wraps have the same path; `root` is the wrapped one.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.root = model
        self.parameters: list[ParameterEntry] = []
        self._modules: dict[int, tuple[nn.Module, list[str]]] = {}
        self.positions: dict[int, int] = {}  # into `parameters`, by the id of the tensor
        places = list(module_places(model))
        for path, module in places:
            self._add_module(path, module)
        for path, module in places:  # not by named_parameters, which takes ten times as long
            for name, parameter in module._parameters.items():
                self._add_tensor(path, name, parameter, buffer=False)
        for path, module in places:
            for name, tensor in module._buffers.items():
                self._add_tensor(path, name, tensor, buffer=True)

    def _add_module(self, path: str, module: nn.Module) -> None:
        if not path:
            self.root = module
        paths = self._modules.setdefault(id(module), (module, []))[1]
        if path not in paths:
            paths.append(path)

    def _add_tensor(self, path: str, own_name: str, tensor: torch.Tensor | None, *, buffer: bool) -> None:
        if tensor is None:
            return
        name = f"{path}.{own_name}" if path else own_name
        position = self.positions.setdefault(id(tensor), len(self.parameters))
        if position == len(self.parameters):
            self.parameters.append(ParameterEntry(tensor, name, buffer))
        elif name not in (entry := self.parameters[position]).aliases and name != entry.name:
            entry.aliases.append(name)

    def paths(self, module: nn.Module) -> list[str]:
        """All paths of a module; none if it is not part of the model."""
        known = self._modules.get(id(module))
        return known[1] if known else []

    def own_parameters(self, module: nn.Module) -> tuple[int, ...]:
        """Indices into `parameters` of what the module itself holds, submodules excluded."""
        if not module._parameters and not module._buffers:  # most
            return ()
        own = (*module._parameters.values(), *module._buffers.values())
        positions = [self.positions.get(id(tensor)) for tensor in own]  # None's id is nobody's
        return tuple(dict.fromkeys(position for position in positions if position is not None))
