"""What an optimizer's step did, against the difference in float64."""

import weakref

import numpy as np
import pytest
import torch

from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.capture.tensors import Unsupported
from torchviz_tb.capture.updates import UpdateSnapshot
from torchviz_tb.records import records_pb2 as pb


def updates(before: torch.Tensor, after: torch.Tensor, gradient: torch.Tensor) -> tuple[torch.Tensor, int]:
    deltas, lost = UpdateSnapshot([before]).finish([after], [gradient])
    [delta] = deltas
    assert isinstance(delta, torch.Tensor)
    return delta, lost[0]


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.complex64, torch.int8],
    ids=str,
)
def test_deltas_are_the_exact_difference_of_near_values(dtype: torch.dtype) -> None:
    before = torch.linspace(1, 8, 50, dtype=torch.float64).to(dtype)
    after = (torch.linspace(1, 8, 50, dtype=torch.float64) * 1.3).to(dtype)
    delta, _ = updates(before, after, torch.ones(50))
    wide = torch.complex128 if dtype.is_complex else torch.float64
    np.testing.assert_array_equal(delta.to(wide).numpy(), (after.to(wide) - before.to(wide)).numpy())


def test_an_optimizer_step_in_bfloat16_loses_updates_below_half_a_unit_in_the_last_place() -> None:
    parameter = torch.nn.Parameter(torch.ones(5, dtype=torch.bfloat16))
    # One unit in the last place below 1 is 2^-8; the learning rate is 1.
    parameter.grad = torch.tensor([0.0, 2.0**-12, 2.0**-10, 2.0**-8, 0.5], dtype=torch.bfloat16)
    snapshot = UpdateSnapshot([parameter])
    torch.optim.SGD([parameter], lr=1.0).step()
    deltas, lost = snapshot.finish([parameter], [parameter.grad])
    assert next(deltas).tolist() == [0.0, 0.0, 0.0, -(2.0**-8), -0.5]  # type: ignore[union-attr]
    assert lost == [2]


def test_a_zero_gradient_loses_nothing_and_minus_zero_is_zero() -> None:
    _, lost = updates(torch.tensor([0.0, 1.0]), torch.tensor([-0.0, 1.0]), torch.tensor([1.0, -0.0]))
    assert lost == 1


def test_nan_is_a_change() -> None:
    _, lost = updates(torch.tensor([float("nan")]), torch.tensor([float("nan")]), torch.tensor([1.0]))
    assert lost == 0


def test_the_snapshot_is_a_copy_that_leaves_the_parameter_alone() -> None:
    parameter = torch.nn.Parameter(torch.ones(3))
    snapshot = UpdateSnapshot([parameter])
    with torch.no_grad():
        parameter += 1
    [delta] = snapshot.finish([parameter], [torch.ones(3)]).deltas
    assert delta.tolist() == [1.0, 1.0, 1.0]  # type: ignore[union-attr]
    assert parameter.tolist() == [2.0, 2.0, 2.0]
    assert parameter.grad is None


def test_sparse_gradients_lose_only_where_they_have_entries() -> None:
    gradient = torch.sparse_coo_tensor([[1, 1]], [[1e-30, 1e-30], [0.0, 1e-30]], (3, 2))
    delta, lost = updates(torch.ones(3, 2), torch.ones(3, 2), gradient)
    assert lost == 2
    assert not delta.any()


def test_sites_without_a_step_say_why() -> None:
    parameters = [torch.ones(2), torch.ones(2), torch.eye(2).to_sparse(), torch.ones(2), pb.STATUS_EXCLUDED]
    snapshot = UpdateSnapshot(parameters)
    gradients = [pb.STATUS_NO_GRADIENT, pb.STATUS_FROZEN, torch.ones(2, 2), torch.ones(2), pb.STATUS_EXCLUDED]
    parameters[3] = torch.ones(3)
    deltas, lost = snapshot.finish(parameters, gradients)
    assert list(deltas) == [
        pb.STATUS_NO_GRADIENT,
        pb.STATUS_FROZEN,
        Unsupported("sparse parameter"),
        Unsupported("the parameter changed its shape or device during the step"),
        pb.STATUS_EXCLUDED,
    ]
    assert lost == [0, 0, 0, 0, 0]


