import os
from pathlib import Path

import pytest
from event_file import EventFile

from torchviz_tb.plugin import log_directory
from torchviz_tb.plugin.log_directory import SETTLED_SECONDS, LogDirectory
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind


def write(root: Path) -> Path:
    file = EventFile(root / "run")
    for step in range(3):
        file.record("model", Kind.PROGRESS, pb.Progress(epoch=1), step)
    return file.path


def at_age(root: Path, path: Path, seconds: float) -> LogDirectory:
    """The directory as seen when the file was last written so long ago."""
    modified = path.stat().st_mtime
    return LogDirectory(str(root), clock=lambda: modified + seconds)


def messages(directory: LogDirectory) -> list[str]:
    return [problem.message for problem in directory.inspect().problems]


@pytest.mark.parametrize("path", ["", "gs://bucket/runs", "s3://bucket"])
def test_what_is_no_local_directory_is_unknown(path: str):
    assert LogDirectory(path).inspect().state == "unknown"


def test_missing_and_empty(tmp_path: Path):
    assert LogDirectory(str(tmp_path / "nowhere")).inspect().state == "missing"
    assert LogDirectory(str(tmp_path)).inspect().state == "empty"
    (tmp_path / "readme.txt").write_text("no events")
    assert LogDirectory(str(tmp_path)).inspect().state == "empty"


def test_a_sound_file_is_no_problem(tmp_path: Path):
    path = write(tmp_path)
    report = at_age(tmp_path, path, 1e6).inspect()
    assert (report.state, report.problems) == ("ok", ())


def test_a_file_cut_in_a_record_is_a_problem_once_it_has_settled(tmp_path: Path):
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:-7])
    assert messages(at_age(tmp_path, path, SETTLED_SECONDS - 1)) == []
    (problem,) = at_age(tmp_path, path, SETTLED_SECONDS + 1).inspect().problems
    assert problem.run == "run"
    assert problem.message == f"the event file run/{path.name} ends in the middle of a record"


def test_a_corrupt_file_is_a_problem_at_once(tmp_path: Path):
    path = write(tmp_path)
    path.write_bytes(path.read_bytes() + b"\1" * 40)
    assert messages(at_age(tmp_path, path, 0)) == [
        f"the event file run/{path.name} is corrupt: what follows can't be found"
    ]


def test_a_file_that_was_completed_is_no_longer_a_problem(tmp_path: Path):
    path = write(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    directory = at_age(tmp_path, path, 1e6)
    assert len(messages(directory)) == 1
    path.write_bytes(whole)
    assert messages(directory) == []


def test_a_file_that_was_replaced_by_a_shorter_one_is_looked_at_anew(tmp_path: Path):
    path = write(tmp_path)
    directory = at_age(tmp_path, path, 1e6)
    assert messages(directory) == []
    path.write_bytes(path.read_bytes()[:30])
    assert len(messages(directory)) == 1


def test_unchanged_files_are_not_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path)
    directory = at_age(tmp_path, path, 1e6)
    directory.inspect()
    monkeypatch.setattr(log_directory, "FrameWalk", lambda *_: pytest.fail("it was opened"))
    assert directory.inspect().state == "ok"


def test_an_inspection_out_of_time_goes_on_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path)
    path.write_bytes(path.read_bytes() + b"\1" * 40)
    directory = at_age(tmp_path, path, 1e6)
    monkeypatch.setattr(log_directory, "_FRAMES_BETWEEN_CLOCKS", 1)
    monkeypatch.setattr(log_directory, "TIME_BOUND", -1.0)
    rounds = 0
    while not messages(directory):
        rounds += 1
        assert rounds < 50
    assert rounds > 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_a_problem(tmp_path: Path):
    path = write(tmp_path)
    path.chmod(0)
    assert "can't be opened (Permission denied)" in messages(LogDirectory(str(tmp_path)))[0]
