"""What torch's writer gets wrong or fails at from deep inside: exact here, or refused by one sentence at the call."""

import datetime
import struct
import warnings

import numpy as np
import pytest
import torch
import written
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter
from two_writers import both, on_disk

from torchviz_tb import ArgumentError, SummaryWriter
from torchviz_tb.summaries.arrays import as_array
from torchviz_tb.summaries.scalars import number


@pytest.fixture
def writer(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        yield writer


# ------------------------------------------------------------ exact


@given(st.integers(0, 0xFFFF))
def test_every_bfloat16_is_the_number_that_its_bits_say(bits):
    (expected,) = struct.unpack(">f", struct.pack(">I", bits << 16))
    value = torch.tensor([bits - 0x10000 if bits > 0x7FFF else bits], dtype=torch.int16).view(torch.bfloat16)
    np.testing.assert_equal(number(value), expected)
    np.testing.assert_equal(as_array(value, "x"), np.array([expected], np.float32))


def test_bfloat16_scalars_are_exact_where_torchs_are_not(tmp_path):
    values = [torch.tensor(value, dtype=torch.bfloat16) for value in (1e-9, 1e6)]
    theirs, ours = both(tmp_path, lambda w: [w.add_scalar("a", value, i) for i, value in enumerate(values)])
    assert [event.summary.value[0].simple_value for event in ours["."][1:]] == [float(value) for value in values]
    # Should torch mend it one day, then this tells us that our own way round it can go.
    assert [event.summary.value[0].simple_value for event in theirs["."][1:]] == [0.0, float("inf")]


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.bool, torch.uint16, torch.uint64])
def test_types_that_numpy_or_torch_lack(dtype):
    assert number(torch.ones((), dtype=dtype)) == 1.0
    assert as_array(torch.ones(2, dtype=dtype), "x").tolist() == [1, 1]


@pytest.mark.parametrize(
    "value",
    [
        [0.5],
        (0.5,),
        [[np.float16(0.5)]],
        [torch.tensor(0.5)],
        np.float32(0.5),
        np.array(0.5),
        np.longdouble(0.5),
        "0.5",
    ],
)
def test_lists_and_numpys_numbers_are_scalars_too(value):
    assert number(value) == 0.5


def test_numpys_numbers_and_tensors_are_hyperparameters(writer, tmp_path):
    given = {"a": np.float32(0.5), "b": np.int64(3), "c": torch.tensor(2), "d": np.bool_(True), "e": np.str_("x")}
    writer.add_hparams(given, {"m": np.float32(1)}, {"a": [np.float32(0.5), np.float32(1)]}, run_name="r")
    with TorchSummaryWriter(tmp_path / "torch") as theirs:
        plain = {"a": 0.5, "b": 3, "c": 2.0, "d": True, "e": "x"}
        theirs.add_hparams(plain, {"m": 1.0}, {"a": [0.5, 1.0]}, run_name="r")
    assert on_disk(tmp_path / "r") == on_disk(tmp_path / "torch" / "r")


def test_pictures_curves_and_the_like_take_what_their_arrays_hold(tmp_path):
    picture, row = torch.rand(3, 4, 4), torch.rand(6)

    def call(writer, kind):
        writer.add_image("i", kind(picture))
        writer.add_audio("a", kind(row))
        writer.add_pr_curve("c", kind(row > 0.5), kind(row), weights=kind(row))
        writer.add_mesh("m", kind(picture.reshape(1, 16, 3)))
        writer.add_embedding(kind(picture[0]), label_img=kind(torch.zeros(4, 3, 2, 2)))
        writer.add_tensor("t", kind(row))

    kept = []
    for number_, kind in enumerate([lambda t: t, lambda t: t.clone().requires_grad_(t.is_floating_point())]):
        with SummaryWriter(tmp_path / str(number_)) as writer:
            call(writer, kind)
        kept.append(on_disk(tmp_path / str(number_)))
    assert kept[0] == kept[1]
    with SummaryWriter(tmp_path / "list") as writer:
        call(writer, lambda tensor: tensor.tolist())
    assert on_disk(tmp_path / "list").keys() == kept[0].keys()


