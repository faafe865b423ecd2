"""What a watch accepts: each mistake has a sentence that says how to go on."""

from collections.abc import Iterable, Sequence

import torch

from torchviz_tb.capture.sites import ParameterSite
from torchviz_tb.errors import ArgumentError
from torchviz_tb.watching.flight import MOST_STEPS
from torchviz_tb.watching.heatmap_choice import LARGEST_HEATMAP
from torchviz_tb.watching.parts import ALL_PARTS, EXTRA_PARTS, UPDATES

NAN_CHOICES = ("after", "origin", "off")
"""At which steps modules are looked at for NaN: after one that had any, all, none."""

Optimizers = torch.optim.Optimizer | Sequence[torch.optim.Optimizer] | None


def check_module(model: object) -> None:
    """Raises unless the model is a module."""
    if not isinstance(model, torch.nn.Module):
        raise ArgumentError(
            f"model is a {type(model).__name__}, not a torch.nn.Module: pass the module that is trained"
        )


def check_model(model: object) -> None:
    """Raises unless the model is a module with parameters."""
    check_module(model)
    if isinstance(model, torch.nn.Module) and next(model.parameters(), None) is None:
        raise ArgumentError(f"model ({type(model).__name__}) has no parameters: pass the module that is trained")


def check_tensor(tensor: object) -> None:
    """Raises unless it is a tensor."""
    if not isinstance(tensor, torch.Tensor):
        raise ArgumentError(f"tensor is a {type(tensor).__name__}, not a torch.Tensor: pass torch.as_tensor(...) of it")


def check_tag(tag: object) -> None:
    """Raises unless it can name a tensor on the page."""
    if not isinstance(tag, str) or not tag:
        raise ArgumentError(f"the name of the tensor is {tag!r}, not a text: pass for example 'attention/probs'")


def check_selection(
    sites: Sequence[ParameterSite], include: object, exclude: object, *, argument: str = "include"
) -> None:
    """Raises if no parameter is left."""
    if not sites:
        raise ArgumentError(
            f"{argument}={include!r} and exclude={exclude!r} leave none of the model's parameters: "
            "compare the patterns with the names in model.named_parameters()"
        )


def optimizer_list(optimizer: Optimizers, model: torch.nn.Module) -> list[torch.optim.Optimizer]:
    """The optimizers, each of which holds some of the model's parameters."""
    if optimizer is None:
        return []
    optimizers = [optimizer] if isinstance(optimizer, torch.optim.Optimizer) else _as_list(optimizer)
    parameters = {id(parameter) for parameter in model.parameters()}
    if not optimizers:
        raise ArgumentError(
            "optimizer is an empty list: pass at least one torch.optim.Optimizer, or none and call watch.step()"
        )
    for position, each in enumerate(optimizers):
        if not isinstance(each, torch.optim.Optimizer):
            raise ArgumentError(
                f"optimizer is a {type(each).__name__}, not a torch.optim.Optimizer or a list of them: pass the "
                "optimizer whose step() updates the model, or none and call watch.step() before each update"
            )
        each = optimizers[position] = _innermost(each)
        if parameters.isdisjoint(id(parameter) for group in each.param_groups for parameter in group["params"]):
            raise ArgumentError(
                f"optimizer {position} ({type(each).__name__}) holds none of the model's parameters: "
                "pass the optimizer that was made from model.parameters()"
            )
    return optimizers


