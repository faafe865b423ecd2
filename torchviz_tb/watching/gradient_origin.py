"""Where a gradient that is not finite came from, as far as the gradients of all parameters tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torchviz_tb.records import records_pb2 as pb

_NAMES_SHOWN = 3
# One factor for all gradients: a single NaN makes it NaN.
_SPREAD = ", unless clipping by norm spread it from one layer's backward pass"


@dataclass(frozen=True)
class GradientOrigin:
    """The first bad gradient of the backward pass, which runs from the last module to the first."""

    site: int
    role: pb.Role
    reason: str


def gradient_origin(
    bad: Sequence[int],
    finite: Sequence[int],
    sites: Sequence[pb.Site],
    calls: Sequence[str],
    *,
    forward_was_finite: bool | None,
) -> GradientOrigin:
    """The bad site whose module runs last, and what those say that run after it.

    ``bad`` is not empty. ``calls`` are paths of modules in the order in which they run; where it is empty, they are
    taken to run as they are defined, which does not prove an origin. A site whose module is not among them counts as
    the first. ``forward_was_finite`` is None where nobody looked.
    """
    order = calls or [site.module for site in sites]
    rank = {path: position for position, path in enumerate(order)}  # of the last call
    ranks: Mapping[int, int] = {index: rank.get(sites[index].module, -1) for index in (*bad, *finite)}
    latest = max(bad, key=lambda index: ranks[index])
    after = [sites[index].name for index in finite if ranks[index] > ranks[latest] >= 0]
    if after:
        shown = ", ".join(after[:_NAMES_SHOWN]) + (" ..." if len(after) > _NAMES_SHOWN else "")
        runs = "runs" if calls else "is defined"
        return GradientOrigin(
            latest,
            pb.ROLE_ORIGIN if calls else pb.ROLE_UNSPECIFIED,
            f"The gradients of what {runs} after it are finite ({shown}): it arises in the backward of its module or "
            "of what directly follows.",
        )
    spread = _SPREAD if len(bad) > 1 and not finite else ""
    if forward_was_finite:
        reason = f"What the model returned was finite, and no gradient after it is: it arises in the loss{spread}."
        return GradientOrigin(latest, pb.ROLE_PROPAGATION, reason)
    reason = f"No gradient after it is finite: it arises in the loss or in the forward pass{spread}."
    if forward_was_finite is None:
        reason += " With watch(..., nan='origin') the record would tell."
    return GradientOrigin(latest, pb.ROLE_UNSPECIFIED, reason)
