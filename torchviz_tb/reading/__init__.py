"""Event files or a data provider → records → Run, Distribution, Graph: the mirror of events/.

It imports neither torch nor, but for event_files.py, tensorboard.
"""

from torchviz_tb.reading.distributions import Distribution
from torchviz_tb.reading.graph import Graph
from torchviz_tb.reading.heatmaps import Heatmap
from torchviz_tb.reading.load import load
from torchviz_tb.reading.problems import Problem
from torchviz_tb.reading.progress import Progress
from torchviz_tb.reading.run import Run
from torchviz_tb.reading.sites import Site
from torchviz_tb.reading.tensor_views import TensorView

__all__ = ["Distribution", "Graph", "Heatmap", "Problem", "Progress", "Run", "Site", "TensorView", "load"]
