"""What tensorboardX has and torch has not: on ours as on tensorboardX's own writer."""

import inspect
import json
import multiprocessing
import os

import pytest
import tensorboardX
import torch
import written
from two_writers import WALLTIME, on_disk

import torchviz_tb
from torchviz_tb import ArgumentError, GlobalSummaryWriter, SummaryWriter


def test_logdir_is_another_name_of_log_dir(tmp_path):
    for settings in ({"logdir": tmp_path / "a"}, {"logdir": tmp_path / "b", "log_dir": str(tmp_path / "b")}):
        with SummaryWriter(**settings) as writer:
            assert str(writer.logdir) == str(writer.log_dir) == str(settings["logdir"])
    assert len(written.event_files(tmp_path / "a")) == 1


def test_a_writer_that_does_not_write_takes_everything_and_leaves_nothing(tmp_path):
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with SummaryWriter(tmp_path / "run", write_to_disk=False) as writer:
        writer.add_scalar("a", 1.0, 0)
        writer.add_scalars("a", {"b": 1.0}, 0)
        writer.add_histogram("h", torch.ones(2), 0)
        writer.add_hparams({"a": 1}, {"b": 2})
        writer.add_embedding(torch.eye(2))
        watch = torchviz_tb.watch(model, optimizer, writer=writer, log_freq=1)
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        assert watch.report().samples == 1
        writer.flush()
        assert writer.file_writer.get_logdir() == str(tmp_path / "run")
        writer.file_writer.reopen()
        with pytest.raises(ArgumentError):
            writer.add_scalar("a", None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("new_style", [False, True])
def test_a_scalars_title_and_description(tmp_path, new_style):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 1.0, 0, new_style=new_style, display_name="Loss", summary_description="of *all*")
    ((_, value),) = written.values(tmp_path)
    assert (value.metadata.display_name, value.metadata.summary_description) == ("Loss", "of *all*")
    assert value.metadata.plugin_data.plugin_name == ("scalars" if new_style else "")


def test_a_title_is_written_as_tensorboardx_writes_it(tmp_path):
    titles = {"display_name": "Loss", "summary_description": "of all"}
    for writer in (tensorboardX.SummaryWriter(str(tmp_path / "x")), SummaryWriter(tmp_path / "o")):
        writer.add_scalar("a", 0.5, 3, WALLTIME, **titles)
        writer.close()
    theirs, ours = on_disk(tmp_path / "x"), on_disk(tmp_path / "o")
    assert ours["."][-1] == theirs["."][-1]


def test_metadata_of_a_block(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        with writer.use_metadata(global_step=7, walltime=WALLTIME) as same:
            assert same is writer
            writer.add_scalar("a", 1.0)
            writer.add_scalar("a", 2.0, 9)
            writer.add_text("t", "x", walltime=5.0)
            writer.add_figure("f", _figure())
            writer.add_distribution("d", torch.ones(3))
            with writer.use_metadata(global_step=8):
                writer.add_histogram("h", torch.ones(2))
            writer.add_scalars("b", {"c": 1.0})
        with pytest.raises(RuntimeError, match="mine"), writer.use_metadata(global_step=1):
            raise RuntimeError("mine")
        writer.add_scalar("a", 3.0)
    found = [(v.tag, e.step, e.wall_time == WALLTIME) for e, v in written.values(tmp_path) if "torchviz" not in v.tag]
    assert found == [
        ("a", 7, True),
        ("a", 9, True),
        ("t/text_summary", 7, False),
        ("f", 7, True),
        ("h", 8, True),
        ("a", 0, False),
    ]
    assert {one.step for one in written.everything(tmp_path)} == {7}
    assert [(e.step, e.wall_time) for e, _ in written.values(tmp_path / "b_c")] == [(7, WALLTIME)]


def _figure():
    from matplotlib import pyplot

    pyplot.switch_backend("Agg")
    return pyplot.figure(figsize=(1, 1))


@pytest.mark.parametrize("metadata", [{}, {"global_step": "x"}, {"walltime": "now"}])
def test_wrong_metadata(tmp_path, metadata):
    with SummaryWriter(tmp_path) as writer, pytest.raises(ArgumentError), writer.use_metadata(**metadata):
        pass


def test_the_name_of_hyperparameters_is_that_of_their_run(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_hparams({"a": 1}, {"b": 2}, name="mine")
    assert (tmp_path / "mine").is_dir()


def test_exported_scalars(tmp_path):
    exported = tmp_path / "scalars.json"
    contents = []
    for writer in (tensorboardX.SummaryWriter(str(tmp_path / "x")), SummaryWriter(tmp_path / "o")):
        for step in range(2):
            writer.add_scalars("a", {"b": step, "c": torch.tensor(0.5)}, step, WALLTIME)
        writer.export_scalars_to_json(exported)
        contents.append(json.loads(exported.read_text()))
        writer.export_scalars_to_json(exported)
        assert json.loads(exported.read_text()) == {}
        writer.close()
    theirs, ours = contents
    # torch names the runs in another way.
    assert list(ours) == [f"{tmp_path}/o/a_b", f"{tmp_path}/o/a_c"]
    assert list(ours.values()) == list(theirs.values())


# ------------------------------------------------------------ all processes


def log(writer: GlobalSummaryWriter, count: int) -> None:
    for number in range(count):
        writer.add_scalar("loss", float(number))


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.heavy)])
def test_processes_log_into_one_file_with_steps_that_only_grow(tmp_path, method):
    context = multiprocessing.get_context(method)
    writer = GlobalSummaryWriter(tmp_path)
    writer.add_scalar("loss", -1.0)
    processes = [context.Process(target=log, args=(writer, 20)) for _ in range(2)]
    for process in processes:
        process.start()
    log(writer, 20)
    for process in processes:
        process.join()
    writer.add_text("loss", "done")
    writer.close()
    assert len(written.event_files(tmp_path)) == 1
    found = [(step, value) for step, value in written.scalars(tmp_path, "loss")]
    assert [step for step, _ in found] == list(range(61))
    assert sorted(value for _, value in found) == sorted([-1.0, *(list(map(float, range(20))) * 3)])
    assert [event.step for event, value in written.values(tmp_path) if "text" in value.tag] == [0]


def test_a_process_whose_writer_is_gone_is_told(tmp_path):
    writer = GlobalSummaryWriter(tmp_path)
    writer.close()
    pid = os.fork()
    if not pid:
        try:
            with pytest.warns(UserWarning, match="can't be reached .* keep it alive"):
                writer.add_scalar("loss", 1.0)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def test_the_shared_writer_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(GlobalSummaryWriter, "_shared", None)
    shared = GlobalSummaryWriter.getSummaryWriter()
    assert GlobalSummaryWriter.getSummaryWriter() is shared
    shared.add_image("i", torch.zeros(3, 2, 2))
    shared.close()
    assert len(list(tmp_path.glob("runs/*/events*"))) == 1


@pytest.mark.parametrize("name", ["add_scalar", "add_image", "add_text", "close", "getSummaryWriter"])
def test_its_methods_are_called_as_tensorboardxs(name):
    theirs, ours = (
        inspect.signature(getattr(each, name)) for each in (tensorboardX.GlobalSummaryWriter, GlobalSummaryWriter)
    )
    assert [(p.name, p.default) for p in ours.parameters.values()] == [
        (p.name, p.default) for p in theirs.parameters.values()
    ]
