"""TensorBoard's data provider as a source: both of its backends, and remote ones."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tensorboard import errors
from tensorboard.data.provider import DataProvider, RunTagFilter

from torchviz_tb.errors import RecordError
from torchviz_tb.reading.source import Reference, written_at
from torchviz_tb.records.metadata import PLUGIN_NAME, Tag, parse_tag

_SCALARS = "scalars"
# "All that there is": the provider samples randomly where a series is longer than this.
_EVERY_STEP = 2**31
_READS_AT_A_TIME = 16


class ProviderSource:
    """Our records and the ordinary scalars of one experiment, as one request may see them."""

    def __init__(self, provider: DataProvider, context: Any, experiment_id: str) -> None:
        self._provider = provider
        self._context = context
        self._experiment_id = experiment_id

    def run_names(self) -> list[str]:
        """See Source."""
        runs = self._provider.list_runs(self._context, experiment_id=self._experiment_id)
        return sorted(run.run_name for run in runs)

    def references(self, run: str | None = None, tags: Collection[Tag] | None = None) -> list[Reference]:
        """See Source."""
        found = self._provider.read_blob_sequences(
            self._context,
            experiment_id=self._experiment_id,
            plugin_name=PLUGIN_NAME,
            downsample=_EVERY_STEP,
            run_tag_filter=RunTagFilter(
                runs=None if run is None else [run], tags=None if tags is None else [str(tag) for tag in tags]
            ),
        )
        return [
            Reference(name, tag, datum.step, self._locator(datum), written_at(datum.wall_time))
            for name, series in found.items()
            for tag_name, data in series.items()
            if (tag := parse_tag(tag_name)) is not None
            for datum in data
        ]

    def read(self, references: Sequence[Reference]) -> list[bytes | RecordError]:
        """See Source."""
        # The data server answers a single small blob only after its peer's delayed acknowledgement,
        # some 40 ms; waiting for many at a time makes hundreds of steps a matter of 0.2 s.
        with ThreadPoolExecutor(_READS_AT_A_TIME) as pool:
            return list(pool.map(self._read, references))

    def _read(self, reference: Reference) -> bytes | RecordError:
        locator = reference.locator
        if not isinstance(locator, _Blob):
            raise TypeError(f"a reference of another source: {reference}")
        if locator.key is None:
            return RecordError("it is not one blob")
        try:
            blob: bytes = self._provider.read_blob(self._context, blob_key=locator.key)
        except (errors.PublicError, LookupError):
            return RecordError("TensorBoard no longer keeps it: reload the page")
        return blob

    def scalar_tags_by_run(self) -> dict[str, list[str]]:
        """Tags of the ordinary scalars of each run that has any."""
        found = self._provider.list_scalars(self._context, experiment_id=self._experiment_id, plugin_name=_SCALARS)
        return {run: sorted(series) for run, series in found.items() if series}

    def scalar_tags(self, run: str) -> list[str]:
        """Tags of a run's ordinary scalars."""
        found = self._provider.list_scalars(
            self._context,
            experiment_id=self._experiment_id,
            plugin_name=_SCALARS,
            run_tag_filter=RunTagFilter(runs=[run]),
        )
        return sorted(found.get(run, {}))

    def scalars(self, run: str, tag: str) -> list[tuple[int, float]]:
        """Steps and values of one ordinary scalar, ascending; the last value written for a step."""
        found = self._provider.read_scalars(
            self._context,
            experiment_id=self._experiment_id,
            plugin_name=_SCALARS,
            downsample=_EVERY_STEP,
            run_tag_filter=RunTagFilter(runs=[run], tags=[tag]),
        )
        return sorted({datum.step: datum.value for datum in found.get(run, {}).get(tag, [])}.items())

    def _locator(self, datum: Any) -> "_Blob":
        key = datum.values[0].blob_key if len(datum.values) == 1 else None
        return _Blob(self._experiment_id, key)


@dataclass(frozen=True)
class _Blob:
    """Where a record is. A key names run, tag and step only; a replaced record differs in when it was written."""

    experiment_id: str
    key: str | None
