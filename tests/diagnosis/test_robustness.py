"""Whatever the numbers and however damaged the log: the rules answer, and never raise."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import sample_logs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_runs import STEPS, Tensors, write

from torchviz_tb.diagnosis import diagnose

SPECIAL = st.sampled_from([0.0, 1.0, -1e-30, 1e30, 1e300, np.inf, -np.inf, np.nan])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["parameter", "gradient", "update"]), st.integers(0, 15), SPECIAL), max_size=12),
    st.lists(SPECIAL, min_size=0, max_size=120),
)
def test_any_numbers(changes: list[tuple[str, int, float]], loss: list[float]):
    def change(step: int, tensors: Tensors) -> None:
        for index, (stage, site, value) in enumerate(changes):
            if step >= STEPS[index]:
                tensors[stage][site][:] = value

    with TemporaryDirectory() as folder:
        write(Path(folder, "run"), change, steps=STEPS[:14], loss=dict(enumerate(loss)))
        for finding in diagnose(folder)["run"]:
            assert finding.title
            assert finding.step in {*STEPS, *range(len(loss))}


@pytest.mark.parametrize("sample", ["empty", "foreign", "one_step", "all_nan", "unmeasured", "damaged", "newer"])
def test_any_log(sample: str, tmp_path: Path):
    sample_logs.SAMPLES[sample](tmp_path)
    for findings in diagnose(tmp_path).values():
        assert all(finding.evidence for finding in findings)
