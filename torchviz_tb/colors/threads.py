"""Work on the parts of a large tensor side by side, in threads of ours.

torch's own threads stay busy, waiting, for milliseconds after they have worked; whatever follows in threads of ours
gets only what they leave of the processors. So what is done here before colours are looked up takes none of them.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Given = TypeVar("Given")
Made = TypeVar("Made")


def in_threads(work: Callable[[Given], Made], parts: Iterable[Given]) -> list[Made]:
    """What the work makes of each part, in order, by as many threads as torch uses; raises what it raises."""
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        return list(threads.map(work, parts))
