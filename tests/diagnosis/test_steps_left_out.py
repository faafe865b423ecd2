"""What decides a step besides its gradient: clipping, a scaler that skips, what the watch saw in between."""

from pathlib import Path

import numpy as np
import pytest
from synthetic_runs import LAYERS, STEPS, Tensors, found, kinds, position, write

from torchviz_tb.diagnosis import Severity
from torchviz_tb.records import records_pb2 as pb


def clip(gradients: list[np.ndarray | int], threshold: float) -> None:
    norm = np.sqrt(sum(np.square(gradient).sum() for gradient in gradients))
    for gradient in gradients:
        gradient *= min(1.0, threshold / norm)


def clipped(threshold: float, share: float, *, raw: bool):
    """A change that clips the gradient by norm in a share of the steps; with ``raw`` keeps what it was before."""

    def change(step: int, tensors: Tensors) -> None:
        if raw:
            tensors["raw_gradient"] = [gradient.copy() for gradient in tensors["gradient"]]
        if STEPS.index(step) < share * len(STEPS):
            clip(tensors["gradient"], threshold)

    return change


@pytest.mark.parametrize("raw", [True, False])
def test_every_step_is_clipped(tmp_path: Path, raw: bool):
    write(tmp_path / "run", clipped(0.01, 1.0, raw=raw))
    (finding,) = found(tmp_path)
    assert (finding.kind, finding.title) == ("always_clipped", "100 % of the steps are clipped")
    assert finding.severity is Severity.NOTE
    assert "0.01" in finding.evidence
    assert finding.picture is not None
    assert finding.picture.stage == ("raw_gradient" if raw else "gradient")


@pytest.mark.parametrize("raw", [True, False])
def test_clipping_the_larger_half_is_healthy(tmp_path: Path, raw: bool):
    write(tmp_path / "run", clipped(0.01, 0.5, raw=raw))
    assert kinds(tmp_path) == []


def test_shaving_the_tail_is_healthy(tmp_path: Path):
    """Each step is clipped, but to nearly what it was."""
    usual = 0.01 * np.sqrt(LAYERS * (120 + 12))
    write(tmp_path / "run", clipped(usual / 2, 1.0, raw=True))
    assert kinds(tmp_path) == []


def skip(step: int, before: float = 65536.0, after: float = 32768.0) -> pb.Incident:
    return pb.Incident(kind=pb.INCIDENT_SKIPPED_STEP, step=step, before=before, after=after)


def test_skipped_steps(tmp_path: Path):
    write(tmp_path / "run", incidents=[skip(step) for step in range(5, 180, 15)])
    (finding,) = found(tmp_path)
    assert (finding.kind, finding.step) == ("skipped_steps", 5)
    assert finding.title == "6 % of the optimizer's steps were skipped"
    assert finding.evidence.startswith(
        "12 of 191 steps, the last at step 170. The loss scale went from 65,536 to 32,768."
    )


def test_one_incident_may_stand_for_several_steps(tmp_path: Path):
    write(tmp_path / "run", incidents=[skip(100, 2.0**16, 2.0**4)])
    (finding,) = found(tmp_path)
    assert finding.evidence.startswith("12 of 191 steps")


def test_a_scaler_that_looks_for_its_scale_is_healthy(tmp_path: Path):
    write(tmp_path / "run", incidents=[skip(step) for step in range(4)])
    assert kinds(tmp_path) == []


def test_a_few_skips_in_a_long_run_are_healthy(tmp_path: Path):
    write(tmp_path / "run", incidents=[skip(step) for step in range(5, 180, 25)])
    assert kinds(tmp_path) == []


def nan_at(step: int, **fields: object) -> pb.Incident:
    return pb.Incident(kind=pb.INCIDENT_NON_FINITE, step=step, **fields)


