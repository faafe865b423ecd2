"""The plugin inside TensorBoard: its routes, each two lines over a pure function."""

import logging
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from typing import Any

from tensorboard import errors, plugin_util
from tensorboard.backend import http_util
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import FrontendMetadata, TBContext, TBPlugin
from werkzeug import Request, Response

from torchviz_tb.plugin.arrays import Arrays, Json, compressed, strict_json
from torchviz_tb.plugin.log_directory import LogDirectory
from torchviz_tb.plugin.provider import ProviderSource
from torchviz_tb.plugin.query import Query, RequestError
from torchviz_tb.plugin.read_ahead import ReadAhead
from torchviz_tb.plugin.responses import RESPONSES
from torchviz_tb.plugin.responses.findings import findings
from torchviz_tb.plugin.responses.runs import runs
from torchviz_tb.plugin.static_files import static_file
from torchviz_tb.reading.cache import RecordCache
from torchviz_tb.records.metadata import PLUGIN_NAME

_STATIC = "/static/"
_logger = logging.getLogger("tensorboard")

Answer = Json | Arrays


class TorchVizPlugin(TBPlugin):  # type: ignore[misc]  # tensorboard has no types
    """Serves the page and the routes of http_api.md."""

    plugin_name = PLUGIN_NAME

    def __init__(self, context: TBContext) -> None:
        """Keeps what it needs; where it is part of a server, it begins to read ahead."""
        self._provider = context.data_provider
        self._log_directory = LogDirectory(context.logdir or "")
        self._cache = RecordCache()
        self._ahead = ReadAhead(self._provider, self._cache)
        self._is_served = context.flags is not None
        if self._is_served:
            self._ahead.start()

    def get_plugin_apps(self) -> dict[str, Callable[..., Any]]:
        """The routes."""
        answers: dict[str, Callable[[Query], Answer]] = {
            "runs": partial(runs, log_directory=self._log_directory),
            **RESPONSES,
        }
        apps = {f"/{route}": Request.application(partial(self._serve, answer)) for route, answer in answers.items()}
        return {**apps, f"{_STATIC}*": Request.application(self._serve_static)}

    def is_active(self) -> bool:
        """Whether any run has our records. TensorBoard asks only where ``data_plugin_names`` has none."""
        return bool(self._provider.list_blob_sequences(RequestContext(), experiment_id="", plugin_name=PLUGIN_NAME))

    def data_plugin_names(self) -> tuple[str, ...]:
        """Only ours: with "scalars" here the tab would show on every log directory."""
        return (PLUGIN_NAME,)

    def frontend_metadata(self) -> FrontendMetadata:
        """The page and the name of its tab. TensorBoard asks whenever somebody opens or reloads it."""
        if self._is_served:
            self._ahead.start()
        return FrontendMetadata(es_module_path="/static/index.js", tab_name="TorchViz")

    def _serve(self, answer: Callable[[Query], Answer], request: Request) -> Response:
        try:
            with self._ahead.answering(request.args.get("run"), may_wait=answer is findings) as pause:
                return _respond(request, answer(self._query(request, pause)))
        except RequestError as error:
            return _fail(request, error.status, error.message, error.hint)
        except errors.PublicError as error:
            return _fail(request, error.http_code, str(error), "Reload the page.")
        except Exception as error:  # a traceback as HTML would be no answer that the page can show
            _logger.exception("The TorchViz plugin failed on %s", request.path)
            hint = "This is a fault of torchviz_tb; TensorBoard's log has the traceback."
            return _fail(request, 500, f"the answer could not be made: {error!r}", hint)

    def _query(self, request: Request, pause: Callable[[], None]) -> Query:
        context = plugin_util.context(request.environ)
        source = ProviderSource(self._provider, context, plugin_util.experiment_id(request.environ))
        return Query(source, self._cache, request.args, pause)

    def _serve_static(self, request: Request) -> Response:
        found = static_file(request.path.partition(_STATIC)[2])
        if found is None:
            return _fail(request, 404, "there is no such file", "Reload the page: the plugin may have been upgraded.")
        response: Response = http_util.Respond(request, found.content, found.media_type)
        return response


def _respond(request: Request, answer: Answer) -> Response:
    """The answer; to a browser that still has the same one, only that it is true."""
    is_arrays = isinstance(answer, Arrays)
    body = answer.encode() if isinstance(answer, Arrays) else strict_json(answer)
    content_type = "application/octet-stream" if is_arrays else "application/json"
    tag = blake2b(body, digest_size=16).hexdigest()
    if request.if_none_match.contains(tag):
        return _unchanged(tag, content_type)
    packed, encoding = (compressed(body), "gzip") if is_arrays else (body, None)
    headers = [("ETag", f'"{tag}"')]
    response: Response = http_util.Respond(request, packed, content_type, content_encoding=encoding, headers=headers)
    return response


def _unchanged(tag: str, content_type: str) -> Response:
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache, must-revalidate", "X-Content-Type-Options": "nosniff"}
    return Response(status=304, headers=headers, content_type=content_type)


def _fail(request: Request, status: int, message: str, hint: str) -> Response:
    body = strict_json({"error": {"message": message, "hint": hint}})
    response: Response = http_util.Respond(request, body, "application/json", code=status)
    return response
