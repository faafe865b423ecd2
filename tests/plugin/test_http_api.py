"""http_api.md and the plugin name the same routes, parameters, columns and states."""

import re
from importlib.resources import files

from plugin_client import load_plugin

from torchviz_tb.plugin.responses.histograms import BAND_QUANTILES, QUANTILES
from torchviz_tb.reading.statistics import COLUMNS, State

TEXT = files("torchviz_tb.plugin").joinpath("http_api.md").read_text(encoding="utf-8")


def test_every_route_is_documented_and_every_documented_route_is_there(tmp_path):
    documented = set(re.findall(r"^## GET (\S+)", TEXT, re.MULTILINE))
    assert documented == {route.removeprefix("/") for route in load_plugin(tmp_path).get_plugin_apps()}


def test_every_column_is_documented():
    statistics = TEXT.partition("## GET statistics")[2].partition("## GET site ")[0]
    words = set(re.findall(r"\w+", statistics))
    assert set(COLUMNS) <= words


def test_every_state_is_documented():
    table = TEXT.partition("## States of a cell")[2].partition("## GET")[0]
    assert [int(number) for number in re.findall(r"^\| (\d)", table, re.MULTILINE)] == list(State)


def test_quantiles_are_as_documented():
    documented = [tuple(map(float, found.split(","))) for found in re.findall(r'"quantiles": \[([\d., ]+)\]', TEXT)]
    assert documented == [QUANTILES, BAND_QUANTILES]
