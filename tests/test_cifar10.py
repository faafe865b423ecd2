"""demo/cifar10.py: reads the data set's own format, refuses what only looks like it, learns."""

import importlib.util
import io
import pickle
import re
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

import torchviz_tb

DEMO = Path(__file__).resolve().parent.parent / "demo" / "cifar10.py"


@pytest.fixture(scope="module")
def cifar10() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cifar10_demo", DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2 did, which made the real files."""

    dispatch = dict(pickle._Pickler.dispatch)  # noqa: RUF012 (as its base has it)

    def save_bytes(self, value: bytes) -> None:
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes


def python2_pickle(value: object) -> bytes:
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(value)
    return file.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def batch(count: int, seed: int = 0) -> dict[bytes, object]:
    """Pictures whose brightness in one of ten stripes gives the class away."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, count)
    data = random.integers(0, 60, (count, 3, 32, 32), dtype=np.uint8)
    for picture, label in zip(data, labels, strict=True):
        picture[:, :, 3 * label : 3 * label + 3] += 180
    return {
        b"batch_label": b"training batch 1 of 5",
        b"labels": labels.tolist(),
        b"data": data.reshape(count, 3072),
        b"filenames": [f"stripe_{number}.png".encode() for number in range(count)],
    }


def write(path: Path, value: object) -> Path:
    path.write_bytes(python2_pickle(value))
    return path


@pytest.mark.parametrize(
    "pickled",
    [
        python2_pickle,
        lambda value: pickle.dumps(value, protocol=2),
        lambda value: pickle.dumps({key.decode(): each for key, each in value.items()}, protocol=2),
    ],
    ids=["python 2", "python 3", "text keys"],
)
def test_a_batch_is_read_exactly(cifar10: ModuleType, tmp_path: Path, pickled):
    wanted = batch(300)
    path = tmp_path / "data_batch_1"
    path.write_bytes(pickled(wanted))
    pictures, labels = cifar10.read_batch(path)
    assert pictures.dtype == torch.float32
    np.testing.assert_array_equal((pictures * 255).round().numpy().reshape(300, 3072), wanted[b"data"])
    assert labels.tolist() == wanted[b"labels"]


class Evil:
    def __init__(self, call, *arguments) -> None:
        self.reduced = (call, arguments)

    def __reduce__(self):
        return self.reduced


EXECUTED: list[object] = []


@pytest.mark.parametrize(
    "evil",
    [
        Evil(EXECUTED.append, 1),
        Evil(eval, "__import__('builtins').print('executed')"),
        Evil(np.fromstring, "1"),
        Evil(io.open, "executed", "w"),
        Evil(getattr, "text", "upper"),
    ],
    ids=["method", "eval", "numpy", "open", "getattr"],
)
@pytest.mark.parametrize("place", ["alone", "value", "label"])
@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
def test_nothing_of_a_hostile_file_is_executed(
    cifar10: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, evil: Evil, place: str, protocol: int
):
    monkeypatch.chdir(tmp_path)
    hostile: object = evil
    if place != "alone":
        hostile = {**batch(2), (b"extra" if place == "value" else b"labels"): [evil, 1]}
    path = tmp_path / "data_batch_1"
    path.write_bytes(pickle.dumps(hostile, protocol=protocol))
    with pytest.raises(cifar10.Refused, match=re.escape(f"{path} is not a batch of CIFAR-10")):
        cifar10.read_batch(path)
    assert EXECUTED == []
    assert [each.name for each in tmp_path.iterdir()] == ["data_batch_1"]
    assert "executed" not in capsys.readouterr().out


RAW = {
    "asks for a module by text": b"cposix\nsystem\n(S'touch executed'\ntR.",
    "builds a stand-in without a state": b"\x80\x02cnumpy\nndarray\n)RNb.",
    "calls a stand-in on odd arguments": b"\x80\x02c_codecs\nencode\nK\x01K\x02\x86R.",
    "memo bomb": b"\x80\x02]r\xff\xff\xff\x7f.",
    "text bomb": b"\x80\x02X\xff\xff\xff\x7fabc.",
    "another pickle's instruction": b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
    "extension registry": b"\x80\x02\x82\x01.",
    "persistent identity": b"Pabc\n.",
    "nothing": b"",
    "text": b"hello",
    "a number": b"K\x05.",
    "a list": b"].",
    "an empty dict": b"}.",
}


@pytest.mark.parametrize("content", RAW.values(), ids=RAW)
def test_what_is_no_batch_is_refused_by_name(cifar10: ModuleType, tmp_path: Path, content: bytes):
    path = tmp_path / "test_batch"
    path.write_bytes(content)
    with pytest.raises(cifar10.Refused, match=re.escape(str(path))):
        cifar10.read_batch(path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({b"labels": [1, 2]}, "one row of 3072 bytes for each label"),
        ({b"labels": [1, 2, 10]}, "numbers from 0 to 9"),
        ({b"labels": [1, 2, "3"]}, "numbers from 0 to 9"),
        ({b"labels": []}, "one row of 3072 bytes"),
        ({b"labels": None}, "NoneType"),
        ({b"data": b"bytes"}, "one row of 3072 bytes"),
        ({b"data": np.zeros((3, 3072), np.float32)}, "one row of 3072 bytes"),
        ({b"data": np.zeros((3, 100), np.uint8)}, "one row of 3072 bytes"),
        ({b"data": np.array([None] * 3)}, "one row of 3072 bytes"),
        ({b"data": np.asfortranarray(np.zeros((3, 3072), np.uint8))}, "its rows lie in columns"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(cifar10: ModuleType, tmp_path: Path, changes: dict, reason: str):
    path = write(tmp_path / "data_batch_3", {**batch(3), **changes})
    with pytest.raises(cifar10.Refused) as caught:
        cifar10.read_batch(path)
    assert str(caught.value).startswith(f"{path} is not a batch of CIFAR-10")
    assert reason in str(caught.value)


def test_a_file_cut_anywhere_is_refused(cifar10: ModuleType, tmp_path: Path):
    path = write(tmp_path / "data_batch_2", batch(2))
    whole = path.read_bytes()
    for length in {*range(0, len(whole) - 1, 97), *range(40), len(whole) - 1}:
        path.write_bytes(whole[:length])
        with pytest.raises(cifar10.Refused, match="data_batch_2"):
            cifar10.read_batch(path)


def test_a_file_that_is_too_large_is_not_even_read(cifar10: ModuleType, tmp_path: Path):
    path = tmp_path / "data_batch_1"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(cifar10.Refused, match="it is too large"):
        cifar10.read_batch(path)


def run(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-W", "error:::torchviz_tb", str(DEMO), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=cwd)


def test_without_the_files_it_says_what_to_do(tmp_path: Path):
    done = run("--data", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"{tmp_path} holds no data_batch_1: pass --data with the folder of the data set, or --download"
    )
    assert list(tmp_path.iterdir()) == []


def test_download_without_torchvision_says_what_to_install(cifar10: ModuleType, tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(cifar10.Refused, match="--download needs torchvision, which is not installed: pip install"):
        cifar10.download(tmp_path)


@pytest.mark.heavy
def test_it_learns_from_a_small_set_and_logs_all_that_a_visualizer_shows(tmp_path: Path):
    folder = tmp_path / "data" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for number in range(1, 6):
        write(folder / f"data_batch_{number}", batch(160, seed=number))
    write(folder / "test_batch", batch(200, seed=6))
    done = run(
        "--data", str(tmp_path / "data"), "--log-dir", str(tmp_path / "runs/small"), "--epochs", "6", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    share = re.fullmatch(r"test accuracy: (\d+\.\d)%", done.stdout.splitlines()[-1])
    assert share, done.stdout
    assert float(share[1]) > 50  # guessing gives 10
    assert "cifar10: 10 parameters, 62,006 values" in done.stdout
    assert "epoch 6 of 6  100 %" in done.stderr
    (logged,) = torchviz_tb.load(tmp_path / "runs").values()
    assert logged.steps("statistics") == [0, 100]
    assert (logged.progress().epoch, logged.progress().total_steps) == (6, 150)
    assert logged.tensor_view("cifar10/input", 0).values.shape == (4, 3, 32, 32)
    assert [site.name for site in logged.sites][:2] == ["conv1.weight", "conv1.bias"]
