"""What the first output that is not finite says of where NaN or infinity began, in words for the record."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from torchviz_tb.capture.sites import plain_name
from torchviz_tb.capture.tensors import Unsupported, plain
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.first_bad import first_bad_index
from torchviz_tb.watching.seen_calls import SeenCall

_NAMES_SHOWN = 3


@dataclass(frozen=True)
class Origin:
    """The first tensor that was not finite; the fields are those of Incident in records.proto."""

    site: str
    module_type: str
    stage: pb.Stage
    role: pb.Role
    reason: str
    first_bad_index: tuple[int, ...] = ()


def first_origin(calls: Iterable[SeenCall]) -> Origin | None:
    """What the first bad output says; None where all that can be seen are finite."""
    unseen: list[str] = []  # modules whose output nobody has kept
    for call in calls:
        outputs = call.outputs()
        if outputs is None:
            unseen.append(call.path)
        for output in outputs or ():
            index = first_bad_index(output)
            if index is not None:
                return _origin(call, output, index, unseen)
    return None


def _origin(call: SeenCall, output: torch.Tensor, index: tuple[int, ...], unseen: Sequence[str]) -> Origin:
    """What the first bad output says, after all that were seen before it were finite."""
    module_type = type(call.module).__name__
    broken = _first_broken(call.module.named_parameters())
    if broken is not None:
        name, where = broken
        site = plain_name(f"{call.path}.{name}" if call.path else name)
        reason = "The parameter is not finite before the forward: the update of a step before has broken it."
        return Origin(site, module_type, pb.STAGE_PARAMETER, pb.ROLE_ORIGIN, reason, where)
    given = next((tensor for tensor in call.inputs() if first_bad_index(tensor) is not None), None)
    what = f"Its output holds {_what(output, index)}"
    if given is not None:
        role, reason = pb.ROLE_PROPAGATION, f"{what} because what it was given does, {_source(given, unseen)}."
        return Origin(call.path, module_type, pb.STAGE_ACTIVATION, role, f"{reason}{_made_by(given)}", index)
    within = [path for path in unseen if path.startswith(f"{call.path}." if call.path else "")]
    inside = f" Nothing is known of what was returned within it by {_names(within)}." if within else ""
    if call.knows_inputs:
        role = pb.ROLE_ORIGIN
        reason = f"{what}; what it was given is finite, and so are its parameters.{_made_by(output)}{inside}"
    else:
        role = pb.ROLE_UNSPECIFIED
        reason = f"{what}; its parameters are finite, and of what it was given nobody kept all.{inside}"
    return Origin(call.path, module_type, pb.STAGE_ACTIVATION, role, reason, index)


def _source(given: torch.Tensor, unseen: Sequence[str]) -> str:
    """Where a bad input may come from, in the words of a reason."""
    if given.grad_fn is None:
        source = "from the batch, or from code that takes no gradient"
    else:
        source = "from the code between this module and those that ran before it"
    others = f", or from {_names(unseen)}, of which nothing is known" if unseen else ""
    return f"though no module before it is known to have returned any: it comes {source}{others}"


def _names(paths: Sequence[str]) -> str:
    rest = len(paths) - _NAMES_SHOWN
    return ", ".join(paths[-_NAMES_SHOWN:]) + (f" and {rest} more" if rest > 0 else "")


def _first_broken(tensors: Iterable[tuple[str, nn.Parameter]]) -> tuple[str, tuple[int, ...]] | None:
    found = ((name, first_bad_index(tensor)) for name, tensor in tensors)
    return next(((name, index) for name, index in found if index is not None), None)


def _what(tensor: "torch.Tensor | Unsupported", index: tuple[int, ...]) -> str:
    values = plain(tensor) if isinstance(tensor, torch.Tensor) else tensor
    return "NaN" if isinstance(values, torch.Tensor) and bool(torch.isnan(values[index])) else "infinity"


def _made_by(tensor: "torch.Tensor | Unsupported") -> str:
    """The last operation on a tensor, as autograd calls it."""
    node = tensor.grad_fn if isinstance(tensor, torch.Tensor) else None
    name = "" if node is None else re.sub(r"Backward\d*$", "", type(node).__name__)
    return f" The last operation on it: {name}." if name else ""
