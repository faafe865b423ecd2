"""Writes small log directories of every kind, without torch: for tests and for looking at the page.

python tests/sample_logs.py small OUTDIR        (in an environment where torchviz_tb is installed; bare: the list)
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import handmade
import huge_runs
import numpy as np
import sample_graphs
from event_file import EventFile

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import seal
from torchviz_tb.records.metadata import SCHEMA_VERSION, Kind

SMALL_SHAPES: dict[str, tuple[int, ...]] = {
    "conv1.weight": (16, 1, 3, 3),
    "conv1.bias": (16,),
    "conv2.weight": (32, 16, 3, 3),
    "conv2.bias": (32,),
    "norm.weight": (32,),
    "norm.bias": (32,),
    "fc1.weight": (64, 128),
    "fc1.bias": (64,),
    "fc2.weight": (10, 64),
    "fc2.bias": (10,),
}

Tensors = Mapping[str, list[np.ndarray | int]]


def training(
    shapes: Mapping[str, tuple[int, ...]], steps: Sequence[int], seed: int = 0
) -> Iterator[tuple[int, Tensors]]:
    """Weights that drift under gradients that shrink, as in a training that goes well."""
    random = np.random.default_rng(seed)
    weights = [random.normal(0, 1 / np.sqrt(max(1, np.prod(shape[1:]))), shape) for shape in shapes.values()]
    directions = [random.normal(0, 1, shape) for shape in shapes.values()]
    for step in steps:
        scale = 0.05 * np.exp(-step / max(1, steps[-1]) * 3)
        gradients = [
            scale
            * (1 + 0.3 * np.sin(step / 200 + i))
            * 0.8**i
            * (direction + 0.5 * random.normal(0, 1, direction.shape))
            for i, direction in enumerate(directions)
        ]
        updates = [-0.1 * gradient for gradient in gradients]
        yield step, {"parameter": list(weights), "gradient": gradients, "update": updates}
        weights = [weight + 5 * update for weight, update in zip(weights, updates, strict=True)]


def write_run(run_dir: Path, steps: Sequence[int], *, seed: int = 0, group: str = "model") -> EventFile:
    """A whole run of the small model: every kind of record that a watch writes, and a loss."""
    names = list(SMALL_SHAPES)
    file = EventFile(run_dir)
    file.record(group, Kind.SITES, handmade.sites(SMALL_SHAPES, device="cpu", parameter_group=1), steps[0])
    file.record(group, Kind.GRAPH, handmade.chain_graph(SMALL_SHAPES), steps[0])
    for step, tensors in training(SMALL_SHAPES, steps, seed):
        write_step(file, group, names, step, tensors)
        file.record(group, Kind.PROGRESS, _progress(step, steps), step)
        file.scalar("loss/train", 2.3 * float(np.exp(-step / 800)) + 0.05, step)
    return file


def write_step(file: EventFile, group: str, names: Sequence[str], step: int, tensors: Tensors) -> None:
    """Statistics, distributions and heatmaps of one step."""
    matrices = {
        site: np.atleast_2d(tensor.reshape(tensor.shape[0], -1) if tensor.ndim > 1 else tensor)
        for site, tensor in enumerate(tensors["gradient"])
        if not isinstance(tensor, int)
    }
    file.record(group, Kind.STATISTICS, handmade.statistics(names, tensors, sample_seconds=0.002), step)
    file.record(group, Kind.DISTRIBUTIONS, handmade.distributions(names, tensors), step)
    file.record(group, Kind.HEATMAPS, handmade.heatmaps(names, matrices), step)


def _progress(step: int, steps: Sequence[int]) -> pb.Progress:
    total = steps[-1] or 1
    return pb.Progress(
        total_steps=total,
        epoch=1 + 3 * step // (total + 1),
        epochs=3,
        step_in_epoch=step % (total // 3 + 1),
        steps_in_epoch=total // 3 + 1,
        items_per_second=5310.0,
    )


def empty(root: Path) -> None:
    """A directory with no event file."""
    root.mkdir(parents=True, exist_ok=True)


def foreign(root: Path) -> None:
    """A run that has scalars and nothing of ours."""
    file = EventFile(root / "scalars_only")
    for step in range(20):
        file.scalar("loss", 1 / (step + 1), step)


def one_step(root: Path) -> None:
    """A run that was just started."""
    write_run(root / "first", [0])


def small(root: Path) -> None:
    """10 sites, 60 steps, all kinds."""
    write_run(root / "first", range(0, 3000, 50))


def one_site(root: Path) -> None:
    """A model of a single parameter."""
    shapes = {"weight": (12, 10)}
    file = EventFile(root / "only")
    file.record("model", Kind.SITES, handmade.sites(shapes), 0)
    file.record("model", Kind.GRAPH, handmade.chain_graph(shapes), 0)
    for step, tensors in training(shapes, range(0, 500, 25)):
        write_step(file, "model", list(shapes), step, tensors)


def two_runs(root: Path) -> None:
    """Two runs of one model; the second ran further."""
    write_run(root / "first", range(0, 1000, 50))
    write_run(root / "second", range(0, 1500, 50), seed=1)


def all_nan(root: Path) -> None:
    """A run whose every number is NaN from step 100 on, as after a loss that went NaN."""
    names = list(SMALL_SHAPES)
    file = EventFile(root / "nan")
    file.record("model", Kind.SITES, handmade.sites(SMALL_SHAPES), 0)
    for step, tensors in training(SMALL_SHAPES, range(0, 500, 50)):
        broken = {stage: [np.full_like(tensor, np.nan) for tensor in each] for stage, each in tensors.items()}
        write_step(file, "model", names, step, broken if step >= 100 else tensors)


def activations(root: Path) -> None:
    """What three modules return, besides parameters: of the second a quarter of the units is dead."""
    shapes = {"conv1": (8, 16, 4, 4), "relu1": (8, 16, 4, 4), ":output": (8, 10)}
    table = handmade.sites(SMALL_SHAPES)
    for name, shape in shapes.items():
        table.sites.add(name=name, shape=shape, dtype="float32", module=name.partition(":")[0], output=True)
    names = [site.name for site in table.sites]
    file = EventFile(root / "activations")
    file.record("model", Kind.SITES, table, 0)
    file.record("model", Kind.GRAPH, handmade.chain_graph(SMALL_SHAPES), 0)
    random = np.random.default_rng(0)
    for step, tensors in training(SMALL_SHAPES, range(0, 500, 50)):
        outputs = [random.normal(0, 1 + step / 100, shape) for shape in shapes.values()]
        outputs[1] = np.maximum(outputs[0], 0)
        outputs[1][:, :4] = 0
        stages = {stage: [*each, *[pb.STATUS_EXCLUDED] * len(shapes)] for stage, each in tensors.items()}
        stages["activation"] = [*[pb.STATUS_EXCLUDED] * len(SMALL_SHAPES), *outputs]
        record = handmade.statistics(names, stages)
        record.stages[-1].units.extend([0] * len(SMALL_SHAPES) + [16, 16, 10])
        record.stages[-1].dead_units.extend([0] * len(SMALL_SHAPES) + [0, 4, 0])
        file.record("model", Kind.STATISTICS, record, step)
        file.record("model", Kind.DISTRIBUTIONS, handmade.distributions(names, stages), step)


def unmeasured(root: Path) -> None:
    """Frozen, unused and unsupported parameters beside measured ones; infinities and exact zeros."""
    names = list(SMALL_SHAPES)
    table = handmade.sites(SMALL_SHAPES)
    table.sites[0].frozen = table.sites[1].frozen = True
    file = EventFile(root / "unmeasured")
    file.record("model", Kind.SITES, table, 0)
    for step, tensors in training(SMALL_SHAPES, range(0, 500, 50)):
        gradients = list(tensors["gradient"])
        gradients[:4] = [pb.STATUS_FROZEN, pb.STATUS_FROZEN, pb.STATUS_NO_GRADIENT, pb.STATUS_UNSUPPORTED]
        gradients[4] = np.zeros(32)
        gradients[5] = np.where(np.arange(32) == 0, np.inf, gradients[5])
        record = handmade.statistics(names, {**tensors, "gradient": gradients})
        record.stages[1].reasons.add(site=3, text="sparse gradient")
        file.record("model", Kind.STATISTICS, record, step)


def sick(root: Path) -> None:
    """One run with four faults: layers that stop at 1000, never learned, have no gradient; NaN at 2500."""
    names, steps = list(SMALL_SHAPES), range(0, 3000, 50)
    file = EventFile(root / "first")
    file.record("model", Kind.SITES, handmade.sites(SMALL_SHAPES, module_type="Linear"), 0)
    file.record("model", Kind.GRAPH, handmade.chain_graph(SMALL_SHAPES), 0)
    for step, tensors in training(SMALL_SHAPES, steps):
        tensors["gradient"][names.index("norm.bias")] *= 0
        tensors["gradient"][names.index("fc2.bias")] = pb.STATUS_NO_GRADIENT
        if step >= 1000:
            tensors["gradient"][names.index("conv2.weight")] *= 0
        if step >= 2500:
            for gradient in tensors["gradient"][: names.index("fc1.weight") + 1]:
                gradient[:] = np.nan
        write_step(file, "model", names, step, tensors)
        file.scalar("loss/train", 2.3 * float(np.exp(-step / 800)) if step < 2500 else float("nan"), step)


def damaged(root: Path) -> None:
    """Every other distribution has a flipped byte; a second run's file is cut off in a record."""
    names = list(SMALL_SHAPES)
    file = write_run(root / "flipped", range(0, 300, 50))
    for step, tensors in training(SMALL_SHAPES, range(300, 600, 50)):
        blob = bytearray(seal(handmade.distributions(names, tensors)))
        blob[-3] ^= 0xFF
        file.blob("model", Kind.DISTRIBUTIONS, bytes(blob), step)
    cut = write_run(root / "cut", range(0, 300, 50)).path
    cut.write_bytes(cut.read_bytes()[:-100])


