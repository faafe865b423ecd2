"""One number → the summary of it."""

from collections.abc import Mapping

import numpy as np
import torch
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from torch.utils.tensorboard.summary import scalar as torchs_scalar

from torchviz_tb.errors import ArgumentError, UnsupportedValue
from torchviz_tb.summaries.arrays import as_array


def number(value: object, name: str = "scalar_value") -> float:
    """The float64 that a value stands for: a Python, numpy or torch number of any type, or text such as "0.5".

    Arrays, tensors and lists of one element count as that element. A tensor on a device is waited for.

    Raises:
        UnsupportedValue: It is not one real number.
    """
    if type(value) is float or type(value) is int or isinstance(value, str):
        return _float(value, name)
    array = as_array(value, name)
    if array.size != 1:
        raise UnsupportedValue(
            f"{name} has the shape {array.shape}, not one element: pass one number, such as its mean(), "
            "or all of them to add_histogram"
        )
    if array.dtype.kind == "c":
        raise UnsupportedValue(f"{name} is complex: pass its abs(), or .real and .imag under tags of their own")
    return _float(array.item(), name)


def scalar(
    tag: str,
    value: object,
    *,
    new_style: bool = False,
    double_precision: bool = False,
    display_name: str = "",
    description: str = "",
) -> Summary:
    """The summary of one number, as torch writes it; with a title and a Markdown text for TensorBoard's card."""
    summary: Summary = torchs_scalar(tag, number(value), new_style=new_style, double_precision=double_precision)
    if display_name or description:
        text = SummaryMetadata(display_name=display_name, summary_description=description)
        summary.value[0].metadata.MergeFrom(text)
    return summary


def plain_hparams(values: Mapping[str, object]) -> dict[str, object]:
    """Hyperparameters with each number as Python's own: torch refuses numpy's, and tensors without dimensions."""
    return {key: _plain(value, f"hparam_dict[{key!r}]") for key, value in values.items()}


def plain_domains(values: Mapping[str, object] | None) -> dict[str, object]:
    """The values that hyperparameters can have, as ``plain_hparams`` has them; what is no list is left to torch."""
    return {key: _plain_domain(key, domain) for key, domain in (values or {}).items()}


def _plain_domain(key: str, domain: object) -> object:
    if not isinstance(domain, list):
        return domain
    return [_plain(value, f"hparam_domain_discrete[{key!r}]") for value in domain]


def _plain(value: object, name: str) -> object:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return number(value, name)
    raise UnsupportedValue(f"{name} is a {type(value).__name__}, not a number, bool or text: pass str(...) of it")


def _float(value: object, name: str) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentError(f"{name} is {value!r:.60}, not a number: pass one, or a text to add_text") from error
