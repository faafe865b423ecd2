"""The parts of a recording that a user can choose, and the tensors behind them."""

from collections.abc import Callable, Container, Mapping
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


def gradient_values(
    sites: Mapping[int, ParameterSite], count: int, own: Own = all_of_it, held: Container[int] = ()
) -> list[Value]:
    """The gradients in the order of the table, or why there is none; ``held``: ids of parameters that are updated."""
    return [
        gradient_value(each.parameter, own, held) if (each := sites.get(i)) is not None else pb.STATUS_EXCLUDED
        for i in range(count)
    ]


def gradient_value(parameter: torch.nn.Parameter, own: Own = all_of_it, held: Container[int] = ()) -> Value:
    """A parameter's gradient, or why there is none."""
    if parameter.grad is not None and is_used(parameter, held):
        return own(parameter.grad, "gradient")
    # Only who measures the parameter says why it has no gradient.
    reason = pb.STATUS_NO_GRADIENT if parameter.requires_grad else pb.STATUS_FROZEN
    held_part = own(parameter, "parameter")
    return reason if isinstance(held_part, (torch.Tensor, Unsupported)) else held_part


def is_used(parameter: torch.nn.Parameter, held: Container[int]) -> bool:
    """Whether a gradient of it, should there be one, is used: optimizers update what is frozen, too, if it has one."""
    return parameter.requires_grad or id(parameter) in held


def applied_gradient_values(
    sites: Mapping[int, ParameterSite], count: int, own: Own = all_of_it, held: Container[int] = ()
) -> list[Value]:
    """As ``gradient_values``, of gradients that can be compared with their parameters element by element."""
    values = gradient_values(sites, count, own, held)
    for index, site in sites.items():
        gradient = site.parameter.grad
        if isinstance(values[index], torch.Tensor) and gradient is not None and not is_alike(gradient, site.parameter):
            values[index] = Unsupported("sharded gradient: split in another way than its parameter")
    return values
