"""All groups of one SummaryWriter: who has which name."""

import weakref

import torch

from torchviz_tb.errors import ArgumentError
from torchviz_tb.events.file_writer import NoWriter
from torchviz_tb.events.leaving import call_at_exit
from torchviz_tb.events.recorder import Recorder
from torchviz_tb.watching.group import Group

# Kept on the SummaryWriter itself: whoever adds to it, from wherever, must go on from the same last steps.
_ATTRIBUTE = "_torchviz_tb_groups"
_DEFAULT_NAME = "model"


class Groups:
    """Hands out groups: one to each watch, each model and each named tensor."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._groups: dict[str, Group] = {}
        self._of_model: weakref.WeakKeyDictionary[torch.nn.Module, Group] = weakref.WeakKeyDictionary()
        self._watched: set[str] = set()
        self._named: set[str] = set()

    @classmethod
    def of(cls, summary_writer: object) -> "Groups":
        """The groups of a SummaryWriter; raises ArgumentError if it has no event file."""
        groups = cls.known(summary_writer)
        if groups is None:
            groups = cls(Recorder(summary_writer))
            setattr(summary_writer, _ATTRIBUTE, groups)
            call_at_exit(groups.close)
        return groups

    @classmethod
    def known(cls, summary_writer: object) -> "Groups | None":
        """The groups of a SummaryWriter to which something of ours was added."""
        groups = getattr(summary_writer, _ATTRIBUTE, None)
        return groups if isinstance(groups, cls) else None

    def for_watch(self, model: torch.nn.Module, name: str | None) -> Group:
        """The group of a new watch: with the name that was asked for, or else what the model has from single calls."""
        group = self._of_model.get(model) if name is None else None
        if group is None or group.name in self._watched:
            group = self._new(self._free_name() if name is None else name)
        self._of_model[model] = group
        self._watched.add(group.name)
        return group

    def for_model(self, model: torch.nn.Module) -> Group:
        """The group of single calls for a model: that of its newest watch, if there is one."""
        group = self._of_model.get(model)
        if group is None:
            group = self._of_model[model] = self._new(self._free_name())
        return group

    def for_name(self, name: str) -> Group:
        """The group of a tensor, or of anything else that has a name of its own."""
        if name not in self._named:
            self._new(name)
            self._named.add(name)
        return self._groups[name]

    def write_pending(self) -> None:
        """Writes what single calls have gathered, and what devices have computed."""
        for group in self._groups.values():
            group.write_pending()
            group.write_arriving()

    def close(self) -> None:
        """Writes all that has been gathered, and returns when it is in the file."""
        for group in self._groups.values():
            group.close()
            group.flush()

    def _new(self, name: str) -> Group:
        if name in self._groups:
            raise ArgumentError(
                f"the name '{name}' is taken on this writer: names of watches, tensors and tags must differ, "
                f"so pass another one, such as '{self._free_name(name)}'"
            )
        group = self._groups[name] = Group(name, self._recorder)
        return group

    def _free_name(self, base: str = _DEFAULT_NAME) -> str:
        number = 1
        while (name := base if number == 1 else f"{base}_{number}") in self._groups:
            number += 1
        return name


def group_of_watch(model: torch.nn.Module, writer: object, name: str | None, *, shares: bool) -> Group | None:
    """The group of a new watch; on a rank that measures parts for others it writes nowhere. None: nothing is to do."""
    if writer is not None:
        return Groups.of(writer).for_watch(model, name)
    return Group(name or _DEFAULT_NAME, Recorder(NoWriter())) if shares else None
