"""Progress: what a loop tells, and that the loop notices nothing of it."""

import io
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

import torchviz_tb
from torchviz_tb import ArgumentError, SummaryWriter
from torchviz_tb.progress import Moment, Progress
from torchviz_tb.progress.bar import Bar


class Clock:
    """Advances by what each batch takes."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def moments(batches: list[object], seconds: float, **arguments: object) -> list[Moment]:
    """What is recorded of a loop whose batches take that long."""
    clock, recorded = Clock(), list[Moment]()
    for _ in Progress(batches, recorded.append, clock=clock, **arguments):
        clock.now += seconds
    return recorded


def test_moments_are_recorded_after_the_first_batch_then_every_two_seconds_and_at_the_end():
    steps = [moment.step for moment in moments([torch.zeros(8)] * 10, 0.75)]
    assert steps == [0, 3, 6, 9]


def test_a_moment_says_all_that_is_known():
    recorded = moments([torch.zeros(8, 3)] * 4, 0.25, epoch=1, epochs=3, first_step=4)
    assert recorded[-1] == Moment(
        step=7, total_steps=12, epoch=2, epochs=3, step_in_epoch=3, steps_in_epoch=4, items_per_second=32.0, loss=None
    )


def test_what_is_not_known_is_left_out():
    clock, recorded = Clock(), list[Moment]()
    list(Progress(iter([3]), recorded.append, clock=clock))
    assert recorded == [Moment(0, None, None, None, 0, None, None, None)]


@pytest.mark.parametrize(
    ("batch", "items"),
    [
        (torch.zeros(8, 2), 8),
        ((torch.zeros(4), torch.zeros(9)), 4),
        ({"x": np.zeros((6, 2))}, 6),
        ([{"ids": torch.zeros(3)}], 3),
        ("text", 1),
        (torch.zeros(()), 1),
        ([], 1),
        (None, 1),
    ],
)
def test_throughput_counts_the_examples_of_a_batch(batch: object, items: int):
    assert moments([batch] * 2, 1.0)[-1].items_per_second == items


def test_the_loss_is_that_of_the_batch():
    clock, recorded = Clock(), list[Moment]()
    for number in (progress := Progress([0, 1, 2], recorded.append, clock=clock)):
        clock.now += 5
        progress.loss(torch.tensor(float(number), requires_grad=True) * 2)
    assert [(moment.step, moment.loss) for moment in recorded] == [(0, 0.0), (1, 2.0), (2, 4.0)]


def test_a_loss_that_is_no_number_is_not_told():
    recorded: list[Moment] = []
    for _ in (progress := Progress([0], recorded.append)):
        progress.loss(torch.zeros(3))
    assert recorded[0].loss is None


def test_leaving_the_loop_early_tells_how_far_it_came():
    clock, recorded = Clock(), list[Moment]()
    for number in Progress(range(10), recorded.append, clock=clock):
        clock.now += 0.1
        if number == 4:
            break
    assert [moment.step for moment in recorded] == [0, 4]


def test_an_empty_loop_records_nothing():
    assert moments([], 1.0) == []


def test_the_bar_shows_epoch_share_speed_loss_and_time_left(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "120")
    stream, clock = io.StringIO(), Clock()
    stream.isatty = lambda: True
    for number in (progress := Progress([torch.zeros(64)] * 4, lambda _: None, 1, 5, 0, Bar(stream), clock=clock)):
        clock.now += 30
        progress.loss(0.5 / (number.numel() / 64))
    lines = [line.split() for line in stream.getvalue().split("\r") if line]
    assert lines[0] == ["epoch", "2", "of", "5", "0", "%", "0", "of", "4", "0:00"]
    assert lines[1] == [
        "epoch",
        "2",
        "of",
        "5",
        "25",
        "%",
        "██████████",
        "1",
        "of",
        "4",
        "2.13/s",
        "loss",
        "0.5",
        "0:30",
        "1:30",
        "left",
    ]
    assert lines[-1][:6] == ["epoch", "2", "of", "5", "100", "%"]
    assert lines[-1][7:] == ["4", "of", "4", "2.13/s", "loss", "0.5", "2:00"]


def test_it_has_the_loaders_length():
    loader = DataLoader(TensorDataset(torch.zeros(10, 2)), batch_size=4)
    assert len(Progress(loader, lambda _: None)) == 3


class Endless(IterableDataset):
    def __iter__(self) -> Iterator[int]:
        return iter(range(3))


def test_a_loader_without_a_length():
    progress = Progress(DataLoader(Endless()), lambda _: None)
    with pytest.raises(TypeError):
        len(progress)
    assert len(list(progress)) == 3


@pytest.mark.parametrize(
    ("iterable", "arguments", "sentence"),
    [
        (3, {}, "progress is given a int: pass what the loop iterates over"),
        ([], {"epoch": -1}, "epoch is -1, not a whole number from 0 on: leave it out if it is not known"),
        ([], {"epochs": 0}, "epochs is 0, not a whole number from 1 on: leave it out if it is not known"),
        ([], {"epochs": True}, "epochs is True, not a whole number from 1 on: leave it out if it is not known"),
        ([], {"epoch": 1.5}, "epoch is 1.5, not a whole number from 0 on: leave it out if it is not known"),
    ],
)
def test_wrong_arguments(iterable: object, arguments: dict[str, object], sentence: str, tmp_path):
    with SummaryWriter(tmp_path) as writer, pytest.raises(ArgumentError) as caught:
        writer.progress(iterable, **arguments)
    assert str(caught.value) == sentence


def test_epochs_that_are_counted_from_1_are_warned_of_and_go_on(tmp_path):
    with SummaryWriter(tmp_path) as writer, pytest.warns(UserWarning, match="epoch 2 of 2: epochs are counted from 0"):
        assert list(writer.progress([1, 2], epoch=2, epochs=2, show=False)) == [1, 2]


def test_a_run_of_several_epochs_can_be_read_back(tmp_path, capsys: pytest.CaptureFixture[str]):
    batches = [SimpleNamespace(shape=(16,))] * 3
    with SummaryWriter(tmp_path / "run") as writer:
        for epoch in range(2):
            for _ in (progress := writer.progress(batches, epoch=epoch, epochs=2)):
                progress.loss(1.5 - epoch)
    run = torchviz_tb.load(tmp_path)["run"]
    assert run.steps("progress") == [0, 2, 3, 5]
    last = run.progress()
    assert (last.total_steps, last.epoch, last.epochs, last.step_in_epoch, last.steps_in_epoch) == (6, 2, 2, 2, 3)
    assert last.items_per_second > 0
    assert "epoch 2 of 2  100 %" in capsys.readouterr().err


def test_steps_may_begin_anywhere(tmp_path):
    with SummaryWriter(tmp_path / "run") as writer:
        list(writer.progress([1, 2], first_step=70, show=False))
        list(writer.progress([1, 2], show=False))
    assert torchviz_tb.load(tmp_path)["run"].steps("progress") == [70, 71, 72, 73]
