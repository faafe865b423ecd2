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


def module_places(
    model: nn.Module, path: str = "", above: tuple[nn.Module, ...] = ()
) -> Iterator[tuple[str, nn.Module]]:
    """Every place of every module, callers first, by the path that `sites` would give it; a shared one has several."""
    if any(model is one for one in above):  # a module that holds itself
        return
    yield path, model
    for name, child in model._modules.items():
        if child is not None:
            yield from module_places(child, child_path(model, path, name), (*above, model))


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
        self._positions: dict[int, int] = {}
        places = list(module_places(model))
        for path, module in places:
            self._add_module(path, module)
        for path, module in places:
            # Most modules hold nothing themselves, and to ask torch for that takes longest of all.
            own = module.named_parameters(recurse=False, remove_duplicate=False) if module._parameters else ()
            for name, parameter in own:
                self._add_tensor(f"{path}.{name}" if path else name, parameter, buffer=False)
        for path, module in places:
            held = module.named_buffers(recurse=False, remove_duplicate=False) if module._buffers else ()
            for name, tensor in held:
                self._add_tensor(f"{path}.{name}" if path else name, tensor, buffer=True)

    def _add_module(self, path: str, module: nn.Module) -> None:
        if not path:
            self.root = module
        paths = self._modules.setdefault(id(module), (module, []))[1]
        if path not in paths:
            paths.append(path)

    def _add_tensor(self, name: str, tensor: torch.Tensor, *, buffer: bool) -> None:
        position = self._positions.setdefault(id(tensor), len(self.parameters))
        if position == len(self.parameters):
            self.parameters.append(ParameterEntry(tensor, name, buffer))
        elif name not in (entry := self.parameters[position]).aliases and name != entry.name:
            entry.aliases.append(name)

    def paths(self, module: nn.Module) -> list[str]:
        """All paths of a module; none if it is not part of the model."""
        known = self._modules.get(id(module))
        return known[1] if known else []

    def position(self, tensor: torch.Tensor) -> int | None:
        """Index into `parameters`, by identity."""
        return self._positions.get(id(tensor))

    def own_parameters(self, module: nn.Module) -> tuple[int, ...]:
        """Indices into `parameters` of what the module itself holds, submodules excluded."""
        own = (*module._parameters.values(), *module._buffers.values())
        positions = [self._positions.get(id(tensor)) for tensor in own]  # None's id is nobody's
        return tuple(dict.fromkeys(position for position in positions if position is not None))
