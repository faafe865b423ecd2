"""The version, in the one place that holds it: setup.py and ``torchviz_tb.__version__`` read it here."""

__version__ = "0.1.0"
