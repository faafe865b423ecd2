"""A model's graph, from one forward: module calls, ATen operations, and how data flows between them."""

from torchviz_tb.capture.graph.capture import ForwardError, capture_graph, module_tree
from torchviz_tb.capture.graph.first_forward import Handle, watch_first_forward

__all__ = ["ForwardError", "Handle", "capture_graph", "module_tree", "watch_first_forward"]
