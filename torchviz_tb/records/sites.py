"""The checksum that joins a record to the table of sites it was written with."""

import zlib
from collections.abc import Iterable


def sites_checksum(names: Iterable[str]) -> int:
    """CRC-32 of the names, each followed by a newline: ``sites_checksum`` in records.proto."""
    checksum = 0
    for name in names:
        checksum = zlib.crc32(f"{name}\n".encode(), checksum)
    return checksum
