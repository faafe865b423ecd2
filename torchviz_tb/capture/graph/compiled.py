"""Which models must run as they are, without a dispatch mode around them."""

import torch
from torch import nn

WHY_COMPILED = "The model is compiled, and recording would undo that; its modules are shown without operations."


def is_compiled(module: nn.Module) -> bool:
    """Whether torch.compile was applied to the module or one within it; does not import the compiler."""
    return any(
        "_orig_mod" in part._modules or getattr(part, "_compiled_call_impl", None) is not None
        for part in module.modules()
    )


def why_unseen(model: nn.Module) -> str | None:
    """Why the operations of the user's own forward can't be recorded; None if they can."""
    if isinstance(model, torch.jit.ScriptModule):
        return "The model is a ScriptModule, whose forward takes no hooks; its modules are shown without operations."
    if is_compiled(model):
        return WHY_COMPILED
    return None
