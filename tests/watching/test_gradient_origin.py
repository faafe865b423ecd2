"""Which of the bad gradients was the first of the backward pass, and what follows from those that are finite."""

import pytest

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.gradient_origin import gradient_origin

# Defined in another order than they run.
SITES = [pb.Site(name=f"{module}.weight", module=module) for module in ("head", "embed", "block", "unused")]
HEAD, EMBED, BLOCK, UNUSED = range(4)
CALLS = ["", "embed", "block", "block", "head"]


def test_it_is_the_one_that_runs_last():
    found = gradient_origin([EMBED, BLOCK], [HEAD], SITES, CALLS, forward_was_finite=None)
    assert (found.site, found.role) == (BLOCK, pb.ROLE_ORIGIN)
    assert "of what runs after it are finite (head.weight)" in found.reason


def test_the_order_of_definition_proves_nothing():
    found = gradient_origin([HEAD, EMBED], [BLOCK], SITES, [], forward_was_finite=None)
    assert (found.site, found.role) == (EMBED, pb.ROLE_UNSPECIFIED)
    assert "of what is defined after it are finite (block.weight)" in found.reason


@pytest.mark.parametrize(
    ("forward_was_finite", "role", "words"),
    [
        (True, pb.ROLE_PROPAGATION, "it arises in the loss."),
        (None, pb.ROLE_UNSPECIFIED, "in the loss or in the forward pass. With watch(..., nan='origin')"),
    ],
)
def test_where_nothing_after_it_is_finite_it_comes_from_the_loss_or_the_forward(forward_was_finite, role, words):
    found = gradient_origin([HEAD, EMBED], [BLOCK], SITES, CALLS, forward_was_finite=forward_was_finite)
    assert (found.site, found.role) == (HEAD, role)
    assert words in found.reason


@pytest.mark.parametrize("forward_was_finite", [True, None])
def test_where_none_is_finite_clipping_may_have_spread_it(forward_was_finite):
    found = gradient_origin([HEAD, EMBED, BLOCK], [], SITES, CALLS, forward_was_finite=forward_was_finite)
    assert "unless clipping by norm spread it from one layer's backward pass" in found.reason


def test_a_module_that_was_not_called_says_nothing_of_others():
    found = gradient_origin([UNUSED], [HEAD], SITES, CALLS, forward_was_finite=None)
    assert (found.site, found.role) == (UNUSED, pb.ROLE_UNSPECIFIED)
    assert "are finite" not in found.reason
