"""Which layer is behind gradients that are exactly 0: the one whose output reaches the next layer as zeros."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from torchviz_tb.diagnosis.evidence import Evidence
from torchviz_tb.reading.statistics import State


@dataclass(frozen=True)
class DeadLayer:
    """A layer that puts out nothing but zeros, and how that is known."""

    module: str
    """Its path."""
    reader: str
    """Path of the layer after it."""
    alive: str
    """Name of the reader's bias, which still has a gradient."""


def dead_layer(evidence: Evidence, silent: Collection[str], samples: int) -> DeadLayer | None:
    """The layer that silences others in the last so many samples; None where the numbers don't prove one.

    The gradient of a weight is that of its layer's output times the input, that of the bias the first alone. So a bias
    with and a weight without gradient mean an input of 0, and the layer that runs before it, silent as well, made it.
    """
    order = evidence.matrices
    proofs = []
    for before, reader in pairwise(order):
        weights = evidence.names([before, reader])
        alive = _bias(evidence, reader)
        if alive is not None and set(weights) <= set(silent) and _is_alive(evidence, alive, samples):
            sites = evidence.sites
            proofs.append(DeadLayer(sites[before].module, sites[reader].module, sites[alive].name))
    return proofs[0] if len(proofs) == 1 else None


def _bias(evidence: Evidence, weight: int) -> int | None:
    module = evidence.sites[weight].module
    own = (index for index, site in enumerate(evidence.sites) if site.name == f"{module}.bias" and not site.output)
    return next(own, None)


def _is_alive(evidence: Evidence, site: int, samples: int) -> bool:
    return bool(np.all(evidence.state("gradient")[-samples:, site] == State.FINITE))
