"""Which parameters of a model are measured, under which names, and the table that records them."""

import fnmatch
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import torch
from torch.nn.parallel import DataParallel, DistributedDataParallel

from torchviz_tb.capture.tensors import dtype_name
from torchviz_tb.errors import ArgumentError
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.sites import sites_checksum

Predicate: TypeAlias = Callable[[str, torch.nn.Parameter], bool]
Selector: TypeAlias = str | re.Pattern[str] | type[torch.nn.Module] | Predicate
Selection: TypeAlias = Selector | Collection[Selector] | None

# What torch.compile, FSDP1 and activation checkpointing put into the path.
_WRAPPER_NAMES = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
# Their child is called "module", as a user's own may be, so only their type tells.
_WRAPPER_TYPES = (DataParallel, DistributedDataParallel)


@dataclass(frozen=True)
class ParameterSite:
    """A parameter of a model and where it is."""

    name: str  # module path and parameter name, without what wrappers add
    aliases: tuple[str, ...]  # its further names, where weights are tied
    parameter: torch.nn.Parameter
    module: str  # path of the module that owns it; empty: the root
    module_type: str  # class name of that module


class _Occurrence(NamedTuple):
    """A parameter as the walk meets it: a tied one more than once."""

    parameter: torch.nn.Parameter
    module_path: str
    name: str  # within its module
    modules: tuple[torch.nn.Module, ...]  # from the root to the owner

    @property
    def path(self) -> str:
        return f"{self.module_path}.{self.name}" if self.module_path else self.name


def plain_name(name: str) -> str:
    """A parameter's or module's path without the parts that torch.compile, FSDP and checkpointing add.

    ``module.`` stays: only the type of a wrapper tells it from a user's own module of
    that name, which find_sites looks at.
    """
    return ".".join(part for part in name.split(".") if part not in _WRAPPER_NAMES)


def find_sites(model: torch.nn.Module, include: Selection = None, exclude: Selection = None) -> list[ParameterSite]:
    """The parameters of a model that are selected, in the order of their definition.

    A selector is a glob pattern for the whole name (``"encoder.*"``), a compiled regex that is
    searched for in the name, a module type (every parameter below such a module), or a
    callable ``(name, parameter) -> bool``; several may be given as a list. Without ``include``
    all are selected. Tied weights are one site; a selector that fits one of its names fits.

    Raises ArgumentError for what is not a model or not a selector. Returns an empty list
    where nothing is selected.
    """
    if not isinstance(model, torch.nn.Module):
        raise ArgumentError(f"model is {_described(model)}, but a torch.nn.Module is expected: pass the model itself")
    included, excluded = selectors(include, "include"), selectors(exclude, "exclude")
    sites = []
    for occurrences in _by_parameter(model):
        if include is not None and not _any_fits(included, occurrences):
            continue
        if not _any_fits(excluded, occurrences):
            sites.append(_site(occurrences))
    return sites


def _site(occurrences: Sequence[_Occurrence]) -> ParameterSite:
    first, *others = occurrences
    return ParameterSite(
        name=first.path,
        aliases=tuple(other.path for other in others),
        parameter=first.parameter,
        module=first.module_path,
        module_type=type(first.modules[-1]).__name__,
    )


def _by_parameter(model: torch.nn.Module) -> list[list[_Occurrence]]:
    found: dict[int, list[_Occurrence]] = {}
    walked: list[_Occurrence] = []
    _walk(model, "", (), walked)
    for occurrence in walked:
        occurrences = found.setdefault(id(occurrence.parameter), [])
        if not occurrences or all(occurrence.path != known.path for known in occurrences):
            occurrences.append(occurrence)
    return list(found.values())


def _walk(module: torch.nn.Module, path: str, above: tuple[torch.nn.Module, ...], walked: list[_Occurrence]) -> None:
    """Adds what the module holds. Not a generator: one within another gives all on once for each level."""
    modules = (*above, module)
    for name, parameter in module._parameters.items():
        if parameter is not None:
            walked.append(_Occurrence(parameter, path, name, modules))
    for name, child in module._modules.items():
        if child is not None and not any(child is one for one in modules):  # but not one that holds itself
            _walk(child, child_path(module, path, name), modules, walked)


def child_path(module: torch.nn.Module, path: str, name: str) -> str:
    """Path of a module's child `name`: the path itself if the module is a wrapper and the child what it wraps."""
    if name in _WRAPPER_NAMES or (name == "module" and isinstance(module, _WRAPPER_TYPES)):
        return path
    return f"{path}.{name}" if path else name


def selectors(selection: Selection, argument: str) -> list[Selector]:
    """The selectors of an argument of that name; raises ArgumentError for what is none."""
    if selection is None:
        return []
    several = isinstance(selection, Collection) and not isinstance(selection, (str, bytes, dict, type))
    given: list[Any] = list(selection) if several else [selection]  # type: ignore[arg-type]
    for selector in given:
        if not _is_selector(selector):
            raise ArgumentError(
                f"{argument} is given {_described(selector)}, but takes a glob pattern, a compiled regex, "
                "a module type, a callable (name, parameter) -> bool, or a list of these: "
                f"for example {argument}='encoder.*'"
            )
    return given


