"""One event file that is being written: whole records at its end, whatever happens to the disk."""

import contextlib
import os
import struct
from pathlib import Path
from typing import Any, Protocol

from tensorboard.compat import tf

from torchviz_tb.events.checksum import masked_crc32c


class RecordFile(Protocol):
    """A file that takes records one after the other."""

    def append(self, record: bytes) -> None:
        """Writes a record; raises OSError where it can't, and then nothing of it is in the file."""

    def flush(self) -> None:
        """Makes what was appended visible to others."""

    def close(self) -> None:
        """Ends the file."""


def framed(record: bytes) -> bytes:
    """Length, its checksum, the record, its checksum: as TensorBoard reads them."""
    length = struct.pack("<Q", len(record))
    checksums = (struct.pack("<I", masked_crc32c(part)) for part in (length, record))
    return b"".join([length, next(checksums), record, next(checksums)])


class LocalFile:
    """A file of a local disk. What is appended is the system's at once: only a crash of the machine loses it."""

    def __init__(self, path: str) -> None:
        """Makes the file; raises OSError where it exists already, or can't be made."""
        self._path = Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._size = 0
        self._is_whole = True

    def append(self, record: bytes) -> None:
        """As RecordFile.append; FileNotFoundError where the file was deleted, or ends in half a record."""
        if not self._is_whole:
            raise FileNotFoundError(f"{self._path} ends in half a record")
        found, own = self._path.stat(), os.fstat(self._descriptor)
        if (found.st_dev, found.st_ino) != (own.st_dev, own.st_ino):
            raise FileNotFoundError(f"somebody replaced {self._path}")
        frame = memoryview(framed(record))
        written = 0
        try:
            while written < len(frame):
                written += os.write(self._descriptor, frame[written:])
        except OSError:
            if written:  # half a record would hide all that come after it
                self._is_whole = False
                os.ftruncate(self._descriptor, self._size)
                self._is_whole = True
            raise
        self._size += written

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Closes the descriptor; a file without any record is removed."""
        os.close(self._descriptor)
        if not self._size:
            self._path.unlink(missing_ok=True)


class RemoteFile:
    """A file of a store such as S3, by TensorBoard's own file layer; what is appended goes there at each flush."""

    def __init__(self, path: str) -> None:
        """Raises what the store raises."""
        tf.io.gfile.makedirs(path.rpartition("/")[0])
        self._file: Any = tf.io.gfile.GFile(path, "wb")

    def append(self, record: bytes) -> None:
        """As RecordFile.append."""
        self._file.write(framed(record))

    def flush(self) -> None:
        """Uploads."""
        self._file.flush()

    def close(self) -> None:
        """Uploads the rest."""
        with contextlib.closing(self._file):
            self._file.flush()


def open_record_file(path: str) -> RecordFile:
    """A new file; remote where the path has a scheme."""
    return RemoteFile(path) if "://" in path else LocalFile(path)
