"""Log directories that are no folders: fsspec's memory, and a store that speaks S3."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

from torchviz_tb import SummaryWriter


def test_memory_is_written_at_each_flush() -> None:
    files = fsspec.filesystem("memory")
    writer = SummaryWriter("memory://first/run")
    for step in range(10):
        writer.add_scalar("loss", 1.0, step)
    writer.flush()
    assert steps("memory://first/run", files) == list(range(10))
    writer.add_scalar("loss", 1.0, 10)
    writer.close()
    assert steps("memory://first/run", files) == list(range(11))


def steps(log_dir: str, files: fsspec.AbstractFileSystem) -> list[int]:
    (path,) = files.find(log_dir)
    events = LegacyEventFileLoader(f"memory://{path}").Load()
    return [event.step for event in events if event.summary.value]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an S3 server on this machine, with an empty bucket."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "S3_ENDPOINT": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/logs", method="PUT"))
    yield f"http://{host}:{port}"
    server.stop()


WRITE = """
from torchviz_tb import SummaryWriter
writer = SummaryWriter("s3://logs/first")
for step in range(20):
    writer.add_scalar("loss", 1.0, step)
"""


def test_s3_has_everything_when_a_script_ends_without_close(store: str, tmp_path: Path) -> None:
    environment = {**os.environ, "no_proxy": "*"}
    subprocess.run([sys.executable, "-c", WRITE], check=True, env=environment, timeout=120)
    client = boto3.client("s3", endpoint_url=store)
    (path,) = (each["Key"] for each in client.list_objects_v2(Bucket="logs")["Contents"] if "tfevents" in each["Key"])
    (tmp_path / "copy").write_bytes(client.get_object(Bucket="logs", Key=path)["Body"].read())
    events = LegacyEventFileLoader(str(tmp_path / "copy")).Load()
    assert [event.step for event in events if event.summary.value] == list(range(20))


@pytest.mark.usefixtures("store")
def test_a_store_that_refuses_does_not_stop_the_training() -> None:
    code = """
import warnings
from torchviz_tb import SummaryWriter
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    writer = SummaryWriter("s3://there-is-no-such-bucket/first")
    for step in range(20):
        writer.add_scalar("loss", 1.0, step)
    writer.flush()
    writer.close()
print(*[warning.message for warning in caught], sep="\\n")
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=120, capture_output=True, text=True)
    assert "can't write to s3://there-is-no-such-bucket/first" in done.stdout
    assert "did not write" in done.stdout
