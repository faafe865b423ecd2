"""A part that fails is named once and is off."""

import warnings

import pytest

from torchviz_tb.watching.guard import Guard


def test_a_fault_is_swallowed_named_in_one_warning_and_switches_off_only_its_part():
    guard = Guard("encoder")
    with (
        pytest.warns(UserWarning, match=r"switched off 'updates' for 'encoder', all else goes on: ValueError: too odd"),
        guard.part("updates"),
    ):
        raise ValueError("too odd")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with guard.part("updates"):
            raise ValueError("again")
    assert guard.off == {"updates": "ValueError: too odd"}
    assert not guard.is_on("graph", "updates")
    assert guard.is_on("graph")


def test_what_is_not_a_fault_of_ours_passes():
    guard = Guard("encoder")
    with pytest.raises(KeyboardInterrupt), guard.part("updates"):
        raise KeyboardInterrupt
    with pytest.raises(LookupError), guard.part("updates", lets_through=(LookupError,)):
        raise KeyError("name")
    assert guard.off == {}