def _innermost(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """The one that makes the update, of those that wrap another, as SAM does: only its step is a real one."""
    inner = getattr(optimizer, "base_optimizer", None)
    while isinstance(inner, torch.optim.Optimizer) and inner is not optimizer:
        optimizer, inner = inner, getattr(inner, "base_optimizer", None)
    return optimizer


def chosen_parts(log: str | Iterable[str], *, has_optimizer: bool) -> tuple[str, ...]:
    """The parts to record, in their usual order."""
    if log == "all":
        return ALL_PARTS
    chosen = _words(log)
    for word in chosen:
        _check_part(word)
    if UPDATES in chosen and not has_optimizer:
        raise ArgumentError(
            "log='updates' without an optimizer: an update is measured around optimizer.step(), so pass the optimizer"
        )
    everything = tuple(part for part in ALL_PARTS if part in chosen or "all" in chosen)
    return everything + tuple(part for part in EXTRA_PARTS if part in chosen)


def frequency(name: str, value: object) -> int:
    """A number of steps."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ArgumentError(f"{name} is {value!r}, not a whole number of steps from 1 on: pass for example {name}=100")
    return value


def check_budget(budget: object) -> None:
    """Raises unless it is a share of the time."""
    if budget is None:
        return
    if isinstance(budget, bool) or not isinstance(budget, (int, float)) or not 0 < budget <= 1:
        raise ArgumentError(
            f"budget is {budget!r}, not a share of the wall time above 0 and up to 1: pass for example budget=0.01"
        )


def check_no_budget(budget: float | None) -> None:
    """Raises for a budget where several ranks must take the same samples."""
    if budget is not None:
        raise ArgumentError(
            f"budget is {budget!r} for a sharded model, whose ranks must all sample at the same steps: "
            "leave it out and choose log_freq"
        )


def check_scaler(scaler: object) -> None:
    """Raises unless it can be asked for its scale."""
    asked = ("get_scale", "get_backoff_factor", "is_enabled")
    if scaler is not None and not all(callable(getattr(scaler, name, None)) for name in asked):
        raise ArgumentError(
            f"scaler is a {type(scaler).__name__}, not a torch.amp.GradScaler: pass the one whose step() is called"
        )


def check_heatmap_size(size: object) -> None:
    """Raises unless it is a number of cells that a heatmap can have in a row."""
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST_HEATMAP:
        raise ArgumentError(
            f"heatmap_size is {size!r}, not a number of rows and columns from 1 to {LARGEST_HEATMAP}: "
            "pass for example heatmap_size=64"
        )


def check_flight_steps(steps: object) -> None:
    """Raises unless it is a number of steps that the flight recorder can hold."""
    if isinstance(steps, bool) or not isinstance(steps, int) or not 0 <= steps <= MOST_STEPS:
        raise ArgumentError(
            f"flight_recorder is {steps!r}, not a number of steps from 0 (off) to {MOST_STEPS}: "
            "pass for example flight_recorder=32"
        )


def check_nan(nan: object) -> None:
    """Raises unless it says when modules are looked at, or leaves that to us."""
    if nan is not None and nan not in NAN_CHOICES:
        raise ArgumentError(f"nan is {nan!r}: choose from {', '.join(map(repr, NAN_CHOICES))}")


def check_loss(loss: object) -> None:
    """Raises unless it is one number."""
    is_one = loss.numel() == 1 and not loss.is_complex() if isinstance(loss, torch.Tensor) else _is_number(loss)
    if not is_one:
        given = f"a tensor of shape {list(loss.shape)}" if isinstance(loss, torch.Tensor) else repr(loss)
        raise ArgumentError(f"the loss is {given}, not one real number: pass for example loss.mean()")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) or (hasattr(value, "__float__") and getattr(value, "size", 1) == 1)


def check_name(name: object) -> None:
    """Raises unless the name can be a group's."""
    if name is not None and (not isinstance(name, str) or not name or "/" in name):
        raise ArgumentError(
            f"name is {name!r}, not a word without '/': pass for example name='generator', or none for 'model'"
        )


def check_global_step(global_step: object) -> None:
    """Raises unless the step can be asked for."""
    if global_step is not None and not callable(global_step):
        raise ArgumentError(
            f"global_step is {global_step!r}, not a function that returns the step: "
            "pass for example global_step=lambda: trainer.step, or none to count optimizer steps"
        )


def step_number(global_step: object) -> int:
    """A step as torch's SummaryWriter takes it: whatever int() takes, None for 0, fractions cut off."""
    step: int | None
    try:
        step = 0 if global_step is None else int(global_step)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError, RuntimeError):
        step = None
    if step is None or not -(2**63) <= step < 2**63:
        raise ArgumentError(f"global_step is {global_step!r}, not a whole number of 64 bits: pass the training step")
    return step


def _as_list(optimizers: Sequence[torch.optim.Optimizer]) -> list[torch.optim.Optimizer]:
    """Several optimizers; whatever else was given becomes the one wrong entry of a list."""
    return list(optimizers) if isinstance(optimizers, (list, tuple)) else [optimizers]  # type: ignore[list-item]


def _words(log: str | Iterable[str]) -> list[str]:
    if isinstance(log, str):
        return [log]
    try:
        words = list(log)
    except TypeError:
        words = []
    if not words:
        raise ArgumentError(f"log is {log!r}, not a word or several: choose from 'all', {_listed()}")
    return words


def _check_part(word: object) -> None:
    if word != "all" and word not in ALL_PARTS + EXTRA_PARTS:
        raise ArgumentError(f"log has {word!r}, which is not a part of the recording: choose from 'all', {_listed()}")


def _listed() -> str:
    return ", ".join(map(repr, ALL_PARTS + EXTRA_PARTS))
