"""Arguments of an operation, sorted into tensors and what will be shown."""

import torch

from torchviz_tb.capture.graph.arguments import sorted_arguments, tensors_of

A, B = torch.ones(2), torch.ones(3)


def sort(names, args, kwargs):
    tensors, attributes = sorted_arguments(names, args, kwargs)
    return [("A", "B")[tensor is B] for tensor in tensors], attributes


def test_tensors_come_in_order_from_whatever_holds_them():
    assert sort(("self", "others"), (B, [None, A], {"of": (B,)}), {"out": A}) == (["B", "A", "A"], ())
    assert [tensor is A for tensor in tensors_of([A, (B, [A])])] == [True, False, True]


def test_all_else_is_shown_by_its_name_but_generators_and_none():
    args = (A, [2, 3], [], 1.5, None, torch.float16, torch.Generator(), "mean")
    names = ("self", "size", "dims", "scale", "weight", "dtype", "generator", "reduction")
    expected = (("size", [2, 3]), ("dims", []), ("scale", 1.5), ("dtype", torch.float16), ("reduction", "mean"))
    assert sort(names, args, {}) == (["A"], expected)


def test_an_operator_without_a_schema_shows_its_keywords_and_keeps_no_tensor():
    assert sort((), (A, 7), {"steps": 3, "state": {"of": B}}) == (["A", "B"], (("steps", 3),))
