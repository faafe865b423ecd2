"""Ordinary scalars of an event file: torch's, of both styles."""

from array import array

import numpy as np
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.types_pb2 import DT_DOUBLE, DT_FLOAT

_FLOATS = {DT_FLOAT: ("float_val", np.float32), DT_DOUBLE: ("double_val", np.float64)}
PLUGIN_NAME = "scalars"


class ScalarSeries:
    """The points of one tag as they come: 16 bytes each."""

    def __init__(self) -> None:
        self._steps = array("q")
        self._values = array("d")

    def add(self, step: int, value: float) -> None:
        """One more point."""
        self._steps.append(step)
        self._values.append(value)

    def drop_from(self, step: int) -> None:
        """Forgets this step and what comes after it: the run was resumed there."""
        kept = [index for index, each in enumerate(self._steps) if each < step]
        self._steps = array("q", (self._steps[index] for index in kept))
        self._values = array("d", (self._values[index] for index in kept))

    def points(self) -> list[tuple[int, float]]:
        """Steps and values, ascending; the last value written for a step."""
        return sorted(dict(zip(self._steps, self._values, strict=True)).items())


def scalar_value(value: Summary.Value, plugin_name: str) -> float | None:
    """The number of a scalar event, None of any other; ``plugin_name`` is that of the tag's first event."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    tensor = value.tensor
    if plugin_name != PLUGIN_NAME or tensor.dtype not in _FLOATS or tensor.tensor_shape.dim:
        return None
    field, dtype = _FLOATS[tensor.dtype]
    listed = getattr(tensor, field)
    if len(listed) == 1:
        return float(listed[0])
    content = tensor.tensor_content
    return float(np.frombuffer(content, dtype)[0]) if len(content) == np.dtype(dtype).itemsize else None
