"""What holds for all tests. It imports neither torch nor TensorBoard, which some tests must do without."""

import os
import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Triton's kernels run in its interpreter, on the CPU. It has to be told before anything imports it.
os.environ.setdefault("TRITON_INTERPRET", "1")

# The same examples at each run, and no limit on time: a busy machine must not fail a test.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that drive browsers or start processes come first: at the end, one would be waited for alone."""
    slow = {item.path for item in items if item.get_closest_marker("browser") or item.get_closest_marker("heavy")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Keeps the writers' background from working until it is set."""
    from torchviz_tb.events.background import Background

    gate = threading.Event()
    do = Background._do
    monkeypatch.setattr(Background, "_do", staticmethod(lambda job: (gate.wait(30), do(job))))
    yield gate
    gate.set()
