"""The histograms of chosen sites at chosen steps of a group, and what is computed from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading.decode import BRIEF_STATISTICS, DISTRIBUTIONS
from torchviz_tb.reading.distances import distances, relative_distances
from torchviz_tb.reading.distributions import Distributions
from torchviz_tb.reading.group import Group, OnSites
from torchviz_tb.reading.histograms import Float64s, Histograms, Int64s, quantiles
from torchviz_tb.reading.packed_histograms import read_histograms
from torchviz_tb.reading.statistics import State, States
from torchviz_tb.records.metadata import Kind

_PORTION = 4096
"""Histograms that are decoded together: some 20 MB of bins."""


@dataclass(frozen=True, eq=False)
class SiteHistograms:
    """Histograms of a stage, and which row of the wanted steps and of the wanted sites each belongs to."""

    histograms: Histograms
    step: Int64s
    site: Int64s


def site_histograms(group: Group, stage: str, steps: Sequence[int], sites: Sequence[int]) -> Iterator[SiteHistograms]:
    """The histograms that there are of these sites (positions) at these steps, some thousands at a time.

    One that can't be read is reported to the group, and left out. Cost: about 10 µs a histogram, after the records
    were read.
    """
    messages, places = list[bytes](), list[tuple[int, int]]()
    for row, (_, joined) in enumerate(group.read_all_on_sites(DISTRIBUTIONS, steps)):
        for column, message in _messages(joined, stage, sites):
            messages.append(message)
            places.append((row, column))
        if len(messages) >= _PORTION:
            yield _decoded(group, steps, messages, places)
            messages, places = [], []
    if messages:
        yield _decoded(group, steps, messages, places)


def _messages(joined: OnSites[Distributions] | None, stage: str, sites: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    if joined is None:
        return
    own = joined.own(sites)
    for column, site in enumerate(own.tolist()):
        message = None if site < 0 else joined.record.message(stage, site)
        if message is not None:
            yield column, message


def _decoded(
    group: Group, steps: Sequence[int], messages: Sequence[bytes], places: Sequence[tuple[int, int]]
) -> SiteHistograms:
    read = read_histograms(messages)
    for position, fault in read.faults.items():
        group.report(Kind.DISTRIBUTIONS, steps[places[position][0]], DamagedRecord(fault))
    step, site = np.asarray(places, np.int64).T
    sound = ~np.isin(np.arange(step.size), list(read.faults))
    return SiteHistograms(read if sound.all() else read.those(sound), step[sound], site[sound])


@dataclass(frozen=True, eq=False)
class Bands:
    """Quantiles of sites over steps: float64 [sites, steps, quantiles]; NaN where not measured or nothing is finite."""

    steps: list[int]
    values: Float64s
    state: States
    """uint8 [sites, steps]"""


def bands(group: Group, stage: str, q: Sequence[float], steps: Sequence[int], sites: Sequence[int]) -> Bands:
    """Quantiles of these sites (positions) at these steps, and their states."""
    values = site_quantiles(group, stage, q, steps, sites)
    missing: npt.NDArray[np.bool_] = np.asarray(np.isnan(values).all(axis=2))
    return Bands(list(steps), values, states(group, stage, steps, sites, missing))


def site_quantiles(
    group: Group, stage: str, q: Sequence[float], steps: Sequence[int], sites: Sequence[int]
) -> Float64s:
    """Quantiles of these sites at these steps, float64 [sites, steps, len(q)]; NaN where nothing finite is known."""
    values = np.full((len(sites), len(steps), len(q)), np.nan)
    for portion in site_histograms(group, stage, steps, sites):
        values[portion.site, portion.step] = quantiles(portion.histograms, np.asarray(q, np.float64))
    return values


def states(
    group: Group, stage: str, steps: Sequence[int], sites: Sequence[int], missing: npt.NDArray[np.bool_]
) -> States:
    """States [sites, steps] of a stage's distributions; ``missing`` says of which there is none.

    What the statistics of the same step say; where there are none, FINITE, or NOT_MEASURED where missing.
    """
    state = np.where(missing, np.uint8(State.NOT_MEASURED), np.uint8(State.FINITE))
    row_of = {step: row for row, step in enumerate(steps)}
    known = [step for step in group.steps(Kind.STATISTICS) if step in row_of]
    for step, joined in group.read_all_on_sites(BRIEF_STATISTICS, known):
        if joined is None or stage not in joined.record.stages:
            continue
        own = joined.own(sites)
        told = np.where(own < 0, np.uint8(State.NOT_MEASURED), joined.record.stages[stage].state[own])
        # A damaged distribution of a site that was measured stays "not measured".
        contradicts = missing[:, row_of[step]] & (told <= State.NEG_INF)
        unknown = contradicts | (told == State.NOT_MEASURED)
        state[:, row_of[step]] = np.where(unknown, state[:, row_of[step]], told)
    return state


@dataclass(frozen=True, eq=False)
class Distances:
    """How far each site of one group at a step is from the same site of another group, or at another step."""

    distance: Float64s
    relative: Float64s
    state: States
    other_state: States


def site_distances(stage: str, one: tuple[Group, int], other: tuple[Group, int]) -> Distances:
    """Wasserstein-1 distances of all sites of the first group, [sites]: ``distances`` and ``relative_distances``.

    NaN where one of the two has no finite element, or is not there. Cost: 0.1 s for a thousand sites, once.
    """
    names = [site.name for site in one[0].sites.sites]
    sites = range(len(names)), [other[0].sites.position.get(name, -1) for name in names]
    references = [group.reference(Kind.DISTRIBUTIONS, step) for group, step in (one, other)]
    key = (*references, "distances", stage, len(names))
    found = one[0].remembered(key, lambda: _distances(stage, (*one, sites[0]), (*other, sites[1])))
    return Distances(found[0], found[1], _states_there(stage, *one, sites[0]), _states_there(stage, *other, sites[1]))


AtStep = tuple[Group, int, Sequence[int]]
"""A group, a step, and positions of sites; −1 is no site."""


def _distances(stage: str, one: AtStep, other: AtStep) -> tuple[Float64s, Float64s]:
    found = np.full((2, len(one[2])), np.nan)
    first, second = (_at_step(stage, *each) for each in (one, other))
    if first is not None and second is not None:
        both, own, others = np.intersect1d(first.site, second.site, assume_unique=True, return_indices=True)
        ones, twos = first.histograms.those(own), second.histograms.those(others)
        way = distances(ones, twos)
        found[:, both] = way, relative_distances(ones, twos, way)
    return found[0], found[1]


def _at_step(stage: str, group: Group, step: int, sites: Sequence[int]) -> SiteHistograms | None:
    """All histograms of these sites at a step; None where there is none."""
    return next(site_histograms(group, stage, [step], sites), None)


def _states_there(stage: str, group: Group, step: int, sites: Sequence[int]) -> States:
    missing = np.asarray([[site < 0] for site in sites], np.bool_).reshape(-1, 1)
    return states(group, stage, [step], sites, missing)[:, 0]
