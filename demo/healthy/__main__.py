"""Makes the log of each healthy run: python -m demo.healthy [NAME ...] --log-dir runs/healthy."""

from pathlib import Path

from demo.small_runs import main

main(Path(__file__).parent, "Makes the logs of runs in which nothing is wrong.")
