"""A model whose first forward is watched, and what came of it."""

from graph_witness import into
from torch import nn
from torch.nn.modules import module as torch_module
from torch.utils import _python_dispatch as dispatch

from torchviz_tb.capture.graph import watch_first_forward
from torchviz_tb.records import records_pb2 as pb

PERCEPTRON_PATHS = ["layers", "layers.0", "layers.1", "layers.2"]  # of the model of that name


class Watched:
    """A model of the zoo under watch, and what came of it."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.graphs: list[pb.Graph] = []
        self.errors: list[Exception] = []
        self.handle = watch_first_forward(model, into(self.graphs), self.errors.append)

    @property
    def outcome(self) -> tuple[int, int]:
        """How many graphs and errors there were, without waiting for a backward pass."""
        self.handle.finish()
        return len(self.graphs), len(self.errors)

    @property
    def clean(self) -> bool:
        """Whether nothing of ours is on the model or in the process."""
        hooks = [len(value) for name, value in vars(self.model).items() if "hooks" in name]
        return not any(hooks) and process_is_clean() and not self.handle.waiting


def process_is_clean() -> bool:
    return not (
        torch_module._global_forward_hooks
        or torch_module._global_forward_pre_hooks
        or dispatch._get_current_dispatch_mode_stack()
    )
