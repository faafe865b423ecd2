"""FLOPs, counted once for the same shapes: the count must be that of asking each time."""

import functools

import pytest
import torch

from torchviz_tb.capture.graph.operations import FlopCounter

A, B = torch.ones(2, 3), torch.ones(3, 4)


class Formula:
    """Counts how often it is asked; `reads_values` as torch's own formulas of attention over ragged batches."""

    def __init__(self, *, reads_values: bool) -> None:
        self.asked = 0
        if not reads_values:
            functools.update_wrapper(self, lambda: None)

    def __call__(self, *args, out_val, **kwargs):
        self.asked += 1
        return sum(arg.numel() for arg in args if isinstance(arg, torch.Tensor)) + kwargs.get("more", 0)


def test_the_same_shapes_are_counted_once_and_others_for_themselves():
    formula, flops = Formula(reads_values=False), FlopCounter()
    calls = [((A, [1]), {}), ((A + 1, [1]), {}), ((B, [1]), {}), ((A, [2]), {}), ((A, [1]), {"more": 7})]
    asked = [flops.count(formula, args, kwargs, A) for args, kwargs in calls]
    assert asked == [6, 6, 12, 6, 13]
    assert formula.asked == 4


def test_a_formula_that_reads_values_is_asked_each_time():
    formula, flops = Formula(reads_values=True), FlopCounter()
    assert [flops.count(formula, (A,), {}, A) for _ in range(3)] == [6, 6, 6]
    assert formula.asked == 3


def test_arguments_that_cannot_be_hashed_are_counted():
    formula, flops = Formula(reads_values=False), FlopCounter()
    assert [flops.count(formula, (A, {"of": "dicts"}), {}, A) for _ in range(2)] == [6, 6]


@pytest.mark.parametrize("formula", [None, lambda *_, out_val: 1 / 0])
def test_what_has_no_count_is_zero(formula):
    assert FlopCounter().count(formula, (A, B), {}, A) == 0
