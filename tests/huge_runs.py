"""Runs of many sites and steps, quickly written: statistics follow a formula, and a few histograms recur."""

from collections.abc import Collection, Sequence
from pathlib import Path

import handmade
import numpy as np
from event_file import EVENT_FILE, EventFile

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.records.sites import sites_checksum

_SIZE = 512
_SCALES = {pb.STAGE_PARAMETER: 1.0, pb.STAGE_GRADIENT: 0.02, pb.STAGE_UPDATE: 0.001}
_HISTOGRAMS = 16


def names_of(sites: int) -> list[str]:
    """Blocks of four square weights each."""
    return [f"layers.{i // 4}.block{i % 4}.weight" for i in range(sites)]


def start(run_dir: Path, sites: int, first: int = 0, *, name: str = EVENT_FILE, later: float = 0) -> EventFile:
    """The file of a run with its table of sites and its graph."""
    shapes = dict.fromkeys(names_of(sites), (_SIZE, _SIZE))
    file = EventFile(run_dir, name, later=later)
    file.start(first)
    file.record("model", Kind.SITES, handmade.sites(shapes), first)
    file.record("model", Kind.GRAPH, handmade.chain_graph(shapes), first)
    return file


def write_step(file: EventFile, sites: int, step: int, *, detailed: bool = False) -> None:
    """The records of a step; detailed: also histograms of all sites and the heatmaps of each tenth one."""
    names, random = names_of(sites), np.random.default_rng(step)
    file.record("model", Kind.STATISTICS, _statistics(names, step, random), step)
    file.scalar("loss/train", 2.3 * float(np.exp(-step / 8000)) + 0.05, step)
    if detailed:
        file.record("model", Kind.DISTRIBUTIONS, _distributions(names, step), step)
        maps = {site: random.normal(0, 0.02, (64, 64)) for site in range(0, sites, 10)}
        file.record("model", Kind.HEATMAPS, handmade.heatmaps(names, maps), step)


def write(run_dir: Path, sites: int, steps: Sequence[int], *, detailed: Collection[int] = ()) -> EventFile:
    """A whole run. About 15 ms a step for 1,000 sites, a second for a detailed one."""
    file = start(run_dir, sites, steps[0])
    for step in steps:
        write_step(file, sites, step, detailed=step in detailed)
    return file


def _statistics(names: Sequence[str], step: int, random: np.random.Generator) -> pb.Statistics:
    n = len(names)
    record = pb.Statistics(site_count=n, sites_checksum=sites_checksum(names), step_seconds=0.1, watch_share=0.004)
    course = np.exp(-step / 20000) * (1 + 0.5 * np.sin(np.arange(n) / 30 + step / 3000))
    for stage, scale in _SCALES.items():
        std = (scale * course * random.uniform(0.9, 1.1, n)).astype(np.float32)
        record.stages.add(
            stage=stage,
            status=[pb.STATUS_MEASURED] * n,
            count=[_SIZE**2] * n,
            zeros=[0] * n,
            nan=[0] * n,
            pos_inf=[0] * n,
            neg_inf=[0] * n,
            min=(-4 * std).tolist(),
            max=(4 * std).tolist(),
            mean=[0.0] * n,
            std=std.tolist(),
            abs_max=(4 * std).tolist(),
            l1=(0.8 * _SIZE**2 * std.astype(np.float64)).tolist(),
            l2=(_SIZE * std.astype(np.float64)).tolist(),
        )
    return record


def _distributions(names: Sequence[str], step: int) -> pb.Distributions:
    random = np.random.default_rng(0)
    samples = [handmade.histogram(random.normal(0, 0.02 * 1.2**i, 4000), 2, 118 + i // 4) for i in range(_HISTOGRAMS)]
    record = pb.Distributions(site_count=len(names), sites_checksum=sites_checksum(names))
    for site in range(len(names)):
        for stage in _SCALES:
            record.entries.add(site=site, stage=stage, histogram=samples[(site + stage + step // 1000) % _HISTOGRAMS])
    return record
