"""Requests that come at the same time."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Barrier
from typing import Any

import huge_runs
import pytest
import sample_logs
from plugin_client import fetching, in_process, loaded, plugin_over

from torchviz_tb.diagnosis.evidence import Evidence
from torchviz_tb.diagnosis.finding import Finding
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


def test_findings_are_looked_for_once_and_again_when_something_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = huge_runs.write(tmp_path / "run", 4, range(12))
    multiplexer = loaded(tmp_path)
    fetch = fetching(plugin_over(multiplexer, tmp_path))
    looked: list[int] = []
    module = import_module("torchviz_tb.plugin.responses.findings")  # the package gives its function that name
    look = module.diagnosed

    def slowly(evidence: Evidence) -> list[Finding]:
        looked.append(len(evidence.steps))
        time.sleep(0.05)  # Long enough for the others to ask for the same.
        return look(evidence)

    monkeypatch.setattr(module, "diagnosed", slowly)
    together = Barrier(3)

    def ask(_: int) -> int:
        together.wait()
        return fetch("findings", run="run", group="model").fields["steps"]

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(ask, range(3))) == [12] * 3
    assert looked == [12]
    file.scalar("loss/train", 0.1, 12)
    for steps in (12, 13):
        multiplexer.Reload()
        assert fetch("findings", run="run", group="model").fields["steps"] == steps
        huge_runs.write_step(file, 4, 12)
    assert looked == [12, 12, 13]


def test_findings_tell_each_time_what_could_not_be_read(tmp_path: Path):
    file = huge_runs.write(tmp_path / "run", 4, range(12))
    file.blob("model", Kind.STATISTICS, b"no envelope", 12)
    fetch = in_process(tmp_path)
    for _ in range(2):
        problems = fetch("findings", run="run", group="model").fields["problems"]
        assert [problem["step"] for problem in problems] == [12]