# ------------------------------------------------------------ several ranks


@pytest.fixture
def mesh():
    from torch.distributed.device_mesh import init_device_mesh

    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    yield init_device_mesh("cpu", (1,))
    torch.distributed.destroy_process_group()


def test_dtensors_are_taken_where_every_rank_holds_all(writer, mesh, tmp_path):
    from torch.distributed.tensor import DTensor, Replicate, Shard

    whole = DTensor.from_local(torch.tensor([3.0]), mesh, [Replicate()])
    writer.add_scalar("loss", whole, 0)
    writer.add_histogram("h", whole, 0)
    writer.flush()
    assert written.scalars(tmp_path, "loss") == [(0, 3.0)]
    sharded = DTensor.from_local(torch.tensor([3.0]), mesh, [Shard(0)])
    for call in (writer.add_scalar, writer.add_histogram):
        with pytest.raises(
            ArgumentError, match=r"is a DTensor of shape \(1,\), .* call .full_tensor\(\) on all of them"
        ):
            call("x", sharded, 0)


# ------------------------------------------------------------ refused


class Unreadable(torch.Tensor):
    """A tensor whose values are nowhere."""

    @staticmethod
    def __new__(cls):
        return torch.Tensor._make_wrapper_subclass(cls, (1,))

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError("nothing here")


