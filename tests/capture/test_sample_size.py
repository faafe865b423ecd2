"""How many bytes a sample takes on disk: small enough to keep every one."""

import torch

from torchviz_tb.capture.statistics import measure
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import seal

WIDTH, LAYERS = 768, 12


def gpt2_small(scale: int) -> list[torch.Size]:
    """Shapes of GPT-2 small's 148 parameters, the large dimension divided by ``scale`` to spare the test time."""
    wide, rows = WIDTH, WIDTH // scale
    block = [(wide,), (wide,), (rows, 3 * wide), (3 * wide,), (rows, wide), (wide,)]
    block += [(wide,), (wide,), (rows, 4 * wide), (4 * wide,), (4 * rows, wide), (wide,)]
    shapes = [(50257 // scale, wide), (1024, wide), *block * LAYERS, (wide,), (wide,)]
    return [torch.Size(shape) for shape in shapes]


def test_parameters_and_gradients_of_gpt2_small_take_at_most_100_kb() -> None:
    shapes = gpt2_small(scale=8)
    assert len(shapes) == 148
    generator = torch.Generator().manual_seed(0)
    parameters = [torch.randn(shape, generator=generator) * 0.02 + (len(shape) == 1) for shape in shapes]
    gradients = [torch.randn(shape, generator=generator) * 10 ** -(2 + i % 5) for i, shape in enumerate(shapes)]
    samples = [measure(pb.STAGE_PARAMETER, parameters), measure(pb.STAGE_GRADIENT, gradients)]
    statistics = pb.Statistics(site_count=148, stages=[sample.statistics for sample in samples])
    entries = [entry for sample in samples for entry in sample.distributions]
    distributions = pb.Distributions(site_count=148, entries=entries)
    assert len(entries) == 296
    assert len(seal(statistics)) + len(seal(distributions)) <= 100_000
