"""Visualizer: stands where the model stands, records it, and leaves it as it was."""

import copy
import gc
import io
import pickle

import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.optimizer import _global_optimizer_pre_hooks
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter

import torchviz_tb
from torchviz_tb import ArgumentError, SummaryWriter, Visualizer


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3))


def batch() -> torch.Tensor:
    return torch.randn(5, 1, 6, 6, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def writer(tmp_path):
    with SummaryWriter(tmp_path / "run") as made:
        yield made


def train(model: nn.Module, optimizer: torch.optim.Optimizer, steps: int = 3) -> list[float]:
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(batch()).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_training_is_the_same_to_the_last_bit(writer):
    bare, inner = network(), network()
    wrapped = Visualizer(inner, writer=writer)
    losses = [train(model, torch.optim.Adam(model.parameters())) for model in (bare, wrapped)]
    assert losses[0] == losses[1]
    for one, other in zip(bare.parameters(), inner.parameters(), strict=True):
        assert torch.equal(one, other)
        assert torch.equal(one.grad, other.grad)


def test_state_dicts_fit_both_ways(writer):
    bare, wrapped = network(), Visualizer(network(), writer=writer)
    assert list(wrapped.state_dict()) == list(bare.state_dict())
    assert wrapped.state_dict()._metadata == bare.state_dict()._metadata
    train(bare, torch.optim.SGD(bare.parameters(), 0.1))
    wrapped.load_state_dict(bare.state_dict())
    fresh = network()
    fresh.load_state_dict(wrapped.state_dict())
    for one, other in zip(bare.state_dict().values(), fresh.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_state_dicts_fit_inside_other_modules(writer):
    bare = nn.Sequential(network(), nn.Linear(3, 1))
    wrapped = nn.Sequential(Visualizer(network(), writer=writer), nn.Linear(3, 1))
    assert list(wrapped.state_dict()) == list(bare.state_dict())
    wrapped.load_state_dict(bare.state_dict())
    assert torch.equal(wrapped(batch()), bare(batch()))
    with pytest.raises(RuntimeError, match=r"Missing key\(s\) in state_dict: \"0\.model\.0\.weight\""):
        wrapped.load_state_dict({name: value for name, value in bare.state_dict().items() if name != "0.0.weight"})
    result = wrapped.load_state_dict({**bare.state_dict(), "0.5.weight": torch.zeros(1)}, strict=False)
    assert result.unexpected_keys == ["0.model.5.weight"]


def test_missing_and_unexpected_entries_are_named_as_the_model_names_them(writer):
    wrapped = Visualizer(nn.Linear(2, 2), writer=writer)
    assert wrapped.load_state_dict({"other": torch.zeros(1)}, strict=False) == (["weight", "bias"], ["other"])


def test_a_model_whose_child_is_called_model(writer):
    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = nn.Linear(2, 2)

    wrapped = nn.ModuleDict({"x": Visualizer(Outer(), writer=writer)})
    assert list(wrapped.state_dict()) == ["x.model.weight", "x.model.bias"]
    wrapped.load_state_dict(wrapped.state_dict())


def test_it_moves_and_changes_mode_with_the_model(writer):
    wrapped = Visualizer(network(), writer=writer).to(torch.float64).eval()
    assert {parameter.dtype for parameter in wrapped.model.parameters()} == {torch.float64}
    assert not any(module.training for module in wrapped.model.modules())
    assert wrapped(batch().double()).dtype == torch.float64
    assert wrapped.to("meta").model[0].weight.is_meta


def test_the_models_attributes_are_its_own(writer):
    wrapped = Visualizer(nn.Linear(3, 2), writer=writer)
    assert (wrapped.in_features, wrapped.weight) == (3, wrapped.model.weight)
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'colour'"):
        wrapped.colour  # noqa: B018


@pytest.mark.parametrize("inside", [True, False])
def test_compiled(writer, inside: bool):
    bare, inner = network(), network()
    wrapped = Visualizer(torch.compile(inner, backend="eager") if inside else inner, writer=writer)
    model = wrapped if inside else torch.compile(wrapped, backend="eager")
    assert train(model, torch.optim.SGD(inner.parameters(), 0.1)) == train(
        bare, torch.optim.SGD(bare.parameters(), 0.1)
    )


@pytest.fixture
def one_rank(tmp_path):
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/ranks", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures("one_rank")
@pytest.mark.parametrize("inside", [True, False])
def test_distributed(writer, inside: bool, tmp_path):
    bare = network()
    model = (
        Visualizer(DistributedDataParallel(network()), writer=writer)
        if inside
        else (DistributedDataParallel(Visualizer(network(), writer=writer)))
    )
    assert train(model, torch.optim.SGD(model.parameters(), 0.1)) == train(
        bare, torch.optim.SGD(bare.parameters(), 0.1)
    )
    assert list(model.state_dict()) == [f"module.{name}" for name in bare.state_dict()]
    writer.close()
    assert [site.name for site in torchviz_tb.load(tmp_path)["run"].sites][:2] == ["0.weight", "0.bias"]


def test_ranks_other_than_0_record_nothing_by_themselves(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    wrapped = Visualizer(network())
    wrapped.save_view(torch.eye(2), "eye")
    wrapped.display(batch())
    train(wrapped, torch.optim.SGD(wrapped.parameters(), 0.1))
    wrapped.close()
    assert wrapped.writer is None
    assert list(tmp_path.iterdir()) == []


def test_with_an_optimizer_everything_is_recorded_that_watch_records(tmp_path):
    runs = {}
    for name in ("watch", "visualizer"):
        with SummaryWriter(tmp_path / name) as writer:
            model = network()
            optimizer = torch.optim.SGD(model.parameters(), 0.1)
            if name == "watch":
                writer.watch(model, optimizer)
            else:
                model = Visualizer(model, optimizer, writer=writer)
            train(model, optimizer)
        runs[name] = torchviz_tb.load(tmp_path)[name]
    watched, visualized = runs["watch"], runs["visualizer"]
    assert [site.name for site in visualized.sites] == [site.name for site in watched.sites]
    for stage in ("parameter", "gradient", "update"):
        assert visualized.statistics("l2", stage)[2].tolist() == watched.statistics("l2", stage)[2].tolist()
    assert len(visualized.graph().scopes) == len(watched.graph().scopes) == 6


def test_without_one_the_first_optimizer_that_steps_the_model_tells_the_steps(tmp_path):
    writer = SummaryWriter(tmp_path / "other")
    wrapped = Visualizer(network(), writer=writer)
    stranger = nn.Linear(2, 2)
    train_stranger = torch.optim.SGD(stranger.parameters(), 0.1)
    stranger(torch.ones(1, 2)).sum().backward()
    train_stranger.step()
    train(wrapped, torch.optim.SGD(wrapped.parameters(), 0.1), steps=101)
    wrapped.save_view(torch.eye(2), "eye")
    writer.close()
    run = torchviz_tb.load(tmp_path)["other"]
    assert run.steps("statistics") == [0, 100]
    assert (run.statistics("l2", "gradient")[2] > 0).all()
    assert run.tensor_view("eye", 101).values.tolist() == [[1, 0], [0, 1]]


def test_a_title_names_it_in_the_log(tmp_path):
    wrapped = Visualizer(network(), title="generator", log_dir=tmp_path / "run")
    train(wrapped, torch.optim.SGD(wrapped.parameters(), 0.1), 1)
    wrapped.close()
    assert wrapped.title == "generator"
    assert len(torchviz_tb.load(tmp_path)["run"].sites) == 6


def test_torchs_own_writer_will_do(tmp_path):
    writer = TorchSummaryWriter(tmp_path / "run")
    wrapped = Visualizer(network(), writer=writer)
    wrapped.save_view(torch.arange(3), "three")
    writer.close()
    assert torchviz_tb.load(tmp_path)["run"].tensor_view("three", 0).values.tolist() == [0, 1, 2]


def test_views_of_one_name_go_on_where_training_does_not(tmp_path):
    wrapped = Visualizer(nn.ReLU(), log_dir=tmp_path / "run")
    for number in range(3):
        wrapped.save_view(torch.tensor(number), "number")
    wrapped.save_view(torch.tensor(9), "number", 9)
    wrapped.close()
    run = torchviz_tb.load(tmp_path)["run"]
    assert [int(run.tensor_view("number", step).values) for step in (0, 1, 2, 9)] == [0, 1, 2, 9]


def test_closing_removes_every_hook(writer):
    before = len(_global_optimizer_pre_hooks)
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    wrapped = Visualizer(model, optimizer, writer=writer)
    wrapped.close()
    wrapped.close()
    assert len(_global_optimizer_pre_hooks) == before
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in wrapped.modules())
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks
    assert writer._get_file_writer() is not None, "a writer that was given stays open"


def test_a_visualizer_that_is_forgotten_leaves_no_hook(writer):
    gc.collect()
    before = len(_global_optimizer_pre_hooks)
    wrapped = Visualizer(network(), writer=writer)
    del wrapped
    gc.collect()
    assert len(_global_optimizer_pre_hooks) == before


def test_copies_are_the_model_without_the_recording(writer):
    wrapped = Visualizer(network(), writer=writer).eval()
    file = io.BytesIO()
    torch.save(wrapped, file)
    file.seek(0)
    for copied in (copy.deepcopy(wrapped), pickle.loads(pickle.dumps(wrapped)), torch.load(file, weights_only=False)):
        assert torch.equal(copied(batch()), wrapped(batch()))
        assert copied.writer is None
        copied.save_view(torch.eye(2), "eye")
        copied.close()
    averaged = torch.optim.swa_utils.AveragedModel(wrapped)
    averaged.update_parameters(wrapped)


class Fails(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise KeyError("the model's own")


def test_a_model_that_fails_fails_with_its_own_error_and_logs_nothing(tmp_path, capsys: pytest.CaptureFixture[str]):
    wrapped = Visualizer(Fails(), title="fails", log_dir=tmp_path / "run")
    hooks = [len(wrapped.model._forward_hooks), len(wrapped.model._forward_pre_hooks)]
    for call in (wrapped.display, wrapped):
        with pytest.raises(KeyError, match="the model's own"):
            call(batch())
    assert [len(wrapped.model._forward_hooks), len(wrapped.model._forward_pre_hooks)] == hooks
    wrapped.close()
    assert not wrapped.model._forward_hooks
    assert not wrapped.model._forward_pre_hooks
    assert capsys.readouterr().out == ""
    assert not [
        tag for tag in b"".join(path.read_bytes() for path in (tmp_path / "run").iterdir()).split() if b"input" in tag
    ]


@pytest.mark.parametrize("wrong", [torch.zeros(2, 5, 6, 6), torch.zeros(5, 1, 6, 6, device="meta"), "text"])
def test_an_input_that_the_model_refuses(tmp_path, wrong: object, capsys: pytest.CaptureFixture[str]):
    model = network()
    wrapped = Visualizer(model, log_dir=tmp_path / "run")
    with pytest.raises(Exception) as bare:  # noqa: PT011 (whatever the model says)
        network()(wrong)
    with pytest.raises(type(bare.value)) as caught:
        wrapped.display(wrong)
    assert str(caught.value) == str(bare.value)
    assert all(module.training for module in model.modules())
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Visualizer("model"), "model is a str, not a torch.nn.Module: pass the module that is trained"),
        (
            lambda: Visualizer(nn.ReLU(), title="a/b"),
            "name is 'a/b', not a word without '/': pass for example name='generator', or none for 'model'",
        ),
        (
            lambda: Visualizer(nn.ReLU(), writer=object(), log_dir="x"),
            "writer and log_dir are both given: pass the writer, or where a new one is to write",
        ),
    ],
)
def test_wrong_arguments(make, sentence: str):
    with pytest.raises(ArgumentError) as caught:
        make()
    assert str(caught.value) == sentence


def test_views_that_can_not_be_kept_say_why(writer):
    wrapped = Visualizer(network(), writer=writer)
    with pytest.raises(ArgumentError, match="without values to show"):
        wrapped.save_view(torch.zeros(2, device="meta"), "meta")
    with pytest.raises(ArgumentError, match="the name of the tensor is ''"):
        wrapped.save_view(torch.zeros(2), "")
    with pytest.raises(ArgumentError, match="tensor is a list"):
        wrapped.save_view([1], "list")
    with pytest.raises(ArgumentError, match="is taken on this writer"):
        wrapped.save_view(torch.zeros(2), wrapped.title)
