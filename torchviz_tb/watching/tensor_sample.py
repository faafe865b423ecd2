"""What is recorded of a single tensor."""

import torch

from torchviz_tb.capture.device_heatmaps import begin_heatmap
from torchviz_tb.capture.statistics import begin_stage
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.sample import Sample


def add_tensor_distribution(sample: Sample, tensor: torch.Tensor) -> None:
    """Measures the tensor of a sample that is about one."""
    sample.add_begun(begin_stage(pb.STAGE_TENSOR, [tensor], sample.transfer))


def add_tensor_heatmap(sample: Sample, tensor: torch.Tensor) -> None:
    """Reduces it to a heatmap."""
    begin_heatmap(tensor, sample.transfer, sample.add_heatmap, site=0, stage=pb.STAGE_TENSOR)