def test_what_the_watch_saw_between_two_samples_is_more_exact(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        if step >= 130:
            for tensor in (*tensors["parameter"], *tensors["gradient"]):
                tensor[:] = np.nan

    told = nan_at(
        127,
        site="layer3",
        stage=pb.STAGE_ACTIVATION,
        role=pb.ROLE_ORIGIN,
        first_bad_index=[0, 7],
        reason="The output of layer3 holds NaN, its inputs do not.",
    )
    write(tmp_path / "run", change, incidents=[told])
    (finding,) = found(tmp_path)
    assert (finding.kind, finding.step, finding.severity) == ("non_finite", 127, Severity.CRITICAL)
    assert finding.title == "First NaN or Inf in layer3, step 127"
    assert finding.evidence == "The output of layer3 holds NaN, its inputs do not. The first bad element is at [0, 7]."
    assert finding.sites == ("layer3.weight", "layer3.bias")


@pytest.mark.parametrize(
    ("size", "title"),
    [(1e22, "The norm overflows in layer3.weight, step 127"), (1.0, "First NaN or Inf in layer3.weight, step 127")],
)
def test_a_norm_too_large_for_the_recorder_is_not_called_nan(tmp_path: Path, size: float, title: str):
    def change(step: int, tensors: Tensors) -> None:
        if step >= 130:
            tensors["gradient"][position("layer3.weight")] *= size

    told = nan_at(127, site="layer3.weight", stage=pb.STAGE_GRADIENT)
    write(tmp_path / "run", change, incidents=[told])
    (finding,) = [each for each in found(tmp_path) if each.kind == "non_finite"]
    assert finding.title == title
    assert ("At step 130 it is 1.1e21, and nothing is NaN yet." in finding.evidence) is (size > 1)


@pytest.mark.parametrize(
    ("loss", "role", "title"),
    [
        (np.inf, pb.ROLE_PROPAGATION, "NaN from the loss, first in layer3.weight, step 127"),
        (2.0, pb.ROLE_PROPAGATION, "First NaN or Inf in layer3.weight, step 127"),
        (np.nan, pb.ROLE_ORIGIN, "First NaN or Inf in layer3.weight, step 127"),
    ],
)
def test_a_loss_that_breaks_though_the_output_was_finite_is_the_cause(tmp_path: Path, loss: float, role, title: str):
    reason = "What the model returned was finite."
    told = nan_at(127, site="layer3.weight", stage=pb.STAGE_GRADIENT, role=role, reason=reason)
    write(tmp_path / "run", loss={step: 2.0 if step < 127 else loss for step in range(150)}, incidents=[told])
    finding = found(tmp_path)[0]
    assert finding.title == title
    said = "'loss' is Inf at step 127, though what the model returned was finite: it arises in the loss."
    assert (said if title.startswith("NaN from") else reason) in finding.evidence


def test_a_spike_says_what_the_gradient_did(tmp_path: Path):
    spike = pb.Incident(kind=pb.INCIDENT_NORM_SPIKE, step=133, before=0.83, after=3703.0)
    write(
        tmp_path / "run",
        loss={step: 200.0 if step == 133 else 2 - step / 200 for step in range(200)},
        incidents=[spike],
    )
    (finding,) = found(tmp_path)
    assert finding.evidence == (
        "From 1.3, the median around it, to 200; at the next point it was back. "
        "The norm of the gradient goes from 0.83 to 3,703 at that step."
    )


def test_a_run_that_ended_before_its_next_sample_is_lost(tmp_path: Path):
    write(tmp_path / "run", incidents=[nan_at(195, site="layer2.bias", stage=pb.STAGE_GRADIENT)])
    (finding,) = found(tmp_path)
    assert (finding.step, finding.severity, finding.sites) == (195, Severity.CRITICAL, ("layer2.bias",))
    assert finding.evidence == "Seen at step 195 in layer2.bias."


def test_a_sample_before_what_was_told_says_more(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        if step == 120:
            tensors["gradient"][0].flat[0] = np.nan

    write(tmp_path / "run", change, incidents=[nan_at(150)])
    (finding,) = found(tmp_path)
    assert finding.step == 120
