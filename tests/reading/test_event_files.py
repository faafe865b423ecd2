import os
from pathlib import Path

import pytest
from event_file import EventFile, frame
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from torchviz_tb.errors import ArgumentError, RecordError
from torchviz_tb.reading import event_files
from torchviz_tb.reading.event_files import EventFileSource
from torchviz_tb.reading.framing import masked_crc32c
from torchviz_tb.reading.source import by_group
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import seal, unseal
from torchviz_tb.records.metadata import Kind, Tag


def progress(epoch: int) -> pb.Progress:
    return pb.Progress(epoch=epoch)


def epochs(source: EventFileSource, run: str) -> dict[int, int]:
    """Step to the epoch of the progress record there."""
    steps = by_group(source.references(run))["model"][Kind.PROGRESS]
    blobs = source.read(list(steps.values()))
    return {step: unseal(blob, pb.Progress).epoch for step, blob in zip(steps, blobs, strict=True)}


def write(folder: Path, steps: dict[int, int], name: str = "events.out.tfevents.1") -> EventFile:
    file = EventFile(folder, name)
    for step, epoch in steps.items():
        file.record("model", Kind.PROGRESS, progress(epoch), step)
    return file


def test_runs_are_named_as_tensorboard_names_them(tmp_path: Path):
    write(tmp_path, {0: 1})
    write(tmp_path / "a" / "b", {0: 1})
    (tmp_path / "without").mkdir()
    assert EventFileSource(tmp_path).run_names() == [".", str(Path("a", "b"))]


def test_records_come_back_by_step(tmp_path: Path):
    write(tmp_path / "run", {0: 1, 10: 2, 20: 3})
    assert epochs(EventFileSource(tmp_path), "run") == {0: 1, 10: 2, 20: 3}


def test_references_can_be_narrowed_to_tags_and_runs(tmp_path: Path):
    file = write(tmp_path / "run", {0: 1})
    file.record("other", Kind.PROGRESS, progress(5), 0)
    source = EventFileSource(tmp_path)
    found = source.references("run", [Tag("other", Kind.PROGRESS)])
    assert [reference.tag for reference in found] == [Tag("other", Kind.PROGRESS)]
    assert source.references("no such run") == []
    assert len(source.references()) == 4


def test_the_last_written_record_of_a_step_counts(tmp_path: Path):
    write(tmp_path / "run", {10: 1, 0: 2})
    write(tmp_path / "run", {10: 3}, name="events.out.tfevents.2")
    assert epochs(EventFileSource(tmp_path), "run") == {0: 2, 10: 3}


def test_the_copy_of_a_first_step_stands_in_for_one_that_was_dropped(tmp_path: Path):
    file = EventFile(tmp_path / "run")
    file.record("model", Kind.PROGRESS, progress(1), 0)
    references = [each for each in EventFileSource(tmp_path).references("run") if each.tag.first]
    assert list(by_group(references)["model"][Kind.PROGRESS]) == [0]


def test_a_copy_never_replaces_the_record_itself(tmp_path: Path):
    write(tmp_path / "run", {0: 1})
    found = by_group(EventFileSource(tmp_path).references("run"))["model"][Kind.PROGRESS]
    assert not found[0].tag.first


def test_a_restart_drops_what_came_at_or_after_its_step(tmp_path: Path):
    write(tmp_path / "run", {0: 1, 10: 1, 20: 1, 30: 1})
    resumed = EventFile(tmp_path / "run", "events.out.tfevents.2")
    resumed.start(20)
    resumed.record("model", Kind.PROGRESS, progress(2), 20)
    assert epochs(EventFileSource(tmp_path), "run") == {0: 1, 10: 1, 20: 2}


def test_a_restart_drops_its_own_step_even_where_nothing_replaces_it(tmp_path: Path):
    write(tmp_path / "run", {0: 1, 20: 1, 30: 1})
    EventFile(tmp_path / "run", "events.out.tfevents.2").start(20)
    assert epochs(EventFileSource(tmp_path), "run") == {0: 1}


