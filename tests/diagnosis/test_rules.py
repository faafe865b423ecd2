"""Each rule at its limits, on logs whose every tensor is known."""

import math
from pathlib import Path

import numpy as np
import pytest
from synthetic_runs import LAYERS, NAMES, SHAPES, STEPS, Tensors, found, kinds, position, write

from torchviz_tb.diagnosis import Severity, thresholds
from torchviz_tb.records import records_pb2 as pb


def test_nothing_wrong(tmp_path: Path):
    write(tmp_path / "run", loss={step: 2.0 * math.exp(-step / 100) for step in range(200)})
    assert found(tmp_path) == []


def test_a_run_without_records_of_ours_is_left_out(tmp_path: Path):
    assert found_runs(tmp_path) == {}


def found_runs(root: Path) -> dict[str, object]:
    from sample_logs import foreign

    from torchviz_tb.diagnosis import diagnose

    foreign(root)
    return dict(diagnose(root))


@pytest.mark.parametrize(
    ("stage", "sites", "first", "words"),
    [
        ("gradient", ["layer0.weight", "layer3.weight", "layer2.bias"], "layer3.weight", "backward pass"),
        ("gradient", ["layer7.weight", "layer3.bias"], "layer7.weight", "loss or in the forward pass."),
        ("gradient", NAMES, "layer7.weight", "unless clipping by norm spread it from one layer's backward pass"),
        ("parameter", ["layer5.bias", "layer2.weight"], "layer2.weight", "update before"),
        ("update", ["layer4.weight"], "layer4.weight", "optimizer"),
    ],
)
def test_where_nan_arises(tmp_path: Path, stage: str, sites: list[str], first: str, words: str):
    def change(step: int, tensors: Tensors) -> None:
        if step == 120:
            for site in sites:
                tensors[stage][position(site)].flat[3] = np.nan

    write(tmp_path / "run", change)
    finding = found(tmp_path)[0]
    assert (finding.kind, finding.step, finding.sites[0]) == ("non_finite", 120, first)
    assert words in finding.evidence
    assert set(finding.sites) == set(sites)


