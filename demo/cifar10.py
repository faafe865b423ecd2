"""The classic CIFAR-10 classifier, trained from the data set's own files and wrapped in a Visualizer.

python demo/cifar10.py --data DIR --log-dir runs/cifar10 && tensorboard --logdir runs

DIR holds the "python version" of the data set: data_batch_1 to data_batch_5 and test_batch, or their folder
cifar-10-batches-py. With --download, torchvision fetches them first.
"""

import argparse
import io
import pickle
import pickletools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from torchviz_tb import SummaryWriter, Visualizer, visualize_model

TRAIN, TEST = [f"data_batch_{number}" for number in range(1, 6)], ["test_batch"]
FOLDER = "cifar-10-batches-py"
LARGEST_FILE = 1 << 26  # bytes; the real ones have 31 MB
# What the data set's files consist of: dicts, lists, numbers, texts, and the calls that make an array.
OPCODES = frozenset(
    """
    APPEND APPENDS BINBYTES BINGET BININT BININT1 BININT2 BINPUT BINSTRING BINUNICODE BUILD EMPTY_DICT
    EMPTY_LIST EMPTY_TUPLE GLOBAL LONG_BINGET LONG_BINPUT MARK NEWFALSE NEWTRUE NONE PROTO REDUCE SETITEM
    SETITEMS SHORT_BINBYTES SHORT_BINSTRING STOP TUPLE TUPLE1 TUPLE2 TUPLE3
    """.split()  # noqa: SIM905 (one a line would fill a page)
)


class Refused(Exception):
    """A file is not one of CIFAR-10."""


class Array:
    """Stands in for numpy's array while a file is read, so that nothing of numpy runs on the file's behalf."""

    def __init__(self, *_: object) -> None:
        self.shape: tuple[int, ...] = ()
        self.bytes = b""

    def __setstate__(self, state: Any) -> None:
        _, self.shape, _, by_columns, self.bytes = state
        if by_columns:
            raise Refused("its rows lie in columns")


class ArrayType:
    """Stands in for numpy's dtype; what it says is not needed, since the shape tells whether it is bytes."""

    def __init__(self, *_: object) -> None:
        """Takes anything."""

    def __setstate__(self, state: object) -> None:
        """Takes anything."""


def latin1(text: str, _: str) -> bytes:
    """How Python 3 keeps bytes in a pickle that Python 2 can read."""
    return text.encode("latin1")


class PlainUnpickler(pickle.Unpickler):
    """Reads numbers, texts, lists, dicts and arrays; refuses whatever else a pickle may call for."""

    MADE: ClassVar[dict[tuple[str, str], Callable[..., Any]]] = {
        ("numpy", "ndarray"): Array,
        ("numpy", "dtype"): ArrayType,
        ("numpy.core.multiarray", "_reconstruct"): Array,
        ("numpy._core.multiarray", "_reconstruct"): Array,
        ("_codecs", "encode"): latin1,
    }

    def find_class(self, module: str, name: str) -> Any:
        """One of the stand-ins."""
        if (module, name) not in self.MADE:
            raise Refused(f"it asks for {module}.{name}")
        return self.MADE[module, name]


def read_batch(path: Path) -> tuple[Tensor, Tensor]:
    """Pictures, float32 of shape (n, 3, 32, 32) from 0 to 1, and classes, int64 of shape (n,).

    Executes nothing of the file. Raises Refused, with the file's name, if it is not a batch of CIFAR-10.
    """
    try:
        return tensors(plain_pickle(path))
    except (
        Refused,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        EOFError,
        MemoryError,
    ) as error:
        raise Refused(f"{path} is not a batch of CIFAR-10 ({type(error).__name__}: {error})") from error
    except (pickle.UnpicklingError, RecursionError, OverflowError) as error:
        raise Refused(f"{path} is truncated or damaged ({error})") from error