def test_a_start_at_zero_in_the_first_file_drops_nothing(tmp_path: Path):
    file = EventFile(tmp_path / "run")
    file.start(0)
    file.record("model", Kind.PROGRESS, progress(1), 0)
    assert epochs(EventFileSource(tmp_path), "run") == {0: 1}


def test_tags_that_another_plugin_wrote_first_are_not_ours(tmp_path: Path):
    file = EventFile(tmp_path / "run")
    file.event(Event(summary=Summary(value=[Summary.Value(tag="torchviz_tb/model/progress", simple_value=1)])))
    file.blob("model", Kind.PROGRESS, seal(progress(1)), 0)
    found = EventFileSource(tmp_path).references("run")
    assert [reference.tag.first for reference in found] == [True]


@pytest.mark.parametrize("cut", [1, 4, 5, 20, 100])
def test_a_truncated_tail_loses_only_the_last_record(tmp_path: Path, cut: int):
    path = write(tmp_path / "run", {0: 1, 10: 2}).path
    path.write_bytes(path.read_bytes()[:-cut])
    source = EventFileSource(tmp_path)
    assert epochs(source, "run") == {0: 1}
    (problem,) = source.problems("run")
    assert problem.message == "the event file run/events.out.tfevents.1 ends in the middle of a record"


def test_a_corrupt_length_ends_the_file(tmp_path: Path):
    path = write(tmp_path / "run", {0: 1, 10: 2}).path
    data = bytearray(path.read_bytes())
    data[len(frame(Event(file_version="brain.Event:2", wall_time=1.7e9).SerializeToString()))] ^= 1
    path.write_bytes(data)
    source = EventFileSource(tmp_path)
    assert source.references("run") == []
    assert "is corrupt" in source.problems("run")[0].message


def test_a_tail_of_zeros_is_an_unfinished_record(tmp_path: Path):
    path = write(tmp_path / "run", {0: 1}).path
    path.write_bytes(path.read_bytes() + bytes(100))
    source = EventFileSource(tmp_path)
    assert epochs(source, "run") == {0: 1}
    assert "ends in the middle" in source.problems("run")[0].message


def test_garbage_in_a_frame_is_passed_over(tmp_path: Path):
    path = write(tmp_path / "run", {0: 1}).path
    path.write_bytes(path.read_bytes() + frame(b"\xff" * 30) + path.read_bytes())
    source = EventFileSource(tmp_path)
    assert epochs(source, "run") == {0: 1}
    assert "holds 1 events that can't be parsed" in source.problems("run")[0].message


def test_events_over_the_bound_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = write(tmp_path / "run", {0: 1})
    file.blob("model", Kind.PROGRESS, bytes(5000), 10)
    monkeypatch.setattr(event_files, "MAX_EVENT_SIZE", 4000)
    assert epochs(EventFileSource(tmp_path), "run") == {0: 1}


def test_a_claimed_length_beyond_the_file_takes_no_memory(tmp_path: Path):
    path = write(tmp_path / "run", {0: 1}).path
    header = (2**62).to_bytes(8, "little")
    path.write_bytes(path.read_bytes() + header + masked_crc32c(header).to_bytes(4, "little"))
    assert epochs(EventFileSource(tmp_path), "run") == {0: 1}


def test_a_file_that_changed_after_it_was_listed_is_an_error_of_the_record(tmp_path: Path):
    path = write(tmp_path / "run", {0: 1}).path
    source = EventFileSource(tmp_path)
    path.unlink()
    found = source.read(source.references("run"))
    assert all(isinstance(each, RecordError) and "load it again" in str(each) for each in found)


def test_named_pipes_do_not_block(tmp_path: Path):
    write(tmp_path / "run", {0: 1})
    os.mkfifo(tmp_path / "run" / "events.out.tfevents.9")
    assert epochs(EventFileSource(tmp_path), "run") == {0: 1}


def test_a_missing_directory_is_named(tmp_path: Path):
    with pytest.raises(ArgumentError, match=r"'.*nowhere' does not exist; give the directory"):
        EventFileSource(tmp_path / "nowhere")
