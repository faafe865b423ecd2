"""Which modules of a model can be observed by hooks, and which are selected for it."""

import fnmatch
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from torchviz_tb.capture.sites import ParameterSite, Selection, Selector, child_path, selectors

# Fused when no gradient is taken, unless one of their modules has a hook.
_FUSED = (nn.TransformerEncoderLayer, nn.MultiheadAttention)


@dataclass(frozen=True)
class ObservedModule:
    """A module and where it is first met in the model."""

    path: str  # without what wrappers add; empty: the root
    module: nn.Module
    has_fused_path: bool  # hooks on it would keep it from that where no gradient is taken


@dataclass
class Observable:
    """What hooks can see of a model."""

    modules: list[ObservedModule] = field(default_factory=list)
    compiled: dict[str, nn.Module] = field(default_factory=dict)
    """By path, those that run as one piece of compiled code: what is in them can't be seen."""
    closed: set[str] = field(default_factory=set)
    """Paths of those whose own output can't be seen either."""


def observable(
    model: nn.Module, sites: Sequence[ParameterSite], include: Selection = None, exclude: Selection = None
) -> Observable:
    """The modules that are selected, each once, in the order of their definition.

    A glob or regex selects a module by its path, a type by itself or what it is in. A module that has parameters
    of its own is selected as well if one of them is among the sites, and not if all of them were left out.
    """
    found = Observable()
    included = None if include is None else selectors(include, "include")
    choice = _Choice({id(site.parameter) for site in sites}, included, selectors(exclude, "exclude"))
    seen: set[int] = set()
    for path, module, above in _walk(model, "", (), found):
        modules = (*above, module)
        if id(module) not in seen and choice.takes(path, modules):
            found.modules.append(ObservedModule(path, module, any(isinstance(each, _FUSED) for each in modules)))
        seen.add(id(module))
    return found


def _walk(
    module: nn.Module, path: str, above: tuple[nn.Module, ...], found: Observable
) -> Iterator[tuple[str, nn.Module, tuple[nn.Module, ...]]]:
    if any(module is one for one in above):  # a module that holds itself
        return
    if _is_closed(module):
        found.compiled[path] = module
        found.closed.add(path)
        return
    if "_orig_mod" in module._modules:  # the wrapper runs outside of what was compiled: its own output can be seen
        found.compiled[path] = module
        yield path, module, above
        return
    children = [(child_path(module, path, name), child) for name, child in module._modules.items() if child is not None]
    if all(where != path for where, _ in children):  # else it is a wrapper, which returns what its child does
        yield path, module, above
    for where, child in children:
        yield from _walk(child, where, (*above, module), found)


def _is_closed(module: nn.Module) -> bool:
    """Whether the module's own hooks are part of compiled code, or it takes none."""
    return getattr(module, "_compiled_call_impl", None) is not None or isinstance(module, torch.jit.ScriptModule)


@dataclass(frozen=True)
class _Choice:
    """What was asked for."""

    parameters: Collection[int]  # ids of those that are selected
    included: Sequence[Selector] | None  # None: all
    excluded: Sequence[Selector]

    def takes(self, path: str, modules: tuple[nn.Module, ...]) -> bool:
        """Whether the last of the modules, which each hold the next, is selected."""
        if _any_fits(self.excluded, path, modules):
            return False
        own = [id(parameter) for parameter in modules[-1].parameters(recurse=False)]
        if any(each in self.parameters for each in own):
            return True
        return not own if self.included is None else _any_fits(self.included, path, modules)


def _any_fits(selectors: Sequence[Selector], path: str, modules: tuple[nn.Module, ...]) -> bool:
    return any(_fits(selector, path, modules) for selector in selectors)


def _fits(selector: Selector, path: str, modules: tuple[nn.Module, ...]) -> bool:
    if isinstance(selector, str):
        return fnmatch.fnmatchcase(path, selector)
    if isinstance(selector, re.Pattern):
        return selector.search(path) is not None
    # A callable is asked about parameters only.
    return isinstance(selector, type) and any(isinstance(module, selector) for module in modules)
