import logging
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import huge_runs
import pytest
from event_file import EventFile
from plugin_client import load_plugin
from tensorboard.plugins.base_plugin import TBContext

from torchviz_tb.plugin import SAMPLES, TorchVizLoader

# Everything that TensorBoard does with us until a route is called.
LOAD = """
import sys
from torchviz_tb.plugin import TorchVizLoader
from tensorboard.plugins.base_plugin import TBContext
{extra}
plugin = TorchVizLoader().load(TBContext(logdir=""))
assert plugin is not None
plugin.get_plugin_apps()
print("torch" in sys.modules)
"""


def torch_is_imported(extra: str) -> bool:
    """Whether a fresh interpreter has torch after it has loaded the plugin."""
    code = LOAD.format(extra=extra)
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout.strip() == "True"


def test_loading_the_plugin_does_not_import_torch():
    assert not torch_is_imported("")


def test_the_check_for_torch_can_fail():
    assert torch_is_imported("import types; sys.modules['torch'] = types.ModuleType('torch')")


def test_importing_the_entry_point_needs_nothing_of_the_reading_side():
    code = "import sys, torchviz_tb.plugin; print(sorted(m for m in sys.modules if m.startswith('torchviz_tb')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "reading" not in found.stdout
    assert "records_pb2" not in found.stdout


def test_the_entry_point_is_installed():
    from importlib.metadata import entry_points

    found = [each for each in entry_points(group="tensorboard_plugins") if each.name == "torchviz_tb"]
    assert [each.load() for each in found] == [TorchVizLoader]


def test_more_samples_are_kept_by_default():
    flags = Namespace(samples_per_plugin={"images": 5})
    TorchVizLoader().fix_flags(flags)
    assert flags.samples_per_plugin == {"images": 5, "torchviz_tb": SAMPLES}


def test_the_user_s_own_number_of_samples_wins():
    flags = Namespace(samples_per_plugin={"torchviz_tb": 7})
    TorchVizLoader().fix_flags(flags)
    assert flags.samples_per_plugin == {"torchviz_tb": 7}


@pytest.mark.parametrize("flags", [Namespace(), Namespace(samples_per_plugin=None)])
def test_flags_of_another_tensorboard_are_left_alone(flags: Namespace):
    before = vars(flags).copy()
    TorchVizLoader().fix_flags(flags)
    assert vars(flags) == before


def test_a_fault_while_loading_leaves_tensorboard_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setitem(sys.modules, "torchviz_tb.plugin.plugin", None)
    with caplog.at_level(logging.WARNING, logger="tensorboard"):
        assert TorchVizLoader().load(TBContext()) is None
    assert "The TorchViz tab is missing because its plugin can't be loaded" in caplog.text


def test_the_tab_is_shown_where_a_run_has_our_records(tmp_path: Path):
    huge_runs.write(tmp_path / "ours" / "run", 2, range(2))
    EventFile(tmp_path / "foreign" / "run").scalar("loss", 1.0, 0)
    assert [load_plugin(tmp_path / name).is_active() for name in ("ours", "foreign")] == [True, False]
