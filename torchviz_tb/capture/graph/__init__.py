"""A model's graph, from one forward: module calls, ATen operations, and how data flows between them."""

from torchviz_tb.capture.graph.capture import ForwardError, capture_graph, module_tree, record_graph
from torchviz_tb.capture.graph.first_forward import Build, Handle, watch_first_forward
from torchviz_tb.capture.graph.message import build_graph

__all__ = [
    "Build",
    "ForwardError",
    "Handle",
    "build_graph",
    "capture_graph",
    "module_tree",
    "record_graph",
    "watch_first_forward",
]
