"""Each method of torch's SummaryWriter, called on torch's and on ours: both leave the same events and files."""

import inspect
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter
from two_writers import WALLTIME, both

from torchviz_tb import SummaryWriter

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


def numbers(*shape: int, kind: type = np.float32) -> np.ndarray:
    return np.random.default_rng(7).random(shape).astype(kind)


PIXELS = (numbers(3, 8, 6) * 255).astype(np.uint8)
BOXES = np.array([[1, 1, 4, 4], [2, 0, 5, 5]])
LAYOUT = {
    "losses": {"both": ["Multiline", ["a", "b"]], "bounds": ["Margin", ["c", "c/low", "c/high"]]},
    "more": {"one": ["Multiline", ["d"]]},
}
TETRAHEDRON = np.array([[[1, 1, 1], [-1, -1, 1], [1, -1, -1], [-1, 1, -1]]], dtype=float)
COLORS = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 0, 255]]])
FACES = np.array([[[0, 2, 3], [0, 3, 1], [0, 1, 2], [1, 3, 2]]])
RAW_CURVE = [[75, 64, 21, 5, 0], [150, 105, 18, 0, 0], [0, 45, 132, 150, 150], [0, 11, 54, 70, 75]]
RATES = [[0.33, 0.38, 0.54, 1.0, 0.0], [1.0, 0.85, 0.28, 0.07, 0.0]]
AT = {"global_step": 3, "walltime": WALLTIME}

