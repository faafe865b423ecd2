"""What the rules look at: the columns of a group as arrays, read once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from torchviz_tb.diagnosis.finding import Picture
from torchviz_tb.errors import RecordError
from torchviz_tb.reading.computed_once import computed_once
from torchviz_tb.reading.curves import Curve
from torchviz_tb.reading.decode import HEATMAPS, INCIDENTS
from torchviz_tb.reading.execution import execution_ranks
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.incidents import Incident
from torchviz_tb.reading.series import StatisticsSeries, statistics_series
from torchviz_tb.reading.sites import Site
from torchviz_tb.reading.statistics import State
from torchviz_tb.records.metadata import Kind

Float64s = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ranges = tuple[tuple[int, int], ...]

_LOOKUPS = frozenset({"Embedding", "EmbeddingBag"})


@dataclass(frozen=True, eq=False)
class Evidence:
    """One group of a run, up to a step, and the loss of the run.

    Arrays are [steps, sites] in the order of ``names``; NaN where a number was not measured.
    """

    group: Group
    loss: Curve | None = None
    until: int | None = None
    """The first step that is left out; None: none is."""
    _read: dict[tuple[str, str], StatisticsSeries] = field(default_factory=dict, repr=False)

    def before(self, step: int) -> "Evidence":
        """The same without a step and what comes after it: what a run looked like before it broke."""
        loss = self.loss
        if loss is not None:
            kept = loss.steps < step
            loss = Curve(loss.tag, loss.steps[kept], loss.values[kept])
        return Evidence(self.group, loss, step, self._read)

    @computed_once
    def sites(self) -> Sequence[Site]:
        """What is measured."""
        return self.group.sites.sites

    @computed_once
    def steps(self) -> list[int]:
        """Steps with statistics, ascending."""
        return [step for step in self.group.steps(Kind.STATISTICS) if self.until is None or step < self.until]

    @computed_once
    def incidents(self) -> list[Incident]:
        """What the watch noticed between its samples, in the order of the steps."""
        records = (record for _, record in self.group.read_all(INCIDENTS) if record is not None)
        found = [incident for record in records for incident in record.incidents]
        return sorted((each for each in found if self.until is None or each.step < self.until), key=lambda it: it.step)

    def column(self, stage: str, column: str) -> Float64s:
        """A column of a stage, kept or derived."""
        return self._series(stage, column).values[: len(self.steps)]

    def state(self, stage: str) -> npt.NDArray[np.uint8]:
        """States of a stage: those of any column, and the norm is read anyway."""
        return self._series(stage, "l2").state[: len(self.steps)]

    def measured(self, stage: str) -> bool:
        """Whether a stage was measured at all."""
        return stage in self.group.stages

    def names(self, positions: Iterable[int]) -> list[str]:
        """Names of sites."""
        return [self.sites[int(position)].name for position in positions]

    def picture(self, stage: str, column: str, *names: str) -> Picture:
        """A column of some sites over all steps."""
        return Picture(stage, column, names, self.steps[0], self.steps[-1])

    def total_norm(self, stage: str) -> Float64s:
        """Norm over all sites of each step [steps]: the root of the sum of their squares."""
        with np.errstate(over="ignore"):
            return np.asarray(np.sqrt(np.nansum(self.column(stage, "l2") ** 2, axis=1)))

    @computed_once
    def matrices(self) -> list[int]:
        """Positions of the weight matrices in the order in which the model runs them: no lookups, biases, norms."""
        ranks = self.execution_ranks
        found = [
            position
            for position, site in enumerate(self.sites)
            if not site.output
            and (
                (len(site.shape) >= 2 and site.module_type not in _LOOKUPS and min(site.shape) > 1) or _is_kernel(site)
            )
        ]
        return sorted(found, key=lambda position: (ranks[position], position))

    @computed_once
    def execution_ranks(self) -> list[int]:
        """Position of each site's module in the order of the calls; the model's own order without a graph."""
        return execution_ranks(self.group)

    @computed_once
    def map_steps(self) -> list[int]:
        """Steps with gradient maps, ascending."""
        return [step for step in self.group.steps(Kind.HEATMAPS) if self.until is None or step < self.until]

    def dead_rows(self, maps: int) -> dict[int, tuple[int, int]]:
        """Per site with gradient maps: (rows that are exactly 0 in each of the last ``maps``, rows).

        Left out: sites that fewer maps show, and tensors of one row.
        """
        steps = self.map_steps
        if len(steps) < maps:
            return {}
        dead = self._dead_rows_at(steps[-maps])
        for step in steps[len(steps) - maps + 1 :]:
            shown = self._dead_rows_at(step)
            both = ((site, ranges, rows) for site, (ranges, rows) in shown.items() if site in dead)
            dead = {site: (_common(dead[site][0], ranges), rows) for site, ranges, rows in both}
        return {site: (sum(size for _, size in ranges), rows) for site, (ranges, rows) in dead.items() if rows > 1}

    def _dead_rows_at(self, step: int) -> dict[int, tuple[Ranges, int]]:
        joined = self.group.read_on_sites(HEATMAPS, step)
        if joined is None:
            return {}
        shown = {}
        for own, position in enumerate(joined.positions):
            try:
                found = joined.record.heatmap("gradient", own)
            except RecordError as error:
                self.group.report(Kind.HEATMAPS, step, error)
                continue
            if found is not None:
                shown[int(position)] = found.dead_rows, found.rows
        return shown

    def _series(self, stage: str, column: str) -> StatisticsSeries:
        key = (stage, column)
        if key not in self._read:
            self._read[key] = statistics_series(self.group, stage, column)
        return self._read[key]


def _is_kernel(site: Site) -> bool:
    """Convolutions of one input channel have a dimension of 1 and are matrices all the same."""
    return len(site.shape) >= 3 and (site.module_type or "").startswith("Conv")


def _common(one: Ranges, other: Ranges) -> Ranges:
    """What is in both; each is ascending (start, length). Cost: one pass over both."""
    found, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        ends = one[i][0] + one[i][1], other[j][0] + other[j][1]
        start = max(one[i][0], other[j][0])
        if start < min(ends):
            found.append((start, min(ends) - start))
        i, j = (i + 1, j) if ends[0] < ends[1] else (i, j + 1)
    return tuple(found)


NON_FINITE = (State.NAN, State.POS_INF, State.NEG_INF)
