"""Which engine measures, and that no first step waits for a compiler."""

import sys
import threading

import pytest
import torch

from torchviz_tb.capture import compilation
from torchviz_tb.capture.engines import choice
from torchviz_tb.capture.engines.numba import NumbaEngine
from torchviz_tb.capture.engines.numpy import NumpyEngine
from torchviz_tb.capture.engines.torch import TorchEngine
from torchviz_tb.errors import ArgumentError

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(choice, "_numba", compilation.Compilation("torchviz_tb.capture.engines.numba"))
    monkeypatch.setattr(choice, "_triton", compilation.Compilation("torchviz_tb.capture.engines.triton", "triton"))
    monkeypatch.delenv(compilation.VARIABLE, raising=False)


@pytest.fixture
def compiled(monkeypatch):
    """Nothing is compiled before this event."""
    event = threading.Event()
    load = compilation.importlib.import_module

    def slowly(name):
        event.wait(20)
        return load(name)

    monkeypatch.setattr(compilation.importlib, "import_module", slowly)
    return event


def test_numpy_measures_until_numba_is_ready(compiled):
    choice.prepare()
    assert type(choice.choose(CPU)) is NumpyEngine
    compiled.set()
    choice._numba._thread.join()
    assert type(choice.choose(CPU)) is NumbaEngine


def test_without_numba_it_is_numpy(monkeypatch):
    monkeypatch.setattr(compilation.importlib.util, "find_spec", lambda _: None)
    choice.prepare()
    assert type(choice.choose(CPU)) is NumpyEngine
    assert choice._numba._thread is None


def test_an_engine_can_be_named(monkeypatch):
    monkeypatch.setenv(compilation.VARIABLE, "numpy")
    assert type(choice.choose(CPU)) is NumpyEngine
    monkeypatch.setenv(compilation.VARIABLE, "numba")
    assert type(choice.choose(CPU)) is NumbaEngine


@pytest.mark.parametrize("device", ["mps", "xpu", "cuda", "meta"])
def test_devices_measure_by_torch_unless_their_tensors_are_to_be_copied(monkeypatch, device):
    monkeypatch.setattr(choice.torch.cuda, "is_initialized", lambda: False)
    assert type(choice.choose(torch.device(device))) is TorchEngine
    monkeypatch.setenv(compilation.VARIABLE, "numpy")
    assert type(choice.choose(torch.device(device))) is NumpyEngine


@pytest.mark.skipif(sys.platform != "linux", reason="there is no triton elsewhere")
def test_triton_measures_cuda_once_its_kernels_are_there(monkeypatch, compiled):
    monkeypatch.delenv("TRITON_INTERPRET")
    monkeypatch.setattr(choice.torch.cuda, "is_initialized", lambda: True)
    cuda = torch.device("cuda", 1)
    assert type(choice.choose(cuda)) is TorchEngine  # until then
    compiled.set()
    choice._triton._thread.join()
    assert type(choice.choose(cuda)).__name__ == "TritonEngine"
    assert type(choice.choose(torch.device("xpu"))) is TorchEngine
    monkeypatch.setenv(compilation.VARIABLE, "torch")
    assert type(choice.choose(cuda)) is TorchEngine
    monkeypatch.setenv(compilation.VARIABLE, "triton")
    assert type(choice.choose(cuda)).__name__ == "TritonEngine"
    assert isinstance(choice.choose(CPU), NumpyEngine)


def test_without_triton_torch_measures_cuda(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET")
    monkeypatch.setattr(choice.torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(compilation.importlib.util, "find_spec", lambda _: None)
    assert type(choice.choose(torch.device("cuda"))) is TorchEngine
    assert choice._triton._thread is None


def test_torch_measures_everywhere_if_it_is_named(monkeypatch):
    monkeypatch.setenv(compilation.VARIABLE, "torch")
    assert type(choice.choose(CPU)) is TorchEngine
    assert type(choice.choose(torch.device("cuda"))) is TorchEngine


def test_a_wrong_name_is_told_at_once(monkeypatch):
    monkeypatch.setenv(compilation.VARIABLE, "cuda")
    message = "TORCHVIZ_TB_ENGINE is 'cuda', not an engine: set it to 'auto', 'numpy', 'numba', 'torch' or 'triton'"
    with pytest.raises(ArgumentError, match=f"^{message}$"):
        choice.prepare()
    monkeypatch.setenv(compilation.VARIABLE, "numba")
    monkeypatch.setattr(compilation.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ArgumentError, match=r"not installed: pip install 'torchviz_tb\[fast\]'"):
        choice.prepare()
    monkeypatch.setenv(compilation.VARIABLE, "triton")
    with pytest.raises(ArgumentError, match=r"^TORCHVIZ_TB_ENGINE is 'triton', which is not installed: pip install"):
        choice.prepare()


def test_a_broken_installation_leaves_numpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchviz_tb.capture.engines.numba", None)
    warned = []
    monkeypatch.setattr(compilation.warnings, "warn", lambda message, **_: warned.append(message))
    choice.prepare()
    choice._numba._thread.join()
    assert type(choice.choose(CPU)) is NumpyEngine
    assert len(warned) == 1
    assert "can't use numba and goes on with numpy" in warned[0]