CALLS = {
    "scalar": [
        lambda w: w.add_scalar("loss", 0.5),
        lambda w: w.add_scalar("loss", torch.tensor([0.1]), 5, WALLTIME),
        lambda w: w.add_scalar("loss", np.float64(0.1), np.int64(5), new_style=True),
        lambda w: w.add_scalar("loss", 0.1, torch.tensor(6), WALLTIME, True, True),
        lambda w: w.add_scalar("loss", 1 << 60, 2.9, double_precision=True),
        lambda w: w.add_scalar("loss", float("nan"), -4),
        lambda w: w.add_scalar("loss", "0.25"),
        lambda w: w.add_scalar("loss", torch.nn.Parameter(torch.ones(1, 1))),
        lambda w: w.add_scalar("loss", True, None, None),
    ],
    "scalars": [
        lambda w: w.add_scalars("a/b", {"x": 1.0, "y/z": torch.tensor(2)}, 5, WALLTIME),
        lambda w: [w.add_scalars("a", {"x": step}, step, WALLTIME) for step in range(3)],
        lambda w: w.add_scalars("a", {}),
    ],
    "histogram": [
        lambda w: w.add_histogram("h", numbers(50, 3), 2),
        lambda w: w.add_histogram("h", torch.randn(400, generator=torch.Generator().manual_seed(0)), **AT),
        lambda w: w.add_histogram("h", np.arange(-500, 500), 2, "tensorflow", WALLTIME, 50),
        lambda w: w.add_histogram("h", numbers(1000), bins="auto", max_bins=5),
        lambda w: w.add_histogram("h", numbers(1000), bins="fd"),
        lambda w: w.add_histogram("h", numbers(1000), bins=12),
        lambda w: w.add_histogram("h", numbers(1000), bins=[0.0, 0.1, 0.7]),
        lambda w: w.add_histogram("h", torch.zeros(3, dtype=torch.float16)),
        lambda w: w.add_histogram("h", 2.5),
        lambda w: w.add_histogram("h", np.array([True, False, True])),
    ],
    "histogram_raw": [
        lambda w: w.add_histogram_raw("h", 0.0, 2.0, 3, 3.5, 4.5, [1.0, 2.0], [1, 2], 5, WALLTIME),
        lambda w: w.add_histogram_raw("h", np.float32(0), 1, 1, 1, 1, np.array([1.0]), torch.tensor([1.0])),
    ],
    "image": [
        lambda w: w.add_image("i", PIXELS, 5, WALLTIME),
        lambda w: w.add_image("i", numbers(8, 6, 3), dataformats="HWC"),
        lambda w: w.add_image("i", numbers(8, 6), dataformats="HW"),
        lambda w: w.add_image("i", torch.rand(1, 8, 6, generator=torch.Generator().manual_seed(0)) * 2),
    ],
    "images": [
        lambda w: w.add_images("i", numbers(5, 3, 8, 6), 5, WALLTIME),
        lambda w: w.add_images("i", numbers(5, 8, 6, 1), dataformats="NHWC"),
    ],
    "image_with_boxes": [
        lambda w: w.add_image_with_boxes("i", PIXELS, BOXES, 5, WALLTIME),
        lambda w: w.add_image_with_boxes("i", numbers(8, 6, 3), torch.tensor(BOXES), 5, None, 2, "HWC", ["a", "b"]),
        lambda w: w.add_image_with_boxes("i", PIXELS, BOXES[:1], labels="one"),
    ],
    "audio": [
        lambda w: w.add_audio("s", np.sin(np.arange(400) / 9.0), 5, 8000, WALLTIME),
        lambda w: w.add_audio("s", torch.ones(1, 40) * 2),
    ],
    "text": [lambda w: w.add_text("t", "a|b\n-|-\nc|ü", 5, WALLTIME), lambda w: w.add_text("t/u", "")],
    "tensor": [
        *(
            lambda w, dtype=dtype: w.add_tensor("t", torch.tensor([[1, 2, 0]]).to(dtype), 5, WALLTIME)
            for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool)
        ),
        lambda w: w.add_tensor("t", torch.tensor([1 + 2j])),
        lambda w: w.add_tensor("t", torch.empty(0)),
    ],
    "embedding": [
        lambda w: w.add_embedding(numbers(4, 3), global_step=5),
        lambda w: w.add_embedding(torch.eye(2), ["a", "b"], torch.zeros(2, 3, 4, 4), 7, "deep/tag%", None),
        lambda w: w.add_embedding(np.eye(2), [["a", 1], ["b", 2]], metadata_header=["letter", "number"]),
        lambda w: [w.add_embedding(torch.eye(2) * step, global_step=step) for step in range(2)],
    ],
    "pr_curve": [
        lambda w: w.add_pr_curve("c", np.arange(100) % 2, numbers(100), 5, walltime=WALLTIME),
        lambda w: w.add_pr_curve("c", torch.arange(100) % 2, torch.tensor(numbers(100)), 5, 999, numbers(100)),
    ],
    "pr_curve_raw": [
        lambda w: w.add_pr_curve_raw("c", *RAW_CURVE, *RATES, 5, walltime=WALLTIME),
        lambda w: w.add_pr_curve_raw("c", *map(np.array, RAW_CURVE), *map(np.array, RATES), num_thresholds=5),
    ],
    "custom_scalars": [
        lambda w: w.add_custom_scalars(LAYOUT),
        lambda w: w.add_custom_scalars_multilinechart(["a", "b"], category="c", title="t"),
        lambda w: w.add_custom_scalars_marginchart(["a", "b", "c"]),
    ],
    "mesh": [
        lambda w: w.add_mesh("m", TETRAHEDRON, COLORS, FACES, {"camera": {"cls": "PerspectiveCamera"}}, 5, WALLTIME),
        lambda w: w.add_mesh("m", torch.tensor(TETRAHEDRON, dtype=torch.float32)),
    ],
    "hparams": [
        lambda w: w.add_hparams({"lr": 0.1, "n": 3, "b": True, "s": "x", "none": None}, {"acc": 0.5}),
        lambda w: w.add_hparams({"lr": 0.1}, {"acc": torch.tensor(0.5)}, {"lr": [0.1, 0.2]}, "mine", 5),
        lambda w: w.add_hparams({"s": "x", "lr": torch.tensor([0.5])}, {}, {"s": ["x", "y"]}, run_name="a/b"),
    ],
    "resumed": [lambda w: (w.add_scalar("a", 1), w.close(), w.add_scalar("a", 2), w.add_scalars("b", {"c": 1}))],
}
EACH = [pytest.param(call, id=f"{name}-{i}") for name, calls in CALLS.items() for i, call in enumerate(calls)]


@pytest.mark.parametrize("call", EACH)
def test_both_leave_the_same(tmp_path, call):
    theirs, ours = both(tmp_path, call)
    assert any(theirs.values())
    assert ours == theirs


def test_every_method_is_called():
    called = {f"add_{name}" for name in CALLS}
    elsewhere = {"add_figure", "add_video", "add_graph", "add_onnx_graph"}
    charts = {"add_custom_scalars_multilinechart", "add_custom_scalars_marginchart"}
    methods = {
        name for name, _ in inspect.getmembers(TorchSummaryWriter, inspect.isfunction) if name.startswith("add_")
    }
    assert methods <= called | elsewhere | charts


