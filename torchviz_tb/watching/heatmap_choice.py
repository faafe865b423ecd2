"""Of which gradients there are heatmaps, and how large they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from torchviz_tb.capture.sites import ParameterSite

HEATMAP_SIZE = 64
LARGEST_HEATMAP = 512

_Select = Callable[[torch.nn.Module], Sequence[ParameterSite]]


@dataclass(frozen=True)
class HeatmapChoice:
    """Heatmaps of at most ``size`` rows and columns, of the parameters with these names; None: of all."""

    size: int = HEATMAP_SIZE
    names: frozenset[str] | None = None

    def of(self, sites: Mapping[int, ParameterSite]) -> Mapping[int, ParameterSite]:
        """Those of the sites that are chosen."""
        if self.names is None:
            return sites
        return {index: site for index, site in sites.items() if site.name in self.names}


ALL_HEATMAPS = HeatmapChoice()


@dataclass(frozen=True)
class HeatmapRule:
    """How the choice is made of a model, which may change."""

    size: int = HEATMAP_SIZE
    select: _Select | None = None

    def choice(self, model: torch.nn.Module) -> HeatmapChoice:
        """The choice as the model is now."""
        if self.select is None:
            return HeatmapChoice(self.size)
        return HeatmapChoice(self.size, frozenset(site.name for site in self.select(model)))
