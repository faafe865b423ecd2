"""Ways a program ends without close(), and disks that misbehave: read back with TensorBoard's own reader."""

import os
import resource
import signal
import warnings

import fault_table
import pytest
import written
from endings import COUNT, ENDINGS, LOG, killed, steps
from programs import run
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter

from torchviz_tb import SummaryWriter


@pytest.mark.heavy
@pytest.mark.parametrize("ending", ENDINGS)
def test_no_ending_loses_what_was_logged(tmp_path, ending):
    done = run(LOG + ENDINGS[ending], tmp_path)
    assert steps(tmp_path) == list(range(COUNT)), done.stderr
    if ending in ("SIGTERM", "SIGINT"):
        assert done.returncode == -signal.Signals[ending]  # as without us
    if ending == "SIGTERM with a handler":
        assert done.returncode == 0


def test_a_handler_of_the_users_is_not_replaced():
    def own(*_):
        pass

    before = signal.signal(signal.SIGTERM, own)
    try:
        SummaryWriter(write_to_disk=False)
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)


def test_random_kills_leave_a_readable_file(tmp_path):
    """At any moment: what is there is a beginning of what was logged, without a hole."""
    for log_dir in killed(tmp_path, 40):
        found = steps(log_dir)
        assert found == list(range(len(found)))


def test_a_forked_child_writes_into_a_file_of_its_own(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", 1.0, 0)
        pid = os.fork()
        if pid == 0:
            writer.add_scalar("loss", 1.0, 1)
            writer.flush()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        writer.add_scalar("loss", 1.0, 2)
    assert len(written.event_files(tmp_path)) == 2
    assert sorted(steps(tmp_path)) == [0, 1, 2]


def test_a_full_disk_is_survived_and_the_file_stays_readable(tmp_path):
    """The limit on the size of files stands in for a disk: it may be lifted again."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        writer = SummaryWriter(str(tmp_path))
        writer.add_scalar("loss", 0.0, 0)
        writer.flush()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (written.event_files(tmp_path)[0].stat().st_size + 20, hard))
        try:
            for step in range(1, 100):
                writer.add_scalar("loss", 0.0, step)
            writer.flush()
            assert steps(tmp_path) == [0]  # nothing half behind it
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        writer.flush()
        assert steps(tmp_path) == list(range(100))
        writer.close()
    told = [str(warning.message) for warning in caught]
    assert sum("can't write" in message for message in told) == 1
    assert sum("writes to" in message for message in told) == 1
    assert not any("did not write" in message for message in told)


@pytest.mark.parametrize("fault", fault_table.FAULTS)
def test_trouble_that_passes_loses_nothing(tmp_path, fault):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert fault_table.lost_by(fault, tmp_path / "run") == 0


def test_a_deleted_directory_comes_back_with_what_is_logged_later(tmp_path):
    log_dir = tmp_path / "run"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with SummaryWriter(str(log_dir)) as writer:
            writer.add_scalar("loss", 0.0, 0)
            writer.flush()
            for file in log_dir.iterdir():
                file.unlink()
            log_dir.rmdir()
            for step in range(1, 10):
                writer.add_scalar("loss", 0.0, step)
            writer.flush()
            writer.flush()  # the first attempt found the file gone, the second has another
    assert steps(log_dir) == list(range(1, 10))


def test_writers_side_by_side_do_not_share_a_file(tmp_path):
    writers = [SummaryWriter(str(tmp_path)) for _ in range(12)]
    for number, writer in enumerate(writers):
        writer.add_scalar("loss", 0.0, number)
    for writer in writers:
        writer.close()
    assert len(written.event_files(tmp_path)) == 12
    assert [path.name for path in written.event_files(tmp_path)] == sorted(p.name for p in tmp_path.iterdir())
    assert steps(tmp_path) == list(range(12))


def test_the_bytes_are_those_of_torchs_writer(tmp_path):
    """But for the header, which names its writer, and the times."""
    for kind, folder in ((SummaryWriter, "ours"), (TorchSummaryWriter, "torchs")):
        with kind(str(tmp_path / folder)) as writer:
            for step in range(5):
                writer.add_scalar("loss", step / 3, step, walltime=1000.0 + step)
    ours, torchs = (
        [event.SerializeToString() for event in written.events(tmp_path / folder) if event.summary.value]
        for folder in ("ours", "torchs")
    )
    assert ours == torchs