def test_an_infinity_is_not_called_nan(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        if step == 50:
            tensors["gradient"][0].flat[0] = -np.inf

    write(tmp_path / "run", change)
    (finding,) = found(tmp_path)
    assert finding.title == "Inf starts in layer0.weight, step 50"
    assert finding.severity is Severity.WARNING  # the weights stayed finite: one skipped batch


def test_nan_weights_are_critical(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        if step >= 50:
            for tensor in (*tensors["parameter"], *tensors["gradient"]):
                tensor[:] = np.nan

    write(tmp_path / "run", change)
    (finding,) = found(tmp_path)
    assert finding.severity is Severity.CRITICAL


@pytest.mark.parametrize(("decades", "kind"), [(-5, "vanishing_gradient"), (5, "gradient_grows_with_depth"), (3, None)])
def test_flow_by_depth(tmp_path: Path, decades: float, kind: str | None):
    def change(step: int, tensors: Tensors) -> None:
        for site, gradient in enumerate(tensors["gradient"]):
            gradient *= 10.0 ** (decades * (1 - (site // 2) / (LAYERS - 1)))

    write(tmp_path / "run", change)
    assert kinds(tmp_path) == ([kind] if kind else [])


def test_lookup_tables_have_no_depth(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        for site, gradient in enumerate(tensors["gradient"]):
            gradient *= 10.0 ** (-6 * (1 - (site // 2) / (LAYERS - 1)))

    write(tmp_path / "run", change, sites={"module_type": "Embedding"})
    assert kinds(tmp_path) == []


def test_an_explosion_that_comes_back_is_a_warning(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        if 120 <= step < 160:
            for gradient in tensors["gradient"]:
                gradient *= 1e5

    write(tmp_path / "run", change)
    (finding,) = found(tmp_path)
    assert (finding.kind, finding.step, finding.severity) == ("exploding_gradient", 120, Severity.WARNING)


def test_one_large_gradient_is_no_explosion(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        if step == 120:
            for gradient in tensors["gradient"]:
                gradient *= 1e5

    write(tmp_path / "run", change)
    assert kinds(tmp_path) == []


def test_stopped_since(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        if step >= 140:
            tensors["gradient"][position("layer4.weight")][:] = 0
            tensors["gradient"][position("layer4.bias")][:] = 0

    write(tmp_path / "run", change)
    (finding,) = found(tmp_path)
    assert finding.title == "layer4 stopped learning at step 140"
    assert finding.sites == ("layer4.weight", "layer4.bias")
    assert "from step 140 to 190, 6 samples; at step 130 it was not" in finding.evidence


def silence(tensors: Tensors, *names: str) -> None:
    for name in names:
        tensors["gradient"][position(name)][:] = 0


@pytest.mark.parametrize(
    ("silent", "title", "first"),
    [
        (["layer0", "layer1", "layer2", "layer3.weight"], "All units of layer2 died at step 140", "layer2.weight"),
        # Its input is 0, yet what makes that is not silent; a layer that learns is in between; two layers could be it.
        (["layer3.weight"], "layer3.weight stopped learning at step 140", "layer3.weight"),
        (["layer1", "layer3.weight"], "layer1.weight and 2 more stopped learning at step 140", "layer1.weight"),
        (
            ["layer0", "layer1.weight", "layer4", "layer5.weight"],
            "layer0.weight and 5 more stopped learning at step 140",
            "layer0.weight",
        ),
    ],
)
def test_the_layer_that_died_is_named_where_a_bias_proves_it(tmp_path: Path, silent: list[str], title: str, first: str):
    def change(step: int, tensors: Tensors) -> None:
        if step >= 140:
            silence(tensors, *(name for name in NAMES if name.startswith(tuple(silent))))

    write(tmp_path / "run", change)
    (finding,) = found(tmp_path)
    assert (finding.title, finding.sites[0]) == (title, first)
    proof = "layer3.bias still has one, so what layer3 gets from layer2 is exactly 0."
    assert finding.evidence.endswith(proof) is title.startswith("All units")


def test_a_short_silence_is_none(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        if step >= STEPS[-thresholds.STOPPED_SAMPLES + 1]:
            tensors["gradient"][position("layer4.weight")][:] = 0

    write(tmp_path / "run", change)
    assert kinds(tmp_path) == []


def test_never_learned_and_without_gradient(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        silence(tensors, "layer1.weight")
        tensors["parameter"][position("layer1.weight")][:] = 0
        tensors["gradient"][position("layer6.bias")] = pb.STATUS_NO_GRADIENT
        tensors["gradient"][position("layer7.bias")] = pb.STATUS_FROZEN  # meant: no finding

    write(tmp_path / "run", change)
    assert [(finding.kind, finding.sites) for finding in found(tmp_path)] == [
        ("never_learned", ("layer1.weight",)),
        ("no_gradient", ("layer6.bias",)),
    ]
    assert found(tmp_path)[0].evidence.endswith("What layer1.weight holds is exactly 0 as well: nothing passes.")


def test_a_gradient_that_came_once_is_no_missing_one(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        if step != 100:
            tensors["gradient"][position("layer6.bias")] = pb.STATUS_NO_GRADIENT

    write(tmp_path / "run", change)
    assert kinds(tmp_path) == []


@pytest.mark.parametrize(("factor", "kind"), [(300.0, "update_too_large"), (1e-5, "update_too_small"), (1.0, None)])
def test_update_ratio(tmp_path: Path, factor: float, kind: str | None):
    def change(step: int, tensors: Tensors) -> None:
        for update in tensors["update"]:
            update *= factor

    write(tmp_path / "run", change)
    assert kinds(tmp_path) == ([kind] if kind else [])


@pytest.mark.parametrize(("dtype", "expected"), [("bfloat16", ["lost_updates"]), ("float32", [])])
def test_lost_updates_are_told_of_low_precision_only(tmp_path: Path, dtype: str, expected: list[str], monkeypatch):
    monkeypatch.setattr(thresholds, "LOST_SHARE", 0.05)  # the synthetic logs count a tenth of each site as lost
    write(tmp_path / "run", sites={"dtype": dtype, "module_type": "Linear"})
    assert kinds(tmp_path) == expected


def test_norms_that_keep_growing(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        tensors["parameter"][position("layer3.weight")] *= 1.03**step

    write(tmp_path / "run", change)
    (finding,) = found(tmp_path)
    assert (finding.kind, finding.sites) == ("norm_drift", ("layer3.weight",))


def test_norms_that_have_settled(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        tensors["parameter"][position("layer3.weight")] *= min(1.1**step, 100.0)

    write(tmp_path / "run", change)
    assert kinds(tmp_path) == []


NOISE = np.random.default_rng(1).normal(0, 0.02, 200)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (lambda step: 2.3 + NOISE[step], ["loss_plateau"]),
        (lambda step: 2.3 * math.exp(-step / 100) + NOISE[step], []),
        (lambda step: -5.0 + NOISE[step], []),  # a negative loss has no share to fall by
        (lambda step: 2.3 * math.exp(-step / 50) + NOISE[step] + 20 * (step == 150), ["loss_spike"]),
        (lambda step: 2.3 * math.exp(-step / 20) + abs(NOISE[step]) + 0.5 * (step == 150), []),  # noise near 0
        (lambda step: float("nan") if step % 2 else 2.3 * math.exp(-step / 100), []),
        (lambda step: 2.3, ["loss_plateau"]),
    ],
)
def test_loss(tmp_path: Path, loss, expected: list[str]):
    write(tmp_path / "run", loss={step: float(loss(step)) for step in range(200)})
    assert kinds(tmp_path) == expected


@pytest.mark.parametrize(
    ("loss", "title"),
    [
        (lambda step: 2.3, "The loss has not fallen in 199 steps"),
        (lambda step: 2.3 - 1.5 * (60 < step < 100), "The loss is back where it began after 199 steps"),
    ],
)
def test_a_loss_that_fell_and_came_back_is_not_said_to_have_stayed(tmp_path: Path, loss, title: str):
    write(tmp_path / "run", loss={step: float(loss(step)) + NOISE[step] for step in range(200)})
    assert title in [finding.title for finding in found(tmp_path)]


def test_too_few_samples_say_nothing_but_non_finite(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        for stage in ("gradient", "update"):
            for tensor in tensors[stage]:
                tensor[:] = 0
        if step == 30:
            tensors["gradient"][0].flat[0] = np.nan

    write(tmp_path / "run", change, steps=STEPS[: thresholds.MIN_SAMPLES - 1], loss=dict.fromkeys(range(30), 2.0))
    assert kinds(tmp_path) == ["non_finite"]


def test_causes_come_before_symptoms(tmp_path: Path):
    def change(step: int, tensors: Tensors) -> None:
        if step >= 100:
            for gradient in tensors["gradient"]:
                gradient[:] = 0

    write(tmp_path / "run", change, loss=dict.fromkeys(range(200), 2.3))
    stopped, plateau = found(tmp_path)
    assert (stopped.kind, plateau.kind) == ("stopped_learning", "loss_plateau")
    assert len(SHAPES) == len(stopped.sites)
    assert "look at the data" not in plateau.evidence


def test_a_plateau_alone_points_at_the_data(tmp_path: Path):
    write(tmp_path / "run", loss=dict.fromkeys(range(200), 2.3))
    (plateau,) = found(tmp_path)
    assert plateau.evidence == (
        "The median of 'loss' is 2.3 over the first tenth and 2.3 over the last quarter. "
        "Gradients, updates and weights show no fault: look at the data, the targets and the loss."
    )
