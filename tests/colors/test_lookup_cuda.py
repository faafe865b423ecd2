"""The kernels for CUDA, interpreted where there is none, give exactly the colours of the CPU; and compile for a GPU."""

import math
import os
import subprocess
import sys

import pytest
import torch
from device import DEVICE
from fake_device import NoWaiting

from torchviz_tb import ArgumentError, colorize
from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.colors import coloring

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no triton elsewhere")

DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn,
    torch.uint8, torch.int32, torch.int64, torch.bool,
]  # fmt: skip
SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-40]


def picture(dtype: torch.dtype, *shape: int) -> torch.Tensor:
    values = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 50
    if dtype.is_floating_point and dtype.itemsize > 1:
        values.view(-1)[: len(SPECIAL)] = torch.tensor(SPECIAL)[: values.numel()]
    return (values if dtype.is_floating_point else values.abs()).to(dtype)


def by(monkeypatch: pytest.MonkeyPatch, engine: str, tensor: torch.Tensor, **options) -> torch.Tensor:
    monkeypatch.setenv(VARIABLE, engine)
    return colorize(tensor, nan_color=(1, 2, 3), **options)


def same(monkeypatch: pytest.MonkeyPatch, tensor: torch.Tensor, **options) -> None:
    used = []
    real = coloring._cuda.module
    with monkeypatch.context() as patched:
        patched.setattr(coloring._cuda, "module", lambda: used.append(real()) or used[-1])
        mine = by(monkeypatch, "triton", tensor.to(DEVICE), **options).cpu()
    assert used[0] is not None
    theirs = by(monkeypatch, "torch", tensor, **options)
    assert mine.shape == theirs.shape
    assert torch.equal(mine, theirs)


@pytest.mark.parametrize("limits", [{}, {"vmin": -20.0, "vmax": 70.0}, {"vmin": 0.5}, {"vmin": 2.0, "vmax": 2.0}])
@pytest.mark.parametrize("dataformats", ["CHW", "HWC"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_exactly_the_colours_of_the_cpu(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, dataformats: str, limits: dict[str, float]
):
    same(monkeypatch, picture(dtype, 37, 61), dataformats=dataformats, colormap="magma", **limits)


@pytest.mark.parametrize("dataformats", ["CHW", "HWC"])
@pytest.mark.parametrize("shape", [(5,), (), (3, 2, 17, 65), (0, 4), (1, 1), (2, 1, 9000)], ids=str)
def test_any_shape(monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], dataformats: str):
    same(monkeypatch, picture(torch.float64, *shape).nan_to_num(0.0, 1.0, -1.0).float(), dataformats=dataformats)


@pytest.mark.parametrize("scale", [3e38, 1e-44, 0.0, math.nan, math.inf])
def test_ranges_at_the_ends_of_float32(monkeypatch: pytest.MonkeyPatch, scale: float):
    same(monkeypatch, torch.linspace(-1, 1, 99).mul(scale))
    same(monkeypatch, torch.linspace(0.5, 1, 99).mul(scale).view(9, 11).T)


def test_nothing_waits_for_limits_that_are_not_given(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, "triton")
    values = picture(torch.float32, 20, 30).to(DEVICE)
    with NoWaiting():
        colorize(values)
        colorize(values, vmin=-1, vmax=1)


def test_limits_the_wrong_way_round_are_still_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, "triton")
    with pytest.raises(ArgumentError, match="vmin must not be above vmax"):
        colorize(torch.zeros(3), vmin=1)


PROGRAM = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from torchviz_tb.colors import triton_kernels as kernels

def compiled(kernel, signature, **fixed):
    names = kernel.arg_names
    source = ASTSource(
        fn=kernel,
        signature={**signature, **dict.fromkeys(fixed, "constexpr")},
        constexprs={(names.index(name),): value for name, value in fixed.items()},
    )
    triton.compile(source, target=GPUTarget("cuda", 80, 32))

for values, wide in (("*fp32", False), ("*bf16", False), ("*fp64", True)):
    found = {"values": values, "found": "*i64" if wide else "*i32", "count": "i32"}
    compiled(kernels.find_range, found, block=8192, wide=wide)
    rest = {"scale": "*fp64", "colors": "*u8", "out": "*u8", "count": "i32"}
    compiled(kernels.color, {"values": values, **rest}, block=1024, wide=wide, channels_first=True)
"""


@pytest.mark.heavy
def test_the_kernels_compile_for_a_gpu(tmp_path):
    environment = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
