"""Requests that come at the same time."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import sample_logs
from plugin_client import in_process

from torchviz_tb.reading import group
from torchviz_tb.reading.decode import Schema
from torchviz_tb.records.metadata import Kind


def test_a_record_is_decoded_once_for_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    sample_logs.small(tmp_path)
    fetch = in_process(tmp_path)
    place = {"run": "first", "group": "model"}
    steps = next(each for each in fetch("runs").fields["runs"] if each["name"] == "first")["groups"][0]["kinds"]
    site = fetch("sites", **place).fields["sites"][0]["name"]
    decoded: Counter[Kind] = Counter()
    decode = group.decode

    def slowly(schema: Schema[Any], blob: bytes) -> Any:
        decoded[schema.kind] += 1
        time.sleep(0.002)  # Long enough for the others to ask for the same record.
        return decode(schema, blob)

    monkeypatch.setattr(group, "decode", slowly)
    stages = ("parameter", "gradient", "update", "parameter")
    together = Barrier(len(stages))

    def ask(stage: str) -> int:
        together.wait()
        return fetch("distributions", **place, site=site, stage=stage).status

    with ThreadPoolExecutor(len(stages)) as pool:
        assert list(pool.map(ask, stages)) == [200] * len(stages)
    assert decoded[Kind.DISTRIBUTIONS] == len(steps["distributions"])
