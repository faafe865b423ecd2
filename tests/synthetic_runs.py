"""Logs whose every tensor a test chooses: what the rules then say is known beforehand."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import handmade
import numpy as np
from event_file import EventFile

from torchviz_tb.diagnosis import Finding, diagnose
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

LAYERS = 8
SHAPES: dict[str, tuple[int, ...]] = {
    f"layer{depth}.{kind}": shape for depth in range(LAYERS) for kind, shape in (("weight", (12, 10)), ("bias", (12,)))
}
NAMES = list(SHAPES)
STEPS = list(range(0, 200, 10))

Tensors = dict[str, list[np.ndarray | int]]
Change = Callable[[int, Tensors], None]


def position(name: str) -> int:
    return NAMES.index(name)


def write(
    run_dir: Path,
    change: Change = lambda step, tensors: None,
    *,
    steps: Sequence[int] = STEPS,
    loss: Mapping[int, float] | None = None,
    sites: Mapping[str, object] | None = None,
    incidents: Sequence[pb.Incident] = (),
) -> None:
    """A run in which nothing is wrong but for what ``change`` does to the tensors of a step."""
    random = np.random.default_rng(0)
    file = EventFile(run_dir)
    file.record("model", Kind.SITES, handmade.sites(SHAPES, **(sites or {"module_type": "Linear"})), steps[0])
    file.record("model", Kind.GRAPH, handmade.chain_graph(SHAPES), steps[0])
    for step in steps:
        weights = [random.normal(0, 0.3, shape) for shape in SHAPES.values()]
        gradients = [random.normal(0, 0.01, shape) for shape in SHAPES.values()]
        updates = [-0.1 * gradient for gradient in gradients]
        tensors: Tensors = {"parameter": weights, "gradient": gradients, "update": updates}
        change(step, tensors)
        file.record("model", Kind.STATISTICS, handmade.statistics(NAMES, tensors), step)
    for incident in incidents:
        file.record("model", Kind.INCIDENTS, pb.Incidents(incidents=[incident]), incident.step)
    for step, value in (loss or {}).items():
        file.scalar("loss", value, step)


def found(root: Path) -> list[Finding]:
    (findings,) = diagnose(root).values()
    return findings


def kinds(root: Path) -> list[str]:
    return [finding.kind for finding in found(root)]
