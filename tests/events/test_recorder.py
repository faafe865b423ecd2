"""Records into the event file of torch's, tensorboardX's and anybody's SummaryWriter."""

import threading
import time
import warnings

import pytest
import written
from torch.utils.tensorboard import SummaryWriter

from torchviz_tb import SummaryWriter as OurWriter
from torchviz_tb.errors import ArgumentError
from torchviz_tb.events.recorder import LaterRecord, Recorder
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind


def progress(epoch: int) -> pb.Progress:
    return pb.Progress(epoch=epoch)


@pytest.fixture(params=["torch", "tensorboardX"])
def summary_writer(request, tmp_path):
    if request.param == "torch":
        return SummaryWriter(tmp_path)
    return pytest.importorskip("tensorboardX").SummaryWriter(str(tmp_path))


def test_records_and_scalars_share_one_file(summary_writer, tmp_path):
    recorder = Recorder(summary_writer)
    for step in range(3):
        summary_writer.add_scalar("loss", step / 2, step)
        assert recorder.write("model", Kind.PROGRESS, progress(step + 1), step)
    summary_writer.close()
    assert len(written.event_files(tmp_path)) == 1
    assert written.scalars(tmp_path, "loss") == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert written.records(tmp_path, Kind.PROGRESS) == {step: progress(step + 1) for step in range(3)}


def test_a_later_record_is_made_at_once_for_others_and_in_the_background_for_ours(summary_writer, tmp_path):
    made_in = []

    def make():
        made_in.append(threading.current_thread())
        return progress(1)

    Recorder(summary_writer).write("model", Kind.PROGRESS, LaterRecord(make, 100), 0)
    assert made_in == [threading.current_thread()]
    ours = OurWriter(tmp_path / "ours")
    Recorder(ours).write("model", Kind.PROGRESS, LaterRecord(make, 100), 0, wall_time=7.0)
    ours.close()
    summary_writer.close()
    assert [thread.name for thread in made_in[1:]] == ["torchviz_tb events"]
    assert written.records(tmp_path / "ours", Kind.PROGRESS) == {0: progress(1)}


def test_only_the_first_step_is_kept_under_its_own_tag_too(summary_writer, tmp_path):
    recorder = Recorder(summary_writer)
    for step in (7, 9):
        recorder.write("model", Kind.PROGRESS, progress(step), step)
    summary_writer.close()
    assert written.records(tmp_path, Kind.PROGRESS, first=True) == {7: progress(7)}


def test_a_step_that_does_not_grow_is_refused_with_one_warning(tmp_path):
    summary_writer = SummaryWriter(tmp_path)
    recorder = Recorder(summary_writer)
    assert recorder.write("model", Kind.PROGRESS, progress(1), 5)
    with pytest.warns(UserWarning, match=r"did not write torchviz_tb/model/progress at step 5: its last step is 5"):
        assert not recorder.write("model", Kind.PROGRESS, progress(2), 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not recorder.write("model", Kind.PROGRESS, progress(3), 4)
        assert recorder.write("model", Kind.PROGRESS, progress(4), 6)
        assert recorder.write("other", Kind.PROGRESS, progress(5), 5)
        assert recorder.write("model", Kind.GRAPH, pb.Graph(), 5)
    summary_writer.close()
    assert written.records(tmp_path, Kind.PROGRESS) == {5: progress(1), 6: progress(4)}


def test_negative_and_large_steps(tmp_path):
    summary_writer = SummaryWriter(tmp_path)
    recorder = Recorder(summary_writer)
    for step in (-(2**40), -1, 0, 2**62):
        recorder.write("model", Kind.PROGRESS, progress(1), step)
    summary_writer.close()
    assert list(written.records(tmp_path, Kind.PROGRESS)) == [-(2**40), -1, 0, 2**62]


def test_wall_time_is_now_or_what_was_given(tmp_path):
    summary_writer = SummaryWriter(tmp_path)
    recorder = Recorder(summary_writer)
    before = time.time()
    recorder.write("model", Kind.PROGRESS, progress(1), 0)
    recorder.write("model", Kind.PROGRESS, progress(2), 1, wall_time=123.5)
    summary_writer.close()
    first, *_, last = written.everything(tmp_path)
    assert before <= first.wall_time <= time.time()
    assert last.wall_time == 123.5


def test_steps_go_on_growing_in_the_file_after_close(tmp_path):
    summary_writer = SummaryWriter(tmp_path)
    recorder = Recorder(summary_writer)
    recorder.write("model", Kind.PROGRESS, progress(1), 1)
    summary_writer.close()
    recorder.flush()
    assert len(written.event_files(tmp_path)) == 1
    with pytest.warns(UserWarning, match="last step is 1"):
        recorder.write("model", Kind.PROGRESS, progress(1), 1)
    recorder.write("model", Kind.PROGRESS, progress(2), 2)
    summary_writer.close()
    assert len(written.event_files(tmp_path)) == 2
    assert list(written.records(tmp_path, Kind.PROGRESS)) == [1, 2]


def test_a_step_that_failed_to_be_written_may_be_tried_again(tmp_path, monkeypatch):
    summary_writer = SummaryWriter(tmp_path)
    recorder = Recorder(summary_writer)
    with monkeypatch.context() as patch:
        patch.setattr(summary_writer.file_writer, "add_event", raise_disk_full)
        with pytest.raises(OSError, match="No space left"):
            recorder.write("model", Kind.PROGRESS, progress(1), 1)
    assert recorder.write("model", Kind.PROGRESS, progress(1), 1)
    summary_writer.close()
    assert list(written.records(tmp_path, Kind.PROGRESS, first=True)) == [1]


def raise_disk_full(*_):
    raise OSError(28, "No space left on device")


def test_a_bare_file_writer_and_a_holder_of_one_will_do(tmp_path):
    summary_writer = SummaryWriter(tmp_path)

    class Holder:
        file_writer = summary_writer.file_writer

    assert Recorder(summary_writer.file_writer).write("a", Kind.PROGRESS, progress(1), 0)
    assert Recorder(Holder()).write("b", Kind.PROGRESS, progress(1), 0)
    summary_writer.close()
    assert written.groups(tmp_path) == {"a", "b"}


def test_a_stand_in_that_swallows_everything_records_nothing():
    class StandIn:
        def __getattr__(self, name):
            return lambda *_, **__: None

    recorder = Recorder(StandIn())
    assert not recorder.write("model", Kind.PROGRESS, progress(1), 0)
    recorder.flush()


def test_an_object_without_an_event_file_is_refused():
    with pytest.raises(
        ArgumentError, match=r"writer is a dict, which has no event file to add to: pass a SummaryWriter"
    ):
        Recorder({})