def _is_selector(selector: object) -> bool:
    if isinstance(selector, type):
        return issubclass(selector, torch.nn.Module)
    if isinstance(selector, re.Pattern):
        return isinstance(selector.pattern, str)
    # A module is callable, but calling it would run the model.
    return isinstance(selector, str) or (callable(selector) and not isinstance(selector, torch.nn.Module))


def _described(thing: object) -> str:
    text = repr(thing) if isinstance(thing, (str, bytes, int, float, type, re.Pattern)) else ""
    return f"{text or 'an object'} of type {type(thing).__name__}"


def _any_fits(several: Sequence[Selector], occurrences: Sequence[_Occurrence]) -> bool:
    return any(_fits(selector, occurrence) for selector in several for occurrence in occurrences)


def _fits(selector: Selector, occurrence: _Occurrence) -> bool:
    if isinstance(selector, str):
        return fnmatch.fnmatchcase(occurrence.path, selector)
    if isinstance(selector, re.Pattern):
        return selector.search(occurrence.path) is not None
    if isinstance(selector, type):
        return any(isinstance(module, selector) for module in occurrence.modules)
    return bool(selector(occurrence.path, occurrence.parameter))


@dataclass
class SiteTable:
    """The record of the sites of one group. It only grows: a name keeps its index, even when its site is gone."""

    _sites: dict[str, pb.Site] = field(default_factory=dict)
    _indices: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, tuple[object, ...]] = field(default_factory=dict)  # what each record was made of

    @classmethod
    def of_tensor(cls, name: str, tensor: torch.Tensor) -> "SiteTable":
        """The table whose only site is a tensor that the user named."""
        table = cls()
        table._put(pb.Site(name=name, **_tensor_fields(tensor)))
        return table

    def update(self, sites: Sequence[ParameterSite], optimizers: Sequence[torch.optim.Optimizer] = ()) -> bool:
        """Takes up new sites and what is new about known ones; whether the record changed.

        Parameter groups are counted through all optimizers.
        """
        groups = _parameter_groups(optimizers)
        changes = [self._see(site, groups.get(id(site.parameter), 0)) for site in sites]
        return any(changes)

    def add_new(self, records: Iterable[pb.Site]) -> bool:
        """Takes up the sites that are new; known ones stay as they were first seen. Whether the record changed."""
        changes = [self._put(record) for record in records if record.name not in self._indices]
        return any(changes)

    def index(self, name: str) -> int:
        """Place of a site in the table; KeyError for a name that was never in it."""
        return self._indices[name]

    @property
    def names(self) -> list[str]:
        """Names of all sites, in order."""
        return list(self._sites)

    @property
    def count(self) -> int:
        """Number of sites."""
        return len(self._sites)

    @property
    def checksum(self) -> int:
        """What records say of the names, so that they are read with the right table."""
        return sites_checksum(self._sites)

    def record(self) -> pb.Sites:
        """The table as it is kept."""
        return pb.Sites(sites=self._sites.values())

    def _see(self, site: ParameterSite, parameter_group: int) -> bool:
        said = _said(site, parameter_group)
        if self._seen.get(site.name) == said:  # ten times as fast as to compare messages
            return False
        self._seen[site.name] = said
        return self._put(pb.Site(**_fields(site, parameter_group)))

    def _put(self, site: pb.Site) -> bool:
        if self._sites.get(site.name) == site:
            return False
        self._indices.setdefault(site.name, len(self._indices))
        self._sites[site.name] = site
        return True


def _said(site: ParameterSite, parameter_group: int) -> tuple[object, ...]:
    """What its record is made of, as it is, with the type that tells whether a parameter has a shape."""
    parameter = site.parameter
    kind = type(parameter), parameter.requires_grad, parameter.dtype, parameter.device
    shape = () if _has_no_shape(parameter) else parameter.shape
    return site.aliases, site.module, site.module_type, parameter_group, shape, *kind


def _fields(site: ParameterSite, parameter_group: int) -> dict[str, Any]:
    """The fields of its record."""
    return {
        "name": site.name,
        "aliases": site.aliases,
        "frozen": not site.parameter.requires_grad,
        "module": site.module,
        "module_type": site.module_type,
        "parameter_group": parameter_group,
        **_tensor_fields(site.parameter),
    }


def _tensor_fields(tensor: torch.Tensor) -> dict[str, Any]:
    shape = () if _has_no_shape(tensor) else tuple(tensor.shape)
    return {"shape": shape, "dtype": dtype_name(tensor.dtype), "device": tensor.device.type}


def _has_no_shape(tensor: torch.Tensor) -> bool:
    """A lazy parameter has none before its first forward, a nested tensor none at all."""
    return torch.nn.parameter.is_lazy(tensor) or tensor.is_nested


def _parameter_groups(optimizers: Sequence[torch.optim.Optimizer]) -> dict[int, int]:
    """Position of each parameter's group among all groups, from 1; the first group that holds it counts."""
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    positions: dict[int, int] = {}
    for position, group in enumerate(groups, start=1):
        for parameter in group["params"]:
            positions.setdefault(id(parameter), position)
    return positions