def newer(root: Path) -> None:
    """A run whose later records come from a newer version of torchviz_tb."""
    file = write_run(root / "newer", range(0, 300, 50))
    for step in range(300, 500, 50):
        file.blob("model", Kind.STATISTICS, pb.Envelope(schema_version=SCHEMA_VERSION + 1).SerializeToString(), step)


def tensor_views(root: Path) -> None:
    """Attention weights with named axes, and a plain vector."""
    random = np.random.default_rng(0)
    file = EventFile(root / "first")
    for step in range(0, 200, 50):
        logits = random.normal(0, 1 + step / 100, (2, 4, 16, 16))
        weights = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        view = handmade.tensor_view("attention.probs", weights, ["batch", "head", "query", "key"])
        file.record("attention.probs", Kind.TENSOR_VIEW, view, step)
        file.record("bias", Kind.TENSOR_VIEW, handmade.tensor_view("bias", random.normal(0, 1, 32)), step)


def many_sites(root: Path) -> None:
    """1000 sites, 50 steps of statistics, two of distributions and heatmaps: wide, not long, written in seconds."""
    huge_runs.write(root / "many", 1000, range(0, 5000, 100), detailed=range(0, 5000, 2500))


BLOCK = {"ln.weight": (8,), "attn.weight": (8, 8), "attn.bias": (8,), "mlp.weight": (8, 12), "mlp.bias": (12,)}


