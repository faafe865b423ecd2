"""Every broken run of demo/broken yields its finding and no other that isn't expected; healthy runs yield none."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from torchviz_tb.diagnosis import Finding, diagnose
from torchviz_tb.diagnosis.explanations import EXPLANATIONS

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).parents[2]


def names(folder: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / "demo" / folder).glob("*.py") if path.stem != "__main__")


@pytest.fixture(autouse=True)
def _demos_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


def made(folder: str, log_dir: Path) -> dict[str, list[Finding]]:
    subprocess.run([sys.executable, "-m", f"demo.{folder}", "--log-dir", str(log_dir)], cwd=ROOT, check=True)
    return diagnose(log_dir)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    return made("broken", tmp_path_factory.mktemp("broken"))


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    return made("healthy", tmp_path_factory.mktemp("healthy"))


@pytest.mark.parametrize("name", names("broken"))
def test_a_broken_run_yields_its_finding_first(name: str, broken: dict[str, list[Finding]]):
    fault = import_module(f"demo.broken.{name}")
    kinds = [finding.kind for finding in broken[name]]
    assert kinds[:1] == [fault.EXPECTED]
    assert set(kinds[1:]) <= getattr(fault, "ALSO", set())


@pytest.mark.parametrize("name", names("healthy"))
def test_a_healthy_run_yields_none(name: str, healthy: dict[str, list[Finding]]):
    assert healthy[name] == []


def test_there_are_enough_of_both():
    assert len({import_module(f"demo.broken.{name}").EXPECTED for name in names("broken")}) >= 8
    assert len(names("healthy")) >= 4


def test_findings_say_where_and_since_when(broken: dict[str, list[Finding]]):
    found = {name: findings[0] for name, findings in broken.items() if findings}
    assert found["dead_layer"].step == 105  # the accident is at step 100, after that step's gradient
    assert found["dead_layer"].title == "All units of 2 died at step 105"
    assert set(found["dead_layer"].sites) == {"0.weight", "0.bias", "2.weight", "2.bias", "4.weight"}
    assert found["log_of_softmax"].title == "NaN from the loss, first in 4.weight, step 88"
    assert "look at the data, the targets and the loss" in found["wrong_targets"].evidence
    assert found["detached"].sites == ("encoder.0.weight", "encoder.0.bias", "encoder.2.weight", "encoder.2.bias")
    assert found["dying_units"].sites == ("2.weight",)
    assert found["bad_batch"].step == 133
    assert found["vanishing"].sites[0] == "0.weight"


def test_words_are_short_and_the_evidence_has_numbers(broken: dict[str, list[Finding]]):
    for finding in (each for findings in broken.values() for each in findings):
        assert len(finding.title) <= 60, finding.title
        assert any(character.isdigit() for character in finding.evidence)
        assert finding.kind in EXPLANATIONS
        assert 0 <= finding.extent <= 1
