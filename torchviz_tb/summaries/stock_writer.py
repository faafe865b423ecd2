"""torch's SummaryWriter, mended: every method that it has, with what tensorboardX adds to them."""

import functools
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch.utils.tensorboard.summary import hparams

from torchviz_tb.errors import ArgumentError
from torchviz_tb.summaries.arguments import told
from torchviz_tb.summaries.arrays import as_array
from torchviz_tb.summaries.histogram import PreparedHistogram, prepared
from torchviz_tb.summaries.media import MediaWriter
from torchviz_tb.summaries.scalars import number, plain_domains, plain_hparams, scalar

_LARGE = 1 << 20
"""Elements of a histogram from which on counting them would be felt: several milliseconds."""


class StockWriter(MediaWriter):
    """Scalars, histograms and hyperparameters; exact for every type, and refused at the call if at all."""

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Any = None,
        new_style: bool = False,
        double_precision: bool = False,
        *,
        display_name: str = "",
        summary_description: str = "",
    ) -> None:
        """As torch's, with a title and a Markdown text for TensorBoard's card as tensorboardX has them."""
        step, walltime = self._checked(tag, global_step, walltime)
        if isinstance(new_style, str):
            raise ArgumentError(
                f"new_style is {new_style!r:.60}, not True or False: pass tensorboardX's display_name= by its name"
            )
        summary = scalar(
            tag,
            scalar_value,
            new_style=new_style,
            double_precision=double_precision,
            display_name=display_name,
            description=summary_description,
        )
        self._get_file_writer().add_summary(summary, step, walltime)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: Any = None, walltime: Any = None
    ) -> None:
        """As torch's: each scalar goes into a run of its own, so that they share one chart."""
        step, walltime = self._checked(main_tag, global_step, walltime)
        if not isinstance(tag_scalar_dict, Mapping):
            raise ArgumentError(
                f"tag_scalar_dict is a {type(tag_scalar_dict).__name__}, not a dictionary: pass names with numbers"
            )
        walltime = time.time() if walltime is None else walltime
        prefix = f"{self._get_file_writer().get_logdir()}/{main_tag.replace('/', '_')}_"
        numbers = {name: number(value, f"tag_scalar_dict[{name!r}]") for name, value in tag_scalar_dict.items()}
        for name, value in numbers.items():
            self._get_sub_writer(f"{prefix}{name}").add_summary(scalar(main_tag, value), step, walltime)
            self._export.add(f"{prefix}{name}", walltime, step, value)

    def export_scalars_to_json(self, path: str | os.PathLike[str]) -> None:
        """Writes what ``add_scalars`` has logged since the last export; as tensorboardX's.

        The file holds ``{writer_id: [[walltime, step, value], ...], ...}``. Until then each scalar
        of ``add_scalars`` is kept in memory, in 24 bytes.
        """
        self._export.write(path)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Any = None,
        bins: Any = "tensorflow",
        walltime: Any = None,
        max_bins: int | None = None,
    ) -> None:
        """As torch's, of any kind of tensor, array, list or number, with NaN and infinities left out of the bins.

        The values of a large tensor are copied, and counted in the background: the call costs the copy. Such
        events come into the file a little later than those of calls after it, with the time of the call.
        ``PreparedHistogram.summary`` says what is recorded of what.
        """
        step, walltime = self._checked(tag, global_step, walltime)
        edges = self.default_bins if isinstance(bins, str) and bins == "tensorflow" else bins
        with told("add_histogram", tag, "pass a tensor of real numbers"):
            ready = prepared(values, edges, max_bins)
        self._write(tag, ready, step, time.time() if walltime is None else walltime)

    def flush(self) -> None:
        """Returns when everything logged so far is in the file."""
        self._background.wait()
        super().flush()

    def close(self) -> None:
        """Writes everything logged so far and closes the file; what is logged later opens another, as torch does it."""
        self._background.wait()
        self._snapshots.forget()
        super().close()

    def _write(self, tag: str, ready: PreparedHistogram, step: Any, walltime: Any) -> None:
        """Counts and writes a histogram: a small one now, unless earlier ones are still to be written."""
        file_writer = self._get_file_writer()
        if ready.values.numel() < _LARGE and not self._background:
            self._write_now(file_writer, ready, tag, step, walltime)
            return
        own = ready if ready.is_own else replace(ready, values=self._snapshots.copy(ready.values))
        # Bound to the writer, so that nobody's forgetting of it closes the file before.
        work = functools.partial(self._write_copy, file_writer, own, tag, step, walltime)
        self._background.submit(work, own.values.numel() * own.values.itemsize, "a histogram")

    def _write_copy(self, file_writer: Any, ready: PreparedHistogram, tag: str, step: Any, walltime: Any) -> None:
        self._write_now(file_writer, ready, tag, step, walltime)
        if not ready.is_own:
            self._snapshots.give_back(ready.values)

    @staticmethod
    def _write_now(file_writer: Any, ready: PreparedHistogram, tag: str, step: Any, walltime: Any) -> None:
        file_writer.add_summary(ready.summary(tag), step, walltime)

    def add_histogram_raw(
        self,
        tag: str,
        min: Any,  # noqa: A002
        max: Any,  # noqa: A002
        num: Any,
        sum: Any,  # noqa: A002
        sum_squares: Any,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: Any = None,
        walltime: Any = None,
    ) -> None:
        """As torch's."""
        step, walltime = self._checked(tag, global_step, walltime)
        limits, counts = as_array(bucket_limits, "bucket_limits"), as_array(bucket_counts, "bucket_counts")
        given = {"min": min, "max": max, "num": num, "sum": sum, "sum_squares": sum_squares}
        numbers = {name: number(value, name) for name, value in given.items()}
        hint = f"there are {limits.size} bucket_limits and {counts.size} bucket_counts: pass an upper limit a bucket"
        with told("add_histogram_raw", tag, hint):
            super().add_histogram_raw(
                tag,
                **numbers,
                bucket_limits=limits.tolist(),
                bucket_counts=counts.tolist(),
                global_step=step,
                walltime=walltime,
            )

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        hparam_domain_discrete: Mapping[str, list[Any]] | None = None,
        run_name: str | None = None,
        global_step: Any = None,
        *,
        name: str | None = None,
    ) -> None:
        """As torch's, in a run of its own; ``name`` is tensorboardX's word for ``run_name``."""
        step, walltime = self._moment(global_step)
        if name and run_name and name != run_name:
            raise ArgumentError(f"run_name is {run_name!r} and name is {name!r}: pass one of them")
        for argument, given in {"hparam_dict": hparam_dict, "metric_dict": metric_dict}.items():
            if not isinstance(given, Mapping):
                raise ArgumentError(f"{argument} is a {type(given).__name__}, not a dictionary: pass names with values")
        metrics = {key: number(value, f"metric_dict[{key!r}]") for key, value in metric_dict.items()}
        with told("add_hparams", run_name or name, "pass dictionaries of names with numbers, bools or texts"):
            summaries = hparams(plain_hparams(hparam_dict), metrics, plain_domains(hparam_domain_discrete))
        log_dir = os.path.join(self._get_file_writer().get_logdir(), run_name or name or str(time.time()))  # noqa: PTH118
        with StockWriter(log_dir, write_to_disk=self._write_to_disk) as run:
            for summary in summaries:
                run.file_writer.add_summary(summary, step, walltime)
            for key, value in metrics.items():
                run.add_scalar(key, value, step, walltime)
