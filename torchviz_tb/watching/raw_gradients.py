"""Gradients as backward leaves them, before anything unscales or clips them."""

import weakref
from collections.abc import Mapping, Sequence

import torch

from torchviz_tb.capture.sites import ParameterSite
from torchviz_tb.capture.statistics import Value
from torchviz_tb.capture.tensors import Unsupported
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.first_graph import Removable

_UNSEEN = Unsupported("no backward was seen to accumulate it: it is of another step, or the parameter is new or thawed")


class RawGradients:
    """Copies gradients when backward has accumulated them, at the steps that are armed.

    Costs, at an armed step, a copy of each gradient at each backward, kept until the step is sampled, and
    nothing at other steps, where there are no hooks. What accumulates several backwards is seen after the
    last one. Gradients that no backward of this process accumulates (as FSDP's) are not seen; where
    DistributedDataParallel averages, it is this process' own gradient that is seen.
    """

    def __init__(self) -> None:
        self.has_seen_any = False  # since it was armed
        self._copies: dict[int, torch.Tensor] = {}
        self._handles: list[Removable] = []

    def arm(self, sites: Sequence[ParameterSite]) -> None:
        """From now on copies what backward accumulates into these parameters."""
        self.disarm()
        for site in sites:
            parameter = site.parameter
            if parameter.requires_grad and parameter.is_leaf:
                self._handles.append(parameter.register_post_accumulate_grad_hook(self._copier()))

    def disarm(self) -> None:
        """Removes the hooks and lets go of the copies."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._copies.clear()
        self.has_seen_any = False

    def take(self, sites: Mapping[int, ParameterSite], count: int) -> list[Value]:
        """The copies in the order of the table, which are not kept any longer; where there is none, why."""
        return [self._value(sites[i].parameter) if i in sites else pb.STATUS_EXCLUDED for i in range(count)]

    def _value(self, parameter: torch.nn.Parameter) -> Value:
        if not parameter.requires_grad:
            return pb.STATUS_FROZEN
        copied = self._copies.pop(id(parameter), None)
        if copied is None:
            return pb.STATUS_NO_GRADIENT if parameter.grad is None else _UNSEEN
        return copied

    def _copier(self) -> "_Copier":
        return _Copier(weakref.ref(self))


class _Copier:
    """The hook; it does not keep the watch alive, as a model outlives it."""

    def __init__(self, owner: "weakref.ref[RawGradients]") -> None:
        self._owner = owner

    @torch.no_grad()
    def __call__(self, parameter: torch.Tensor) -> None:
        owner, gradient = self._owner(), parameter.grad
        if owner is not None and gradient is not None:
            owner._copies[id(parameter)] = gradient.detach().clone()
            owner.has_seen_any = True