def plain_pickle(path: Path) -> Any:
    """What a pickle of plain data holds; its instructions are looked through before one of them is followed."""
    if path.stat().st_size > LARGEST_FILE:
        raise Refused("it is too large")
    content = path.read_bytes()
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name not in OPCODES:
            raise Refused(f"it holds the instruction {opcode.name}")
        if "PUT" in opcode.name and (argument or 0) > len(content):
            raise Refused("it asks for more memory than it can fill")
    return PlainUnpickler(io.BytesIO(content), encoding="bytes").load()


def tensors(batch: dict[bytes, Any]) -> tuple[Tensor, Tensor]:
    """The pictures and classes of a batch, if they fit each other."""
    fields = {key if isinstance(key, bytes) else str(key).encode(): value for key, value in batch.items()}
    data, labels = fields[b"data"], fields[b"labels"]
    count = len(labels)
    if (
        not isinstance(data, Array)
        or tuple(data.shape) != (count, 3072)
        or len(data.bytes) != 3072 * count
        or not count
    ):
        raise Refused("its data is not one row of 3072 bytes for each label")
    if not all(type(label) is int and 0 <= label < 10 for label in labels):
        raise Refused("its labels are not numbers from 0 to 9")
    pixels = torch.frombuffer(bytearray(data.bytes), dtype=torch.uint8)
    return pixels.view(count, 3, 32, 32) / 255, torch.tensor(labels)


def read(folder: Path, names: list[str]) -> TensorDataset:
    """The batches of those names in a folder, or in the folder that torchvision makes in it."""
    folder = folder / FOLDER if (folder / FOLDER).is_dir() else folder
    if not (folder / names[0]).is_file():
        raise Refused(f"{folder} holds no {names[0]}: pass --data with the folder of the data set, or --download")
    batches = [read_batch(folder / name) for name in names]
    return TensorDataset(torch.cat([pictures for pictures, _ in batches]), torch.cat([labels for _, labels in batches]))


def download(folder: Path) -> None:
    """Has torchvision fetch the files, if it is installed."""
    try:
        from torchvision.datasets import CIFAR10
    except ImportError as error:
        raise Refused("--download needs torchvision, which is not installed: pip install torchvision") from error
    CIFAR10(folder, download=True)


class Net(nn.Module):
    """Two convolutions and three linear layers, as in PyTorch's own introduction."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 3, 32, 32) → (batch, 10)."""
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        x = functional.relu(self.fc1(x.flatten(1)))
        return self.fc3(functional.relu(self.fc2(x)))


@torch.no_grad()
def accuracy(model: nn.Module, data: TensorDataset) -> float:
    """The share of pictures that the model knows."""
    right = sum(int((model(x - 0.5).argmax(1) == y).sum()) for x, y in DataLoader(data, batch_size=1000))
    return right / len(data)


def train(data: TensorDataset, epochs: int, log_dir: str) -> tuple[Visualizer, SummaryWriter]:
    """The trained network; its training is in the log."""
    writer = SummaryWriter(log_dir)
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    net = Visualizer(model, optimizer, title="cifar10", writer=writer)
    net.display(data.tensors[0][:4] - 0.5)
    loader = DataLoader(data, batch_size=32, shuffle=True)
    for epoch in range(epochs):
        for x, y in (batches := writer.progress(loader, epoch=epoch, epochs=epochs)):
            loss = functional.cross_entropy(net(x - 0.5), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            batches.loss(loss)
        visualize_model(model, net)
    return net, writer


def main() -> None:
    """Trains, tests and logs."""
    parser = argparse.ArgumentParser(description="Trains the classic CIFAR-10 classifier.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data set's python version")
    parser.add_argument("--download", action="store_true", help="fetch it into --data with torchvision")
    parser.add_argument("--log-dir", default="runs/cifar10")
    parser.add_argument("--epochs", type=int, default=4)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    try:
        if arguments.download:
            download(arguments.data)
        fit, test = read(arguments.data, TRAIN), read(arguments.data, TEST)
    except Refused as refused:
        sys.exit(str(refused))
    net, writer = train(fit, arguments.epochs, arguments.log_dir)
    share = accuracy(net, test)
    writer.add_scalar("accuracy/test", share)
    writer.close()
    print(f"test accuracy: {share:.1%}")


if __name__ == "__main__":
    main()
