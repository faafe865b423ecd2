"""The arrays format: numbers with a JSON header, as http_api.md defines it."""

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

MAGIC = b"TVZA"
VERSION = 1
_ALIGNMENT = 8
_PREFIX = struct.Struct("<4sIII")
_DTYPES = ("float32", "float64", "uint8", "int32")
# Level 1: floating-point numbers hardly compress further, and the page waits for them.
_LEVEL = 1
_GZIP_FRAME, _MOST_MEMORY = 31, 9
_SAMPLE = 2**16
_WORTH_A_SEARCH = 0.7

Json = dict[str, Any]
"""An object of the answer; NaN and infinities belong into arrays."""


@dataclass(frozen=True)
class Arrays:
    """An answer made of numbers: the header's own fields, and arrays by name.

    ``along`` says of the arrays that hold fresh steps only where these lie: the axis, or that they are bins.
    """

    header: Json
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    along: Mapping[str, int | Literal["bins", "starts"]] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The answer's bytes, before compression."""
        entries, chunks, offset = [], [], 0
        for name, array in self.arrays.items():
            data = _little_endian(array)
            shape = list(array.shape)
            entry: Json = {"name": name, "dtype": array.dtype.name, "shape": shape, "offset": offset}
            entries.append({**entry, "along": self.along[name]} if name in self.along else entry)
            chunks.append(data + bytes(-len(data) % _ALIGNMENT))
            offset += len(chunks[-1])
        header = strict_json({**self.header, "arrays": entries})
        header += b" " * (-len(header) % _ALIGNMENT)
        return b"".join([_PREFIX.pack(MAGIC, VERSION, len(header), 0), header, *chunks])


def compressed(body: bytes) -> bytes:
    """Gzip, equal for equal bytes.

    Where a sample of it hardly compresses, as floating-point numbers do, only runs and frequent bytes are made use of:
    that comes out as small, in a third of the time.
    """
    sample = body[len(body) // 2 :][:_SAMPLE]
    searched = len(zlib.compress(sample, _LEVEL)) < _WORTH_A_SEARCH * len(sample)
    strategy = zlib.Z_DEFAULT_STRATEGY if searched else zlib.Z_RLE
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_FRAME, _MOST_MEMORY, strategy)
    return packer.compress(body) + packer.flush()


def strict_json(value: Json) -> bytes:
    """JSON in UTF-8. Raises ValueError for NaN and infinities, which JSON does not have."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()


def float32(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """As float32; what is beyond its range becomes infinite."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _little_endian(array: npt.NDArray[Any]) -> bytes:
    if array.dtype.name not in _DTYPES:
        raise TypeError(f"the arrays format has {', '.join(_DTYPES)}, not {array.dtype}")
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
