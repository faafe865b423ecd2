"""Ordinary scalars out of event files, against what torch's writer wrote."""

from pathlib import Path

import event_file
import numpy as np
from torch.utils.tensorboard import SummaryWriter

from torchviz_tb.reading.event_files import EventFileSource


def test_scalars_of_both_styles(tmp_path: Path):
    with SummaryWriter(str(tmp_path / "run")) as writer:
        for step in range(5):
            writer.add_scalar("old", step / 4, step)
            writer.add_scalar("new", step / 8, step, new_style=True)
            writer.add_scalar("double", 1 / 3, step, new_style=True, double_precision=True)
        writer.add_text("note", "no scalar", 0)
        writer.add_histogram("values", np.arange(9), 0)
    source = EventFileSource(tmp_path)
    assert source.scalar_tags_by_run() == {"run": ["double", "new", "old"]}
    assert source.scalar_tags("run") == ["double", "new", "old"]
    assert source.scalars("run", "old") == [(step, step / 4) for step in range(5)]
    assert source.scalars("run", "new") == [(step, step / 8) for step in range(5)]
    assert source.scalars("run", "double") == [(step, 1 / 3) for step in range(5)]


def test_a_resumed_run_replaces_what_came_later(tmp_path: Path):
    file = event_file.EventFile(tmp_path / "run")
    for step in range(10):
        file.scalar("loss", 1.0, step)
    file.start(5)
    for step in range(5, 7):
        file.scalar("loss", 2.0, step)
    points = EventFileSource(tmp_path).scalars("run", "loss")
    assert points == [(step, 1.0 if step < 5 else 2.0) for step in range(7)]


def test_the_last_value_of_a_step_counts(tmp_path: Path):
    file = event_file.EventFile(tmp_path / "run")
    for value in (1.0, 2.0):
        file.scalar("loss", value, 3)
    assert EventFileSource(tmp_path).scalars("run", "loss") == [(3, 2.0)]
