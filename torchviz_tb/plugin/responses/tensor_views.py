"""Tensors that the user saved by name."""

import numpy as np

from torchviz_tb.plugin.arrays import Arrays, Json, float32
from torchviz_tb.plugin.query import Query, RequestError
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import TENSOR_VIEW
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.tensor_views import TensorView
from torchviz_tb.records.metadata import Kind


def tensor_views(query: Query) -> Json:
    """The route tensor_views."""
    groups = query.groups(query.run)
    entries = [entry for group in groups if (entry := _entry(group)) is not None]
    return {"tensor_views": entries, "problems": problems(each for group in groups for each in group.problems)}


def tensor_view(query: Query) -> Arrays:
    """The route tensor_view."""
    group, step = query.group, query.step_of(Kind.TENSOR_VIEW)
    view = group.read(TENSOR_VIEW, step)
    if view is None:
        message = f"the tensor '{group.name}' of run '{group.run}' at step {step} can't be read"
        raise RequestError(404, message, f"Why: {group.problems[0].message}. Choose another step.")
    header = {"step": step, **_facts(view), "problems": problems(group.problems)}
    return Arrays(header, {"values": float32(view.values.astype(np.float64))})


def _entry(group: Group) -> Json | None:
    """The newest that can be read; None where there is none."""
    steps = group.steps(Kind.TENSOR_VIEW)
    views = (group.read(TENSOR_VIEW, step) for step in reversed(steps))
    newest = next((view for view in views if view is not None), None)
    return None if newest is None else {"group": group.name, "steps": steps, **_facts(newest)}


def _facts(view: TensorView) -> Json:
    return {
        "name": view.name,
        "shape": view.values.shape,
        "full_shape": view.full_shape or (),
        "dtype": view.dtype,
        "axes": view.axes,
    }
