"""A run as a person asks for it: by the names of sites, kinds and columns."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from torchviz_tb.errors import ArgumentError, RecordError
from torchviz_tb.reading.cache import RecordCache
from torchviz_tb.reading.checks import STAGES
from torchviz_tb.reading.decode import (
    FLIGHT_RECORDER,
    GRAPH,
    HEATMAPS,
    INCIDENTS,
    PROGRESS,
    TENSOR_VIEW,
    RecordT,
    Schema,
)
from torchviz_tb.reading.distributions import Distribution
from torchviz_tb.reading.flight_recorder import FlightRecorder
from torchviz_tb.reading.graph import Graph
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.heatmaps import Heatmap
from torchviz_tb.reading.incidents import Incident
from torchviz_tb.reading.problems import Problem
from torchviz_tb.reading.progress import Progress
from torchviz_tb.reading.series import SERIES_COLUMNS, distribution_at, statistics_series
from torchviz_tb.reading.sites import Site
from torchviz_tb.reading.source import Source, by_group
from torchviz_tb.reading.tensor_views import TensorView
from torchviz_tb.records.metadata import Kind


class Run:
    """One run of a log directory. Records are read when asked for, and kept within a bound.

    Where a run has several groups, ``group`` names one; by default it is "model" or the first.
    Every method raises ArgumentError for a name or step that is not there, and RecordError for
    a record that is there and can't be read.
    """

    def __init__(self, name: str, source: Source, cache: RecordCache, file_problems: Iterable[Problem] = ()) -> None:
        self.name = name
        self._file_problems = tuple(file_problems)
        indices = by_group(source.references(name))
        self._groups = {group: Group(source, name, group, index, cache) for group, index in indices.items()}

    def __repr__(self) -> str:
        return f"Run({self.name!r}, groups={self.groups})"

    @property
    def groups(self) -> list[str]:
        """Names of the groups: one for each watch and each name of a single call."""
        return list(self._groups)

    @property
    def sites(self) -> list[Site]:
        """The measured parameters and tensors of the default group, in the order of the model."""
        return self.sites_of()

    def sites_of(self, group: str | None = None) -> list[Site]:
        """The measured parameters and tensors of a group, in the order of the model."""
        return list(self._group(group, Kind.SITES).sites.sites) if self._groups else []

    def steps(self, kind: str, group: str | None = None) -> list[int]:
        """The steps at which there is a record of a kind, such as "statistics", ascending."""
        wanted = Kind(_known(kind, [each.value for each in Kind], "kind"))
        return self._group(group, wanted).steps(wanted) if self._groups else []

    def statistics(
        self, column: str, stage: str = "gradient", group: str | None = None
    ) -> tuple[npt.NDArray[np.int64], list[str], npt.NDArray[np.float64]]:
        """One number of every site at every step: steps [S], names [N], float64 values [S, N].

        NaN where it was not measured. Columns, and those that are computed from them:
        ``torchviz_tb.reading.series.SERIES_COLUMNS``; their meaning: ``Statistics.column`` in
        ``torchviz_tb.reading.statistics``.
        """
        _known(column, SERIES_COLUMNS, "column")
        _known(stage, STAGES, "stage")
        chosen = self._group(group, Kind.STATISTICS)
        series = statistics_series(chosen, stage, column)
        return np.asarray(series.steps, np.int64), [site.name for site in chosen.sites.sites], series.values

    def distribution(self, name: str, step: int, stage: str = "gradient", group: str | None = None) -> Distribution:
        """The distribution of one site at a step."""
        _known(stage, STAGES, "stage")
        chosen = self._group(group, Kind.DISTRIBUTIONS)
        site = self._site(chosen, name)
        self._require_step(chosen, Kind.DISTRIBUTIONS, step)
        found = distribution_at(chosen, site, stage, step)
        return _present(found, chosen, Kind.DISTRIBUTIONS, step, f"no {stage} distribution of '{name}'")

    def heatmap(self, name: str, step: int, stage: str = "gradient", group: str | None = None) -> Heatmap:
        """The heatmap of one site at a step."""
        chosen = self._group(group, Kind.HEATMAPS)
        site = self._site(chosen, name)
        self._require_step(chosen, Kind.HEATMAPS, step)
        joined = chosen.read_on_sites(HEATMAPS, step)
        own = joined.index_of(site) if joined else None
        found = joined.record.heatmap(stage, own) if joined and own is not None else None
        return _present(found, chosen, Kind.HEATMAPS, step, f"no {stage} heatmap of '{name}'")

    def graph(self, group: str | None = None) -> Graph:
        """The newest graph of the model."""
        return self._newest(GRAPH, group)

    def progress(self, group: str | None = None) -> Progress:
        """The newest that the training loop told of itself."""
        return self._newest(PROGRESS, group)

    def incidents(self, group: str | None = None) -> list[Incident]:
        """What happened, by step: non-finite values, skipped steps, spikes, exceptions, changes of cadence.

        Empty where nothing did. Records that can't be read are in ``problems``.
        """
        records = self._group(group, Kind.INCIDENTS).read_all(INCIDENTS) if self._groups else iter(())
        found = [incident for _, record in records if record is not None for incident in record.incidents]
        return sorted(found, key=lambda incident: incident.step)

    def flight_recorder(self, group: str | None = None) -> list[FlightRecorder]:
        """The steps before each accident, oldest accident first; columns are in the order of ``sites_of(group)``.

        Empty where none was recorded. Records that can't be read are in ``problems``.
        """
        if not self._groups:
            return []
        chosen = self._group(group, Kind.FLIGHT_RECORDER)
        joined = [flight for _, flight in chosen.read_all_on_sites(FLIGHT_RECORDER) if flight is not None]
        return [flight.record.placed(flight.positions, len(chosen.sites.sites)) for flight in joined]

    def tensor_view(self, name: str, step: int) -> TensorView:
        """The tensor that was saved under a name at a step."""
        names = [each for each, group in self._groups.items() if group.steps(Kind.TENSOR_VIEW)]
        chosen = self._groups[_known(name, names, "tensor view")]
        self._require_step(chosen, Kind.TENSOR_VIEW, step)
        return _present(chosen.read(TENSOR_VIEW, step), chosen, Kind.TENSOR_VIEW, step, "no tensor view")

    @property
    def problems(self) -> list[Problem]:
        """Everything that can't be read. Cost: reads every record of the run, entries of sites apart."""
        for group in self._groups.values():
            group.check()
        return [*self._file_problems, *(problem for group in self._groups.values() for problem in group.problems)]

    def _group(self, name: str | None, kind: Kind) -> Group:
        """The group of a name; by default "model", or the first that has the kind, or the first."""
        if name is not None:
            return self._groups[_known(name, self._groups, "group")]
        if not self._groups:
            raise ArgumentError(f"run '{self.name}' has no records of torchviz_tb; did it call watch()?")
        having = [each for each, group in self._groups.items() if group.steps(kind)] or self.groups
        return self._groups["model" if "model" in having else having[0]]

    def _site(self, group: Group, name: str) -> int:
        return group.sites.position[_known(name, group.sites.position, "site")]

    def _require_step(self, group: Group, kind: Kind, step: int) -> None:
        steps = group.steps(kind)
        if step not in steps:
            near = min(steps, key=lambda each: abs(each - step), default=None)
            advice = "there is none" if near is None else f"the nearest is {near}; run.steps('{kind.value}') lists all"
            raise ArgumentError(f"there is no {kind.value} record of group '{group.name}' at step {step}: {advice}")

    def _newest(self, schema: Schema[RecordT], group: str | None) -> RecordT:
        chosen = self._group(group, schema.kind)
        steps = chosen.steps(schema.kind)
        if not steps:
            raise ArgumentError(f"run '{self.name}' has no {schema.kind.value} in group '{chosen.name}'")
        return _present(chosen.read(schema, steps[-1]), chosen, schema.kind, steps[-1], f"no {schema.kind.value}")


FoundT = TypeVar("FoundT")


def _present(found: FoundT | None, group: Group, kind: Kind, step: int, absence: str) -> FoundT:
    """What was found. Raises RecordError where it is damaged, ArgumentError where it is not there."""
    if found is not None:
        return found
    for problem in group.problems:
        if problem.kind is kind and problem.step == step:
            raise RecordError(f"the {kind.value} record of group '{group.name}' at step {step}: {problem.message}")
    raise ArgumentError(f"there is {absence} at step {step}: it was not measured")


def _known(name: str, names: Sequence[str] | Mapping[str, object], what: str) -> str:
    if name in names:
        return name
    close = get_close_matches(name, names, n=1)
    advice = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(list(names)[:20]) or 'none'}"
    raise ArgumentError(f"there is no {what} '{name}'; {advice}")
