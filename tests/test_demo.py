"""The demos run, learn, and stay what the README says they are."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import torchviz_tb

DEMO = Path(__file__).resolve().parent.parent / "demo"


def run_demo(name: str, log_dir: Path, *arguments: str) -> float:
    """Runs a demo in a process of its own; returns the accuracy that it prints last, in percent."""
    command = [sys.executable, "-W", "error:::torchviz_tb", str(DEMO / name), "--log-dir", str(log_dir), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "UserWarning" not in done.stderr, done.stderr
    match = re.fullmatch(r"test accuracy: (\d+\.\d)%", done.stdout.splitlines()[-1])
    assert match, done.stdout
    return float(match[1])


@pytest.mark.heavy
def test_digits_learns_and_logs_every_kind_but_tensor_views(tmp_path: Path) -> None:
    # Guessing gives 10 %; four of its forty epochs are enough to tell that it learns, on any number of threads.
    assert run_demo("digits.py", tmp_path, "--epochs", "4") > 50
    (run,) = torchviz_tb.load(tmp_path).values()
    assert run.steps("statistics") == [0, 10, 20, 30, 40, 50, 60, 70]
    for kind in ("distributions", "heatmaps"):
        assert run.steps(kind)[0] == 0
    assert [site.name for site in run.sites][:2] == ["stem.weight", "stem.bias"]
    scopes = {scope.path: scope.type for scope in run.graph().scopes}
    assert scopes["stage2.0.skip"] == "Conv2d"
    assert scopes["stage1"] == "Sequential"


@pytest.mark.heavy
def test_attention_learns_and_keeps_what_it_attends_to(tmp_path: Path) -> None:
    assert run_demo("attention.py", tmp_path, "--steps", "201") > 50
    (run,) = torchviz_tb.load(tmp_path).values()
    view = run.tensor_view("attention.probs", 200)
    assert view.values.shape == (8, 4, 8, 8)
    assert view.values.sum(-1) == pytest.approx(1, abs=1e-5)


def test_two_lines_of_the_digits_demo_are_ours() -> None:
    lines = (DEMO / "digits.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 80
    ours = [line for line in lines if re.search(r"torchviz_tb import|writer\.(?!add_scalar|close)\w+", line)]
    assert ours == ["from torchviz_tb import SummaryWriter", "writer.watch(model, optimizer, log_freq=10)"]


def test_each_demo_has_its_line_in_the_readme() -> None:
    listed = re.findall(r"\]\((\w+\.py)\)", (DEMO / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.name for path in DEMO.glob("*.py"))
