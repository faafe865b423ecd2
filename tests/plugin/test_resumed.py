"""A run that is resumed with purge_step, in both of TensorBoard's backends: loaded afterwards, and while it watches."""

from pathlib import Path
from typing import Any

import pytest
import torch
from plugin_client import over_http
from tensorboard_process import BACKENDS, PLUGIN, TensorBoard, serving

from torchviz_tb import SummaryWriter

SCALARS = "data/plugin/scalars/scalars?tag=loss&run=run"


def session(log_dir: Path, first: int, end: int, value: float) -> None:
    """Steps of one session; each loss, and each norm of the weight, tells which session it is of."""
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, value)
    with SummaryWriter(log_dir, purge_step=first or None) as writer:
        for step in range(first, end):
            writer.add_scalar("loss", value, step)
            writer.add_parameters(model, step)


def shown(board: TensorBoard) -> tuple[list[float], list[float]]:
    """Losses by step, as TensorBoard's own dashboard gets them, and norms by step, as our page does."""
    losses = [value for _, _, value in sorted(board.json(SCALARS), key=lambda point: point[1])]
    place = {"run": "run", "group": "model", "stage": "parameter", "column": "l2"}
    answer = over_http(board.url.rstrip("/"))("statistics", **place)
    return losses, answer.arrays["values"].ravel().tolist()


def reached(step: int) -> Any:
    """Whether the loss has come that far, with all of its points up to there."""
    return lambda points: [int(point[1]) for point in sorted(points, key=lambda point: point[1])] == list(range(step))


@pytest.mark.parametrize("watching", [False, True], ids=["loaded afterwards", "loaded meanwhile"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_new_steps_take_the_place_of_the_old(tmp_path: Path, backend: str, watching: bool):
    session(tmp_path / "run", 0, 7, 1.0)
    if not watching:
        session(tmp_path / "run", 3, 5, 2.0)
    with serving(tmp_path, BACKENDS[backend]) as board:
        board.wait_for(f"{PLUGIN}runs", lambda answer: answer["runs"])
        if watching:
            board.wait_for(SCALARS, reached(7))
            session(tmp_path / "run", 3, 5, 2.0)
        board.wait_for(SCALARS, reached(5))
        expected = [1.0] * 3 + [2.0] * 2
        assert shown(board) == (expected, expected)
