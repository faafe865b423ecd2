"""The parts of a recording that a user can choose, and the tensors behind them."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch

from torchviz_tb.capture.sharded.placements import is_alike
from torchviz_tb.capture.sites import ParameterSite
from torchviz_tb.capture.statistics import Value
from torchviz_tb.capture.tensors import Unsupported
from torchviz_tb.records import records_pb2 as pb

GRAPH, PARAMETERS, GRADIENTS, UPDATES, HEATMAPS = "graph", "parameters", "gradients", "updates", "heatmaps"
RAW_GRADIENTS, ACTIVATIONS = "raw_gradients", "activations"
ALL_PARTS = (GRAPH, PARAMETERS, GRADIENTS, UPDATES, HEATMAPS)
EXTRA_PARTS = (RAW_GRADIENTS, ACTIVATIONS)
"""What "all" does not mean: each costs more than the others, and is recorded where it is named."""


Own: TypeAlias = Callable[[torch.Tensor, str], Value]
"""What this rank measures of a tensor, which the noun names: all of it, unless other ranks hold parts."""


def all_of_it(tensor: torch.Tensor, noun: str) -> Value:  # noqa: ARG001 (an Own)
    """The tensor."""
    return tensor


@torch.no_grad()
def dense(value: Value) -> Value:
    """A sparse gradient (COO) with the zeros that it implies, as its optimizer would add it up; others stay.

    Costs, for a sparse one, a tensor of the parameter's size.
    """
    return value.to_dense() if isinstance(value, torch.Tensor) and value.layout == torch.sparse_coo else value


def parameter_values(sites: Mapping[int, ParameterSite], count: int, own: Own = all_of_it) -> list[Value]:
    """The parameters in the order of the table; sites that are not given count as excluded."""
    return [own(sites[i].parameter, "parameter") if i in sites else pb.STATUS_EXCLUDED for i in range(count)]


def gradient_values(sites: Mapping[int, ParameterSite], count: int, own: Own = all_of_it) -> list[Value]:
    """The gradients in the order of the table, or why there is none."""
    return [gradient_value(sites[i].parameter, own) if i in sites else pb.STATUS_EXCLUDED for i in range(count)]


def gradient_value(parameter: torch.nn.Parameter, own: Own = all_of_it) -> Value:
    """A parameter's gradient, or why there is none."""
    if parameter.requires_grad and parameter.grad is not None:
        return own(parameter.grad, "gradient")
    # Only who measures the parameter says why it has no gradient.
    reason = pb.STATUS_NO_GRADIENT if parameter.requires_grad else pb.STATUS_FROZEN
    held = own(parameter, "parameter")
    return reason if isinstance(held, (torch.Tensor, Unsupported)) else held


def applied_gradient_values(sites: Mapping[int, ParameterSite], count: int, own: Own = all_of_it) -> list[Value]:
    """As ``gradient_values``, of gradients that can be compared with their parameters element by element."""
    values = gradient_values(sites, count, own)
    for index, site in sites.items():
        gradient = site.parameter.grad
        if isinstance(values[index], torch.Tensor) and gradient is not None and not is_alike(gradient, site.parameter):
            values[index] = Unsupported("sharded gradient: split in another way than its parameter")
    return values