def test_the_record_holds_statistics_and_lost_updates() -> None:
    before = [torch.zeros(4), torch.zeros(4), torch.zeros(4)]
    snapshot = UpdateSnapshot(before)
    after = [torch.tensor([0.0, 0.0, 1.0, -2.0]), torch.zeros(4), torch.zeros(4)]
    sample = snapshot.measure(after, [torch.ones(4), torch.zeros(4), pb.STATUS_NO_GRADIENT])
    columns = sample.statistics
    assert columns.stage == pb.STAGE_UPDATE
    assert list(columns.status) == [pb.STATUS_MEASURED, pb.STATUS_MEASURED, pb.STATUS_NO_GRADIENT]
    assert list(columns.lost) == [2, 0, 0]
    assert columns.l1[0] == 3.0
    assert [entry.site for entry in sample.distributions] == [0, 1]


def test_copies_are_let_go_of_one_by_one() -> None:
    snapshot = UpdateSnapshot([torch.ones(2), torch.ones(2)])
    copies = [weakref.ref(copy) for copy in snapshot._before]  # type: ignore[arg-type]
    deltas, _ = snapshot.finish([torch.ones(2)] * 2, [torch.ones(2)] * 2)
    next(deltas)
    assert [copy() is None for copy in copies] == [True, False]


def stepped() -> dict[str, tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Values before, after, and gradients of steps that engines have several ways to measure."""
    generator = torch.Generator().manual_seed(0)
    found = {}
    for size in (0, 1, 5000, 70_000, 300_000):  # from nothing over what is sorted to several pieces
        before, gradient = torch.randn(2, size, generator=generator)
        gradient[::3] = 0
        found[f"{size} spread"] = before, before - 0.01 * gradient, gradient
        found[f"{size} of one size"] = before, before + 1e-4 * gradient.sign(), gradient
        found[f"{size} lost"] = 1e4 * before, 1e4 * before + 1e-4 * gradient, gradient
    broken = found["300000 spread"][1].clone()
    broken[[7, 80_000, 80_001]] = torch.tensor([torch.nan, torch.inf, -torch.inf])
    return {**found, "broken": (found["300000 spread"][0], broken, found["300000 spread"][2])}


@pytest.mark.parametrize("histograms", [True, False])
def test_what_an_engine_subtracts_itself_is_what_the_delta_says(
    monkeypatch: pytest.MonkeyPatch, histograms: bool
) -> None:
    steps = stepped().values()
    befores, afters, gradients = ([*column] for column in zip(*steps, strict=True))
    samples = {}
    for engine in ("numba", "numpy"):
        monkeypatch.setenv(VARIABLE, engine)
        samples[engine] = UpdateSnapshot(befores).measure(afters, gradients, histograms=histograms)
    compiled, plain = samples["numba"].statistics, samples["numpy"].statistics
    lost = [int(((after == before) & (gradient != 0)).sum()) for before, after, gradient in steps]
    assert list(compiled.lost) == list(plain.lost) == lost
    assert sum(lost) > 0
    for column in ("status", "count", "zeros", "nan", "pos_inf", "neg_inf", "min", "max", "abs_max"):
        np.testing.assert_array_equal(getattr(compiled, column), getattr(plain, column))
    for column in ("mean", "std", "l1", "l2"):
        np.testing.assert_allclose(getattr(compiled, column), getattr(plain, column), rtol=1e-9, atol=1e-15)
    assert samples["numba"].distributions == samples["numpy"].distributions
    assert len(samples["numba"].distributions) == (len(steps) if histograms else 0)


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_where_no_site_has_a_step_all_say_why(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    monkeypatch.setenv(VARIABLE, engine)
    sample = UpdateSnapshot([torch.ones(2), torch.ones(3)]).measure(
        [torch.ones(2), torch.ones(3)], [pb.STATUS_NO_GRADIENT, pb.STATUS_FROZEN]
    )
    assert list(sample.statistics.status) == [pb.STATUS_NO_GRADIENT, pb.STATUS_FROZEN]
    assert list(sample.statistics.lost) == [0, 0]