class Silent(torch.Tensor):
    """A tensor whose functions do not work, but whose values are there."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError("no functions")


def test_subclasses_are_read_without_their_own_functions():
    assert number(torch.tensor([2.0]).as_subclass(Silent)) == 2.0


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda w: w.add_scalar("x", None), "scalar_value is None, not numbers: pass a torch.Tensor or a numpy array"),
        (lambda w: w.add_scalar("x", torch.ones(2)), r"scalar_value has the shape \(2,\), not one element: pass one"),
        (lambda w: w.add_scalar("x", []), r"scalar_value has the shape \(0,\), not one element"),
        (lambda w: w.add_scalar("x", 1j), "scalar_value is complex: pass its abs"),
        (lambda w: w.add_scalar("x", "much"), "scalar_value is 'much', not a number"),
        (lambda w: w.add_scalar("x", 10**400), "scalar_value is 1000.*, not a number"),
        (lambda w: w.add_scalar("x", {"a": 1}), "scalar_value is a dict, not numbers"),
        (lambda w: w.add_scalar("x", torch.ones(1).to_sparse()), "it is not dense, so pass .to_dense"),
        (lambda w: w.add_scalar("x", torch.ones(1, device="meta")), "meta device and has no values"),
        (lambda w: w.add_scalar("x", Unreadable()), "can't be read .nothing here.: pass a plain"),
        (lambda w: w.add_scalar(3, 1.0), "tag is 3, not a text: pass for example 'train/loss'"),
        (lambda w: w.add_scalar("x", 1.0, "now"), "global_step is 'now', not a whole number of 64 bits"),
        (lambda w: w.add_scalar("x", 1.0, 2**63), "global_step is 9223372036854775808, not a whole number of 64 bits"),
        (lambda w: w.add_scalar("x", 1.0, float("nan")), "global_step is nan, not a whole number"),
        (
            lambda w: w.add_scalar("x", 1.0, 0, datetime.datetime.now(datetime.timezone.utc)),
            "walltime is datetime.*not seconds since 1970",
        ),
        (lambda w: w.add_scalar("x", 1.0, 0, 0.0, "Title"), "new_style is 'Title'.* display_name= by its name"),
        (lambda w: w.add_scalars("x", [1.0]), "tag_scalar_dict is a list, not a dictionary"),
        (lambda w: w.add_scalars("x", {"a": None}), r"tag_scalar_dict\['a'\] is None, not numbers"),
        (lambda w: w.add_histogram_raw("x", 0, 1, 1, 1, 1, [1.0], [1, 2]), "1 bucket_limits and 2 bucket_counts"),
        (
            lambda w: w.add_image("x", torch.ones(4, 4)),
            r"add_image can't write 'x': .* img_tensor has the shape \(4, 4\)",
        ),
        (lambda w: w.add_image("x", torch.ones(7, 4, 4)), "pass pixels of 1, 3 or 4 channels"),
        (lambda w: w.add_image("x", torch.ones(3, 4, 4), dataformats="CCC"), "add_image can't write 'x'"),
        (lambda w: w.add_images("x", torch.ones(3, 4, 4)), "add_images can't write 'x'.*N, C, H, W as 'NCHW'"),
        (lambda w: w.add_image_with_boxes("x", torch.ones(3, 4, 4), [1, 2]), "boxes are N × 4 of xmin"),
        (lambda w: w.add_figure("x", "plot"), "add_figure can't write 'x'.*pass a matplotlib figure"),
        (lambda w: w.add_video("x", torch.ones(3, 4, 4)), "pass N, T, C, H, W"),
        (lambda w: w.add_audio("x", torch.ones(2, 40)), r"snd_tensor has the shape \(2, 40\): pass \(1, L\)"),
        (lambda w: w.add_audio("x", []), "add_audio can't write 'x'"),
        (lambda w: w.add_text("x", 3), r"text_string is a int, not a text: pass str\(...\) of it"),
        (lambda w: w.add_text("x", "\ud800"), "add_text can't write 'x'.*written as UTF-8"),
        (
            lambda w: w.add_tensor("x", torch.ones(2, dtype=torch.uint16)),
            "unsupported tensor dtype.*pass it as another",
        ),
        (lambda w: w.add_tensor("x", "text"), "tensor is 'text', not numbers"),
        (lambda w: w.add_embedding(torch.ones(3)), r"mat has the shape \(3,\): pass N × D"),
        (lambda w: w.add_embedding(torch.ones(3, 2), ["a"]), "add_embedding can't write 'default'.*#labels"),
        (lambda w: w.add_pr_curve("x", [0, 1], [0.5]), r"labels have the shape \(2,\) and predictions \(1,\)"),
        (lambda w: w.add_pr_curve_raw("x", [1], [1, 2], [1], [1], [1], [1]), "pass six lists"),
        (lambda w: w.add_mesh("x", torch.ones(4, 3)), "pass vertices, colors and faces as B × N × 3"),
        (lambda w: w.add_custom_scalars({"a": 3}), "add_custom_scalars can't write"),
        (lambda w: w.add_custom_scalars_multilinechart(3), "pass a list of scalar tags"),
        (lambda w: w.add_custom_scalars_marginchart(["a"]), "pass three scalar tags"),
        (lambda w: w.add_hparams([1], {}), "hparam_dict is a list, not a dictionary"),
        (lambda w: w.add_hparams({}, None), "metric_dict is a NoneType, not a dictionary"),
        (lambda w: w.add_hparams({"a": [1]}, {}), r"hparam_dict\['a'\] is a list, not a number, bool or text"),
        (lambda w: w.add_hparams({"a": 1}, {}, {"a": 3}), "add_hparams can't write None: .*should be a list"),
        (lambda w: w.add_hparams({}, {"a": None}), r"metric_dict\['a'\] is None"),
        (lambda w: w.add_hparams({}, {}, run_name="a", name="b"), "run_name is 'a' and name is 'b': pass one of them"),
    ],
)
def test_wrong_arguments_have_one_sentence_and_leave_nothing(writer, tmp_path, call, sentence):
    writer.flush()
    before = on_disk(tmp_path)
    with pytest.raises(ArgumentError, match=sentence):
        call(writer)
    writer.flush()
    assert {name: kept for name, kept in on_disk(tmp_path).items() if name[0] == "."} == before


@pytest.mark.parametrize("settings", [{"log_dir": "a", "logdir": "b"}, {"purge_step": "x"}])
def test_wrong_settings(tmp_path, monkeypatch, settings):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError):
        SummaryWriter(**settings)
    assert list(tmp_path.iterdir()) == []


def test_an_embedding_that_cannot_be_written_warns_once_and_training_goes_on(writer, tmp_path):
    writer.flush()
    (tmp_path / "00000").write_text("in the way")
    with pytest.warns(UserWarning, match="could not write an embedding, all else goes on: .*said once"):
        writer.add_embedding(torch.eye(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.add_embedding(torch.eye(2))
