"""A client of the plugin's routes, over TensorBoard's own in-process data provider or over HTTP."""

import gzip
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import numpy as np
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins.base_plugin import TBContext
from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, Rule
from werkzeug.test import Client
from werkzeug.wrappers import Request as WsgiRequest

from torchviz_tb.plugin import SAMPLES, TorchVizLoader
from torchviz_tb.records.metadata import PLUGIN_NAME


@dataclass
class Answer:
    """What a route gave: JSON fields, and arrays by name where there are any."""

    status: int
    content_type: str
    fields: dict[str, Any]
    arrays: dict[str, np.ndarray]


Fetch = Callable[..., Answer]


def decode(status: int, content_type: str, body: bytes) -> Answer:
    """Reads a body as http_api.md defines it, independently of the plugin's encoder."""
    if content_type.startswith("application/octet-stream"):
        return Answer(status, content_type, *decode_arrays(body))
    is_json = content_type.startswith("application/json")
    return Answer(status, content_type, json.loads(body, parse_constant=_refuse) if is_json else {}, {})


def decode_arrays(body: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of the arrays format."""
    magic, version, header_size, zero = struct.unpack_from("<4sIII", body)
    assert (magic, version, zero, header_size % 8) == (b"TVZA", 1, 0, 0)
    header = json.loads(body[16 : 16 + header_size], parse_constant=_refuse)
    arrays = {}
    for entry in header.pop("arrays"):
        start = 16 + header_size + entry["offset"]
        assert entry["offset"] % 8 == 0
        dtype = np.dtype(entry["dtype"]).newbyteorder("<")
        count = int(np.prod(entry["shape"]))
        arrays[entry["name"]] = np.frombuffer(body, dtype, count, start).reshape(entry["shape"])
    return header, arrays


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def loaded(log_dir: Path) -> plugin_event_multiplexer.EventMultiplexer:
    """TensorBoard's own store in Python, with what the log directory has now; ``Reload`` adds what came since."""
    multiplexer = plugin_event_multiplexer.EventMultiplexer(
        tensor_size_guidance={PLUGIN_NAME: SAMPLES, "scalars": 1000}
    )
    multiplexer.AddRunsFromDirectory(str(log_dir))
    multiplexer.Reload()
    return multiplexer


def plugin_over(multiplexer: plugin_event_multiplexer.EventMultiplexer, log_dir: Path) -> Any:
    """The plugin over such a store."""
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(log_dir))
    return TorchVizLoader().load(TBContext(data_provider=provider, logdir=str(log_dir)))


def load_plugin(log_dir: Path) -> Any:
    """The plugin over a multiplexer that has loaded the log directory."""
    return plugin_over(loaded(log_dir), log_dir)


def in_process(log_dir: Path) -> Fetch:
    """Fetches routes without a server."""
    return fetching(load_plugin(log_dir))


def fetching(plugin: Any) -> Fetch:
    """Fetches a plugin's routes."""
    apps = plugin.get_plugin_apps()
    rules = [Rule(route.replace("*", "<path:name>"), endpoint=route) for route in apps]

    @WsgiRequest.application
    def dispatch(request: WsgiRequest) -> Any:
        try:
            endpoint, _ = Map(rules_copy(rules)).bind_to_environ(request.environ).match()
        except NotFound as error:
            return error
        return apps[endpoint]

    client = Client(dispatch)

    def fetch(route: str, **parameters: object) -> Answer:
        response = client.get(f"/{route}", query_string=parameters, headers={"Accept-Encoding": "gzip"})
        body = gzip.decompress(response.data) if response.headers.get("Content-Encoding") == "gzip" else response.data
        return decode(response.status_code, response.content_type or "", body)

    return fetch


def rules_copy(rules: list[Rule]) -> list[Rule]:
    """Rules that no map holds yet."""
    return [rule.empty() for rule in rules]


def over_http(address: str) -> Fetch:
    """Fetches routes of a running TensorBoard."""

    def fetch(route: str, **parameters: object) -> Answer:
        url = f"{address}/data/plugin/{PLUGIN_NAME}/{route}?{urlencode(parameters)}"
        try:
            with urlopen(Request(url, headers={"Accept-Encoding": "gzip"})) as response:
                return _decoded(response)
        except HTTPError as error:
            return _decoded(error)

    return fetch


def _decoded(response: Any) -> Answer:
    body = response.read()
    if response.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return decode(response.status, response.headers["Content-Type"], body)
