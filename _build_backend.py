"""The PEP 517 backend: setuptools', which also asks for Node where the page must be built and no Node is at hand.

Only then is Node's wheel downloaded: not for an sdist, not where the page is fresh, not where a Node is on the PATH.
"""

from typing import Any

from setuptools import build_meta

import build_frontend

build_wheel = build_meta.build_wheel
build_sdist = build_meta.build_sdist
build_editable = build_meta.build_editable
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable

Settings = dict[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """What building a wheel needs besides setuptools."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), *build_frontend.build_requirements()]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """What an editable install needs besides setuptools."""
    return [*build_meta.get_requires_for_build_editable(config_settings), *build_frontend.build_requirements()]


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """What building an sdist needs besides setuptools: the same, because it carries the built page."""
    return [*build_meta.get_requires_for_build_sdist(config_settings), *build_frontend.build_requirements()]
