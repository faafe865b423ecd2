"""The zoo: small models, one difficulty each, said by the docstring. `build(name)` gives one with its example call.

model, args, kwargs = models.build("SharedModule")
"""

import torch
import zoo_architectures
import zoo_behaviour
import zoo_calls
import zoo_networks
from torch import nn
from zoo_model import ZOO, Call, build

__all__ = ["ZOO", "Call", "build", "lazy", "names", "zoo_architectures", "zoo_behaviour", "zoo_calls", "zoo_networks"]


def lazy() -> Call:
    """A model whose first forward makes its parameters; not in the zoo, since it can't stay as it is."""
    torch.manual_seed(0)
    return Call(nn.Sequential(nn.LazyLinear(3), nn.ReLU()), (torch.randn(2, 4),), {})


def names(*, but: tuple[str, ...] = ()) -> list[str]:
    """All models of the zoo, for parametrized tests."""
    return [name for name in ZOO if name not in but]
