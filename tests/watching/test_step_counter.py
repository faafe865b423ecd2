"""Whose step begins a training step, for loops that call their optimizers in all sorts of orders."""

import pytest

from torchviz_tb.watching.step_counter import StepCounter


class Optimizer:
    pass


@pytest.mark.parametrize(
    ("loop", "begins"),
    [
        ("AAA", "AAA"),
        ("ABABAB", "A A A "),
        ("BABABA", "B B B "),
        ("ABBBABBB", "A   A   "),
        ("BBBABBBA", "BBB BBB "),  # the schedule takes the first of them, for the count is the same
        ("BAAABAAA", "B AAB AA"),  # between two of B's, A begins its own
        ("BABAAAA", "B B AAA"),  # B has stopped
    ],
)
def test_begins(loop, begins):
    optimizers = {"A": Optimizer(), "B": Optimizer()}
    counter = StepCounter(list(optimizers.values()))
    marks = ""
    for name in loop:
        marks += name if counter.begins(optimizers[name]) else " "
        counter.ended(optimizers[name])
    assert marks == begins
    assert counter.count == loop.count("A")


def test_without_optimizers_somebody_else_counts():
    assert StepCounter([]).count == 0
    assert not StepCounter([]).is_first(Optimizer())
