"""What is recorded of a single tensor."""

import torch

from torchviz_tb.capture.statistics import begin_stage
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.sample import Sample


def add_tensor_distribution(sample: Sample, tensor: torch.Tensor) -> None:
    """Measures the tensor of a sample that is about one."""
    sample.add_begun(begin_stage(pb.STAGE_TENSOR, [tensor], sample.transfer))


def add_tensor_heatmap(sample: Sample, tensor: torch.Tensor) -> None:
    """Reduces it to a heatmap."""
    sample.begin_heatmaps([(0, tensor)], stage=pb.STAGE_TENSOR)
