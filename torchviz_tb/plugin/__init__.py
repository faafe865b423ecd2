"""The plugin's side of TensorBoard: the entry point.

An exception while this module is imported would stop TensorBoard, so it imports nothing but the
standard library, TensorBoard's plugin interface and our constants; the rest follows in ``load``.
"""

import logging
from argparse import Namespace
from typing import TYPE_CHECKING

from tensorboard.plugins.base_plugin import TBContext, TBLoader

from torchviz_tb.records.metadata import PLUGIN_NAME

if TYPE_CHECKING:
    from torchviz_tb.plugin.plugin import TorchVizPlugin

SAMPLES = 1000
"""Steps of each tag that TensorBoard keeps for us, where the user gave no --samples_per_plugin=torchviz_tb=N.

Its own default is 10. It keeps samples in memory, so the number is finite.
"""

_logger = logging.getLogger("tensorboard")


class TorchVizLoader(TBLoader):  # type: ignore[misc]  # tensorboard has no types
    """What TensorBoard finds under the entry point ``tensorboard_plugins``. It never raises."""

    def fix_flags(self, flags: Namespace) -> None:
        """Raises the number of samples that TensorBoard keeps of our records; the user's own wins."""
        samples = getattr(flags, "samples_per_plugin", None)
        if isinstance(samples, dict):
            samples.setdefault(PLUGIN_NAME, SAMPLES)

    def load(self, context: TBContext) -> "TorchVizPlugin | None":
        """The plugin, or None and a line in the log where it can't be loaded."""
        try:
            from torchviz_tb.plugin.plugin import TorchVizPlugin

            return TorchVizPlugin(context)
        except Exception as error:  # noqa: BLE001  TensorBoard must start without us whatever is wrong
            _logger.warning("The TorchViz tab is missing because its plugin can't be loaded: %r", error)
            return None
