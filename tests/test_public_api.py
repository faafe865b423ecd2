"""What `import torchviz_tb` promises: these names, and a light import."""

import subprocess
import sys

import pytest

import torchviz_tb

HEAVY = {"torch", "tensorboard", "numpy", "google.protobuf"}
WATCHED_FOR = sorted({*HEAVY, "torch._dynamo"})


def test_the_public_names_are_listed_sorted_and_all_there():
    assert torchviz_tb.__all__ == sorted(torchviz_tb.__all__)
    assert torchviz_tb.__all__ == [
        "ArgumentError",
        "Finding",
        "GlobalSummaryWriter",
        "SummaryWriter",
        "TorchVizError",
        "Visualizer",
        "Watch",
        "__version__",
        "colorize",
        "colorize_parameters",
        "diagnose",
        "load",
        "visualize_model",
        "watch",
    ]
    assert all(getattr(torchviz_tb, name) is not None for name in torchviz_tb.__all__)
    assert set(torchviz_tb.__all__) <= set(dir(torchviz_tb))


def test_no_module_hides_behind_a_public_name():
    """Importing a submodule puts it in the package under its own name, in place of whatever was there."""
    assert callable(torchviz_tb.watch)
    assert callable(torchviz_tb.load)
    assert torchviz_tb.SummaryWriter.__module__ == "torchviz_tb.writer"


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'torchviz_tb' has no attribute 'Watcher'"):
        torchviz_tb.Watcher  # noqa: B018


def imported_by(code: str) -> set[str]:
    """Which of the packages that we look out for a fresh interpreter has imported after running the code."""
    report = f"import sys; print(*[name for name in {WATCHED_FOR} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_heavy():
    assert imported_by("import torchviz_tb; torchviz_tb.ArgumentError, dir(torchviz_tb)") == set()


def test_the_test_above_can_fail():
    assert imported_by("import torchviz_tb; torchviz_tb.SummaryWriter") == HEAVY


CAPTURE = """
import torch
from torchviz_tb.capture.graph import capture_graph
assert len(capture_graph(torch.nn.Linear(2, 2), (torch.ones(1, 2),), {}).operations) == 2
"""


def test_a_graph_is_captured_without_torchs_compiler_whose_import_takes_a_second():
    assert "torch._dynamo" not in imported_by(CAPTURE)
    assert "torch._dynamo" in imported_by(f"{CAPTURE}\nimport torch._dynamo")


def test_reading_a_log_needs_no_torch():
    assert "torch" not in imported_by("import torchviz_tb; torchviz_tb.load")
