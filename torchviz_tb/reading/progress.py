"""How far a run is."""

import math
from dataclasses import dataclass

from torchviz_tb.records import records_pb2 as pb


@dataclass(frozen=True)
class Progress:
    """What the loop told of itself; None where it did not. ``step_in_epoch`` counts from 0, ``epoch`` from 1."""

    total_steps: int | None
    epoch: int | None
    epochs: int | None
    step_in_epoch: int | None
    steps_in_epoch: int | None
    items_per_second: float | None

    @classmethod
    def from_record(cls, record: pb.Progress) -> "Progress":
        """Absent values as None."""
        speed = record.items_per_second
        return cls(
            total_steps=record.total_steps or None,
            epoch=record.epoch or None,
            epochs=record.epochs or None,
            step_in_epoch=record.step_in_epoch if record.epoch else None,
            steps_in_epoch=record.steps_in_epoch or None,
            items_per_second=speed if math.isfinite(speed) and speed > 0 else None,
        )
