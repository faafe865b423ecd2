"""torch's FileWriter, over event files of ours."""

from torch.utils.tensorboard import FileWriter

from torchviz_tb.events.event_writer import EventWriter


class OurFileWriter(FileWriter):
    """torch's FileWriter over our event files."""

    def __init__(self, log_dir: object, flush_secs: float, filename_suffix: str) -> None:
        # Not torch's constructor: it would open a file of TensorBoard's.
        self.event_writer = EventWriter(str(log_dir), flush_secs, filename_suffix)
