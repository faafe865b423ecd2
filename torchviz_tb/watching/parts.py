"""The parts of a recording that a user can choose, and the tensors behind them."""

from collections.abc import Mapping

import torch

from torchviz_tb.capture.sites import ParameterSite
from torchviz_tb.capture.statistics import Value
from torchviz_tb.records import records_pb2 as pb

GRAPH, PARAMETERS, GRADIENTS, UPDATES, HEATMAPS = "graph", "parameters", "gradients", "updates", "heatmaps"
ALL_PARTS = (GRAPH, PARAMETERS, GRADIENTS, UPDATES, HEATMAPS)


def parameter_values(sites: Mapping[int, ParameterSite], count: int) -> list[Value]:
    """The parameters in the order of the table; sites that are not given count as excluded."""
    return [sites[i].parameter if i in sites else pb.STATUS_EXCLUDED for i in range(count)]


def gradient_values(sites: Mapping[int, ParameterSite], count: int) -> list[Value]:
    """The gradients in the order of the table, or why there is none."""
    return [_gradient(sites[i].parameter) if i in sites else pb.STATUS_EXCLUDED for i in range(count)]


def _gradient(parameter: torch.nn.Parameter) -> Value:
    if not parameter.requires_grad:
        return pb.STATUS_FROZEN
    return pb.STATUS_NO_GRADIENT if parameter.grad is None else parameter.grad
