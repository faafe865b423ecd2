"""What the modes that record have in common: they cost little, and the compiler does not look into them."""

from collections.abc import Sequence
from typing import Any

from torch._C._dynamo import eval_frame
from torch.utils._python_dispatch import TorchDispatchMode

from torchviz_tb.capture.graph.operations import Operator

# Tells the compiler what to do with a function and all that it calls; not in older versions of torch.
_set_strategy = getattr(eval_frame, "set_code_exec_strategy", None)


class RecordingMode(TorchDispatchMode):
    """Gives every operation to `run`, which runs it.

    torch shields a mode from its compiler by a wrapper that imports the compiler, which takes a second, and then
    costs each operation a microsecond. Here the compiler is told once to pass it over.
    """

    supports_higher_order_operators = True

    @classmethod
    def is_infra_mode(cls) -> bool:
        """Lets torch.compile go on below us: under other modes it gives a function up for the whole process."""
        return True

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return _set_strategy is None  # whether torch puts its wrapper around

    def __torch_dispatch__(
        self, func: Operator, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Runs the operation."""
        return self.run(func, args, kwargs or {})

    def run(self, func: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Runs an operation exactly once and returns its result."""
        raise NotImplementedError


if _set_strategy is not None:
    _pass_over = eval_frame._FrameAction.SKIP
    _set_strategy(
        RecordingMode.__torch_dispatch__.__code__,
        eval_frame._FrameExecStrategy(_pass_over, _pass_over),
    )
