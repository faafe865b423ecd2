"""The steps that led to an accident."""

from typing import Any

import numpy as np
import numpy.typing as npt

from torchviz_tb.errors import RecordError
from torchviz_tb.plugin.arrays import Arrays
from torchviz_tb.plugin.query import Query, RequestError
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import FLIGHT_RECORDER
from torchviz_tb.reading.flight_recorder import FlightRecorder
from torchviz_tb.reading.group import Group
from torchviz_tb.records.metadata import Kind


def flight_recorder(query: Query) -> Arrays:
    """The route flight_recorder."""
    group, step = query.group, query.step_of(Kind.FLIGHT_RECORDER)
    record = _record(group, step)
    if record is None:
        message = (
            f"the flight recorder's record of group '{group.name}' of run '{group.run}' at step {step} can't be read"
        )
        raise RequestError(404, message, f"Why: {group.problems[0].message}. Choose another step.")
    header = {
        "step": step,
        "trigger": record.trigger,
        "reason": record.reason,
        "steps_recorded": group.steps(Kind.FLIGHT_RECORDER),
        "problems": problems(group.problems),
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        "steps": record.steps.astype(np.float64),
        "gradient_norms": record.gradient_norms,
        "state": record.state,
        "losses": record.losses,
        "gradient_scales": record.gradient_scales,
        **record.details,
    }
    return Arrays(header, arrays)


def _record(group: Group, step: int) -> FlightRecorder | None:
    """The record over all sites of the group; None, and a problem, where it can't be read."""
    joined = group.read_on_sites(FLIGHT_RECORDER, step)
    if joined is None:
        return None
    try:
        return joined.record.placed(joined.positions, len(group.sites.sites))
    except RecordError as error:
        group.report(Kind.FLIGHT_RECORDER, step, error)
        return None
