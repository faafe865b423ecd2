"""The part of SummaryWriter that has pictures, sounds, texts, curves, meshes and layouts.

torch's own functions make the summaries. Here their arguments become plain arrays first, and what
they raise on arguments that don't fit becomes one sentence.
"""

import warnings
from collections.abc import Sequence
from typing import Any

from torchviz_tb.errors import ArgumentError
from torchviz_tb.summaries.arguments import check_tag, told
from torchviz_tb.summaries.arrays import as_array, as_tensor, dense
from torchviz_tb.summaries.opening import OpeningWriter

_IMAGE = "pass pixels of 1, 3 or 4 channels, and their layout as dataformats, such as 'CHW' or 'HWC'"


class MediaWriter(OpeningWriter):
    """Methods that are torch's but for what they accept; torch's documentation says what they do."""

    _warned_of_embedding = False

    def add_image(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: Any = None, dataformats: str = "CHW"
    ) -> None:
        """As torch's."""
        step, time = self._checked(tag, global_step, walltime)
        image = as_array(img_tensor, "img_tensor")
        with told("add_image", tag, f"img_tensor has the shape {image.shape}: {_IMAGE}"):
            super().add_image(tag, image, step, time, dataformats)

    def add_images(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: Any = None, dataformats: str = "NCHW"
    ) -> None:
        """As torch's."""
        step, time = self._checked(tag, global_step, walltime)
        images = as_array(img_tensor, "img_tensor")
        with told("add_images", tag, f"img_tensor has the shape {images.shape}: pass for example N, C, H, W as 'NCHW'"):
            super().add_images(tag, images, step, time, dataformats)

    def add_image_with_boxes(
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        rescale: float = 1,
        dataformats: str = "CHW",
        labels: Any = None,
    ) -> None:
        """As torch's."""
        step, time = self._checked(tag, global_step, walltime)
        image, boxes = as_array(img_tensor, "img_tensor"), as_array(box_tensor, "box_tensor")
        shapes = f"img_tensor has the shape {image.shape} and box_tensor {boxes.shape}"
        with told("add_image_with_boxes", tag, f"{shapes}: boxes are N × 4 of xmin, ymin, xmax, ymax; {_IMAGE}"):
            super().add_image_with_boxes(tag, image, boxes, step, time, rescale, dataformats, labels)

    def add_figure(
        self, tag: str, figure: Any, global_step: Any = None, close: bool = True, walltime: Any = None
    ) -> None:
        """As torch's."""
        step, time = self._checked(tag, global_step, walltime)
        figures = list(figure) if isinstance(figure, tuple) else figure
        with told("add_figure", tag, "pass a matplotlib figure, or a list of figures of one size"):
            super().add_figure(tag, figures, step, close, time)

    def add_video(
        self, tag: str, vid_tensor: Any, global_step: Any = None, fps: float = 4, walltime: Any = None
    ) -> None:
        """As torch's."""
        step, time = self._checked(tag, global_step, walltime)
        video = as_array(vid_tensor, "vid_tensor")
        with told("add_video", tag, f"vid_tensor has the shape {video.shape}: pass N, T, C, H, W"):
            super().add_video(tag, video, step, fps, time)

    def add_audio(
        self, tag: str, snd_tensor: Any, global_step: Any = None, sample_rate: int = 44100, walltime: Any = None
    ) -> None:
        """As torch's."""
        step, time = self._checked(tag, global_step, walltime)
        sound = as_array(snd_tensor, "snd_tensor")
        with told("add_audio", tag, f"snd_tensor has the shape {sound.shape}: pass (1, L), between -1 and 1"):
            super().add_audio(tag, sound, step, sample_rate, time)

    def add_text(self, tag: str, text_string: str, global_step: Any = None, walltime: Any = None) -> None:
        """As torch's."""
        step, time = self._checked(tag, global_step, walltime)
        if not isinstance(text_string, str):
            raise ArgumentError(f"text_string is a {type(text_string).__name__}, not a text: pass str(...) of it")
        with told("add_text", tag, "pass a text that can be written as UTF-8"):
            super().add_text(tag, text_string, step, time)

    def add_tensor(self, tag: str, tensor: Any, global_step: Any = None, walltime: Any = None) -> None:
        """As torch's."""
        step, time = self._checked(tag, global_step, walltime)
        kept = dense(tensor, "tensor") if hasattr(tensor, "numel") else as_tensor(tensor, "tensor")
        if "float8" in str(kept.dtype):
            kept = kept.float()
        with told("add_tensor", tag, "pass it as another type, such as float32 or int64"):
            super().add_tensor(tag, kept, step, time)

    def add_embedding(
        self,
        mat: Any,
        metadata: Any = None,
        label_img: Any = None,
        global_step: Any = None,
        tag: str = "default",
        metadata_header: Any = None,
    ) -> None:
        """As torch's; a disk that can't be written to is warned of once instead of ending the training."""
        step, _ = self._checked(tag, global_step)
        matrix = as_array(mat, "mat")
        images = None if label_img is None else as_tensor(label_img, "label_img")
        if not self._write_to_disk:
            return
        hint = f"mat has the shape {matrix.shape}: pass N × D, and N entries of metadata and label_img (N, C, H, W)"
        with told("add_embedding", tag, hint):
            try:
                super().add_embedding(matrix, metadata, images, step, tag, metadata_header)
            except OSError as error:
                self._warn_of_embedding(error)

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: Any = None,
    ) -> None:
        """As torch's."""
        step, time = self._checked(tag, global_step, walltime)
        truth, guesses = as_array(labels, "labels"), as_array(predictions, "predictions")
        weighed = None if weights is None else as_array(weights, "weights")
        shapes = f"labels have the shape {truth.shape} and predictions {guesses.shape}"
        with told("add_pr_curve", tag, f"{shapes}: pass as many labels of 0 or 1 as predictions between 0 and 1"):
            super().add_pr_curve(tag, truth, guesses, step, num_thresholds, weighed, time)

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: Any = None,
    ) -> None:
        """As torch's."""
        step, time = self._checked(tag, global_step, walltime)
        given = {
            "true_positive_counts": true_positive_counts,
            "false_positive_counts": false_positive_counts,
            "true_negative_counts": true_negative_counts,
            "false_negative_counts": false_negative_counts,
            "precision": precision,
            "recall": recall,
        }
        rows = {name: as_array(row, name) for name, row in given.items()}
        with told("add_pr_curve_raw", tag, "pass six lists, each with an entry for every threshold"):
            super().add_pr_curve_raw(
                tag, **rows, global_step=step, num_thresholds=num_thresholds, weights=weights, walltime=time
            )

    def add_mesh(
        self,
        tag: str,
        vertices: Any,
        colors: Any = None,
        faces: Any = None,
        config_dict: Any = None,
        global_step: Any = None,
        walltime: Any = None,
    ) -> None:
        """As torch's."""
        step, time = self._checked(tag, global_step, walltime)
        given = {"vertices": vertices, "colors": colors, "faces": faces}
        arrays = {name: part if part is None else as_array(part, name) for name, part in given.items()}
        with told("add_mesh", tag, "pass vertices, colors and faces as B × N × 3, and config_dict as JSON has it"):
            super().add_mesh(tag, **arrays, config_dict=config_dict, global_step=step, walltime=time)

    def add_custom_scalars(self, layout: Any) -> None:
        """As torch's."""
        with told("add_custom_scalars", layout, "pass {category: {chart: ['Multiline' or 'Margin', [tags]]}}"):
            super().add_custom_scalars(layout)

    def add_custom_scalars_multilinechart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """As torch's."""
        with told("add_custom_scalars_multilinechart", tags, "pass a list of scalar tags"):
            super().add_custom_scalars_multilinechart(tags, category, title)

    def add_custom_scalars_marginchart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """As torch's."""
        with told("add_custom_scalars_marginchart", tags, "pass three scalar tags: value, lower bound, upper bound"):
            super().add_custom_scalars_marginchart(tags, category, title)

    def _checked(self, tag: object, global_step: Any, walltime: Any = None) -> tuple[Any, Any]:
        check_tag(tag)
        return self._moment(global_step, walltime)

    def _warn_of_embedding(self, error: OSError) -> None:
        if self._warned_of_embedding:
            return
        self._warned_of_embedding = True
        warnings.warn(
            f"torchviz_tb could not write an embedding, all else goes on: {error} (said once for this writer)",
            stacklevel=3,
        )
