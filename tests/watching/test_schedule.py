"""Which steps are sampled."""

from hypothesis import given
from hypothesis import strategies as st

from torchviz_tb.watching.schedule import Schedule

freqs = st.integers(1, 500)


@given(freqs)
def test_counted_steps_are_sampled_at_the_multiples(freq):
    schedule = Schedule(freq)
    assert [step for step in range(1200) if schedule.take(step)] == list(range(0, 1200, freq))


@given(freqs, st.lists(st.integers(-(2**60), 2**60), min_size=1, unique=True).map(sorted))
def test_steps_that_skip_numbers_are_sampled_once_in_each_stretch(freq, steps):
    schedule = Schedule(freq)
    taken = [step for step in steps if schedule.take(step)]
    assert taken[0] == steps[0]
    stretches = {step // freq for step in steps}
    assert len(taken) == len(stretches)
    assert {step // freq for step in taken} == stretches


@given(freqs)
def test_steps_that_go_back_are_not_sampled_again(freq):
    schedule = Schedule(freq)
    assert schedule.take(10 * freq)
    assert not any(schedule.take(step) for step in range(0, 11 * freq, max(1, freq // 3)))
    assert schedule.take(11 * freq)
