"""The parameters of a request, validated in this one place."""

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches

from torchviz_tb.errors import TorchVizError
from torchviz_tb.reading.cache import RecordCache
from torchviz_tb.reading.checks import STAGES
from torchviz_tb.reading.computed_once import computed_once
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.series import SERIES_COLUMNS
from torchviz_tb.reading.source import ScalarSource, by_group
from torchviz_tb.reading.thinning import step_at, thinned
from torchviz_tb.records.metadata import Kind, Tag


class RequestError(TorchVizError):
    """A request can't be answered: an HTTP status, what is wrong, and what to do."""

    def __init__(self, status: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint


class Query:
    """One request: where to read, and what was asked for.

    Properties raise RequestError with status 400 for a parameter that is missing or wrong, 404
    for one that names nothing there is.
    """

    def __init__(
        self,
        source: ScalarSource,
        cache: RecordCache,
        parameters: Mapping[str, str],
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """``pause``: see Group."""
        self.source = source
        self._cache = cache
        self._parameters = parameters
        self._pause = pause

    @computed_once
    def run(self) -> str:
        """The run's name, of a run that exists."""
        return self._run("run")

    def _run(self, parameter: str) -> str:
        name = self._text(parameter)
        runs = self.source.run_names()
        if name not in runs:
            raise RequestError(404, f"there is no run '{name}'", _one_of("runs", name, runs))
        return name

    @computed_once
    def group(self) -> Group:
        """The group, with all its kinds."""
        return self._group_of("run")

    @computed_once
    def other_group(self) -> Group:
        """The group of that name of the other run; without one the same group."""
        if "other_run" not in self._parameters:
            return self.group
        return self._group_of("other_run")

    def _group_of(self, parameter: str) -> Group:
        run, name = self._text(parameter), self._text("group")
        tags = [Tag(name, kind, first) for kind in Kind for first in (False, True)]
        index = by_group(self.source.references(run, tags)).get(name)
        if index is None:
            self._run(parameter)  # a run with records exists: to ask for it first would cost 40 ms over the data server
            groups = list(by_group(self.source.references(run)))
            raise RequestError(404, f"run '{run}' has no group '{name}'", _one_of("groups", name, groups))
        return Group(self.source, run, name, index, self._cache, pause=self._pause)

    def groups(self, run: str | None = None) -> list[Group]:
        """All groups of a run, or of all runs, runs and groups in alphabetical order."""
        references = self.source.references(run)
        by_run = {name: [each for each in references if each.run == name] for name in {r.run for r in references}}
        return [
            Group(self.source, name, group, index, self._cache)
            for name in sorted(by_run)
            for group, index in by_group(by_run[name]).items()
        ]

    @computed_once
    def site(self) -> int:
        """Position of the site in the group's sites."""
        name = self._text("site")
        position = self.group.sites.position
        if name not in position:
            message = f"group '{self.group.name}' of run '{self.run}' has no site '{name}'"
            raise RequestError(404, message, _one_of("sites", name, position))
        return position[name]

    @property
    def stage(self) -> str:
        """One of the stages of records.proto."""
        return self._choice("stage", STAGES)

    @property
    def column(self) -> str:
        """One of the columns that http_api.md lists."""
        return self._choice("column", SERIES_COLUMNS)

    @property
    def since(self) -> str | None:
        """The version that an earlier answer gave; None: the page has nothing yet."""
        return self._parameters.get("since")

    @property
    def soon(self) -> int | None:
        """The step of a page that waits for its first picture; None: nobody waits."""
        return self._integer("soon") if "soon" in self._parameters else None

    def step_of(self, kind: Kind) -> int:
        """The last step of a kind that is not after the one asked for, or else the first that there is."""
        return self._step_in(self.group, kind, "step")

    def other_step_of(self, kind: Kind) -> int:
        """As ``step_of``, in the other group, of the parameter other_step."""
        return self._step_in(self.other_group, kind, "other_step")

    def _step_in(self, group: Group, kind: Kind, parameter: str) -> int:
        wanted, steps = self._integer(parameter), group.steps(kind)
        if not steps:
            message = f"group '{group.name}' of run '{group.run}' has no {kind.value}"
            raise RequestError(404, message, "The route runs lists the kinds that each group has.")
        return step_at(steps, wanted)

    def steps_of(self, kind: Kind) -> list[int]:
        """The steps of a kind: all, at most ``most_steps`` of them, or the one of ``step``."""
        if "step" in self._parameters:
            return [self.step_of(kind)]
        steps = self.group.steps(kind)
        return thinned(steps, self._integer("most_steps")) if "most_steps" in self._parameters else steps

    @property
    def sites(self) -> list[int]:
        """Positions of the wanted sites in the group's sites, all of them if none is named."""
        count = len(self.group.sites.sites)
        text = self._parameters.get("sites")
        if not text:
            return list(range(count))
        try:
            positions = [int(each) for each in text.split(",")]
        except ValueError as error:
            raise RequestError(400, f"sites is '{text[:100]}'", "Give positions, such as 0,1,2.") from error
        beyond = [each for each in positions if not 0 <= each < count]
        if beyond:
            raise RequestError(404, f"there is no site {beyond[0]} among {count}", "Positions begin with 0.")
        return positions

    def _integer(self, name: str) -> int:
        text = self._text(name)
        try:
            return int(text)
        except ValueError as error:
            raise RequestError(400, f"{name} is '{text}'", "Give an integer.") from error

    def _text(self, name: str) -> str:
        if not self._parameters.get(name):
            raise RequestError(400, f"the parameter {name} is missing", f"Add {name}= to the query.")
        return self._parameters[name]

    def _choice(self, name: str, choices: Collection[str]) -> str:
        value = self._text(name)
        if value not in choices:
            raise RequestError(400, f"there is no {name} '{value}'", f"Give one of {', '.join(choices)}.")
        return value


def _one_of(what: str, name: str, names: Collection[str]) -> str:
    close = get_close_matches(name, names, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    shown = ", ".join(list(names)[:20])
    return f"Its {what} are: {shown}." if names else f"There are no {what}."