def blocks(root: Path) -> None:
    """Two runs of 60 equal blocks, 300 sites: in the second one block is dead and another's gradients explode."""
    shapes = {f"h.{block}.{name}": shape for block in range(60) for name, shape in BLOCK.items()}
    names = list(shapes)
    for run, seed in (("first", 0), ("second", 1)):
        file = EventFile(root / run)
        file.record("model", Kind.SITES, handmade.sites(shapes, module_type="Linear"), 0)
        for step, tensors in training(shapes, range(0, 200, 50), seed):
            # In gradients of one scale, as ``training`` lets each site have its own.
            gradients = [gradient / np.abs(gradient).max() for gradient in tensors["gradient"]]
            if run == "second" and step:
                gradients[names.index("h.7.mlp.weight")] *= 0
                gradients[names.index("h.41.attn.weight")] *= 50
            file.record("model", Kind.DISTRIBUTIONS, handmade.distributions(names, {"gradient": gradients}), step)
            file.record("model", Kind.STATISTICS, handmade.statistics(names, {"gradient": gradients}), step)


def huge(root: Path) -> None:
    """1000 sites, 300 steps of statistics, 30 of distributions and heatmaps; takes a minute."""
    huge_runs.write(root / "huge", 1000, range(0, 30000, 100), detailed=range(0, 30000, 1000))


def architectures(root: Path) -> None:
    """One run for each network of the zoo, with its graph only; needs torch."""
    for name, graph in sample_graphs.networks():
        EventFile(root / name).record("model", Kind.GRAPH, graph, 0)


def bad_graphs(root: Path) -> None:
    """A run for each graph that can't be shown, one whose names hurt, and one that is in order."""
    for name, graph in {**sample_graphs.impossible(), "named": sample_graphs.badly_named()}.items():
        EventFile(root / name).record("model", Kind.GRAPH, graph, 0)
    write_run(root / "sound", range(0, 300, 50))


def large_graph(root: Path) -> None:
    """A graph of 50,000 operations."""
    EventFile(root / "large").record("model", Kind.GRAPH, sample_graphs.large(50_000), 0)


SAMPLES: dict[str, Callable[[Path], None]] = {
    sample.__name__: sample
    for sample in (
        empty, foreign, one_step, one_site, small, two_runs, all_nan, activations, unmeasured, sick, damaged, newer,
        tensor_views, many_sites, blocks, huge, architectures, bad_graphs, large_graph,
    )
}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Writes the named sample into a directory."""
    if len(arguments) != 2 or arguments[0] not in SAMPLES:
        print(__doc__)
        for name, sample in SAMPLES.items():
            print(f"  {name:13} {sample.__doc__}")
        return 2
    SAMPLES[arguments[0]](Path(arguments[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
