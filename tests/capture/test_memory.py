"""A sample needs no more scratch on the CPU than its largest tensor, and keeps none.

That the torch engine needs no more on a device says a test beside those of its numbers.
"""

import json
import os
import subprocess
import sys

import memory_use
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much memory was used at most")

OWN = 10 * 2**20
"""Bytes of an engine's own tables and threads, whatever the tensors."""


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[int, int]]:
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(2**20)}
    program = [sys.executable, memory_use.__file__]
    told = subprocess.run(program, env=environment, check=True, capture_output=True, text=True)
    numbers: dict[str, tuple[int, int]] = json.loads(told.stdout)
    return numbers


@pytest.mark.parametrize("way", memory_use.WAYS)
def test_scratch_is_at_most_the_largest_tensor_and_none_is_kept(found: dict[str, tuple[int, int]], way: str) -> None:
    for kind in memory_use.MAKERS:
        most, kept = found[f"{way}, {kind}"]
        assert most < memory_use.LARGEST + OWN, kind
        assert kept < OWN, kind


def test_a_second_scratch_would_be_seen(found: dict[str, tuple[int, int]]) -> None:
    most, _ = found["two copies"]
    assert most > memory_use.LARGEST + OWN
