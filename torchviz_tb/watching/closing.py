"""The line with which a watch ends."""

import contextlib
import sys

from torchviz_tb.watching.report import WatchReport


def say_goodbye(report: WatchReport) -> None:
    """Says on the error stream what was recorded, what it cost, and what never had a gradient."""
    with contextlib.suppress(Exception):  # an interpreter that ends may have no stream any more
        sys.stderr.write(f"torchviz_tb: {report}\n")