def test_figures(tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")

    def call(writer):
        figures = [pyplot.figure(figsize=(1, 1)) for _ in range(3)]
        writer.add_figure("one", figures[0], 5, False, WALLTIME)
        assert pyplot.fignum_exists(figures[0].number)
        writer.add_figure("one", figures[0])
        writer.add_figure("many", figures[1:])
        assert pyplot.get_fignums() == []

    theirs, ours = both(tmp_path, call)
    assert ours == theirs


def test_video_without_its_package(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "moviepy", None)
    theirs, ours = both(tmp_path, lambda w: w.add_video("v", numbers(2, 3, 3, 4, 4), 5, 8, WALLTIME))
    assert ours == theirs
    assert capsys.readouterr().out == "add_video needs package moviepy\n" * 2


def test_video(tmp_path, monkeypatch):
    class Clip:
        def __init__(self, frames, fps):
            self._bytes = b"".join(frame.tobytes() for frame in frames) + str(fps).encode()

        def write_gif(self, name, **_):
            Path(name).write_bytes(self._bytes)

    package = ModuleType("moviepy")
    package.editor = SimpleNamespace(ImageSequenceClip=Clip)
    monkeypatch.setitem(sys.modules, "moviepy", package)
    for video in (numbers(2, 3, 3, 4, 4), (numbers(3, 2, 1, 4, 4) * 255).astype(np.uint8)):
        theirs, ours = both(tmp_path / str(video.dtype), lambda w, v=video: w.add_video("v", v, 5, 8, WALLTIME))
        (_, event) = theirs["."]
        assert event.summary.value[0].image.encoded_image_string.endswith(b"8")
        assert ours == theirs


def test_onnx_graph(tmp_path, monkeypatch):
    tensor = SimpleNamespace(tensor_type=SimpleNamespace(elem_type=1, shape=SimpleNamespace(dim=[])))
    node = SimpleNamespace(op_type="Relu", output=["y"], input=["x"], attribute=[])
    graph = SimpleNamespace(input=[SimpleNamespace(name="x", type=tensor)], output=[], node=[node])
    onnx = ModuleType("onnx")
    onnx.load = lambda name: SimpleNamespace(graph=graph)
    monkeypatch.setitem(sys.modules, "onnx", onnx)
    theirs, ours = both(tmp_path, lambda w: w.add_onnx_graph("model.onnx"))
    assert theirs["."][-1].graph_def
    assert ours == theirs


@pytest.mark.parametrize("settings", [{"purge_step": 7}, {"filename_suffix": ".mine", "max_queue": 1, "flush_secs": 1}])
def test_settings(tmp_path, settings):
    theirs, ours = both(tmp_path, lambda w: w.add_scalar("a", 1, 8), **settings)
    assert ours == theirs


def test_attributes_and_return_values(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for settings in ({}, {"comment": "_mine"}, {"log_dir": "x", "purge_step": 3}, {"log_dir": tmp_path / "y"}):
        theirs, ours = TorchSummaryWriter(**settings), SummaryWriter(**settings)
        assert isinstance(ours, TorchSummaryWriter)
        for name in vars(theirs).keys() - {"log_dir", "file_writer", "all_writers"}:
            assert getattr(ours, name) == getattr(theirs, name), name
        if settings.get("log_dir"):
            assert ours.log_dir == theirs.log_dir
            assert type(ours.log_dir) is type(theirs.log_dir)
        assert ours.get_logdir() == ours.log_dir
        assert ours._get_file_writer() is ours.file_writer
        assert ours.file_writer.get_logdir() == str(ours.log_dir)
        assert ours.all_writers == {str(ours.log_dir): ours.file_writer}
        assert [ours.add_scalar("a", 1), ours.add_text("a", "b"), ours.flush(), ours.close()] == [None] * 4
        assert ours.file_writer is None
        assert ours.all_writers is None
        theirs.close()
    default = SummaryWriter(comment="_mine")
    assert str(default.log_dir).startswith("runs/")
    assert str(default.log_dir).endswith("_mine")
    default.close()


def test_a_file_writer_takes_what_torchs_does(tmp_path):
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    def call(writer):
        summary = Summary(value=[Summary.Value(tag="x", simple_value=1)])
        writer.file_writer.add_summary(summary, 3, WALLTIME)
        writer.file_writer.add_event(Event(summary=summary), 4, WALLTIME)
        writer._get_file_writer().add_event(Event(summary=summary), np.int32(5))
        writer.file_writer.flush()

    theirs, ours = both(tmp_path, call)
    assert ours == theirs


@pytest.mark.parametrize("name", ["__init__", *(n for n in dir(TorchSummaryWriter) if n[0] != "_" or n == "__exit__")])
def test_signatures_are_torchs_and_more_only_by_name(name):
    theirs, ours = (
        list(inspect.signature(getattr(each, name)).parameters.values()) if callable(getattr(each, name)) else []
        for each in (TorchSummaryWriter, SummaryWriter)
    )
    shape = [(p.name, p.default, p.kind) for p in theirs]
    assert [(p.name, p.default, p.kind) for p in ours[: len(theirs)]] == shape
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in ours[len(theirs) :])
