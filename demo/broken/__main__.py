"""Makes the log of each broken run: python -m demo.broken [NAME ...] --log-dir runs/broken."""

from pathlib import Path

from demo.small_runs import main

main(Path(__file__).parent, "Makes the logs of runs that went wrong, each with one fault.")
