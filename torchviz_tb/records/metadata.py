"""The constants that the writing and the reading side share: names, versions, tags.

A tag says where a record belongs: ``torchviz_tb/<group>/<kind>``, and the same with
``/first`` behind it for the copy of the first step, which TensorBoard's sampling would drop.
A group is one watch, or one name that the user gave to a single call.
"""

from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, unquote

PLUGIN_NAME = "torchviz_tb"
SCHEMA_VERSION = 2
"""The newest that we write and read: 1 at first, 2 for folded graphs."""

TAG_PREFIX = "torchviz_tb"
FIRST = "first"


class Kind(str, Enum):
    """The kinds of record; the value is the last part of the tag and the word in the API."""

    SITES = "sites"
    STATISTICS = "statistics"
    DISTRIBUTIONS = "distributions"
    HEATMAPS = "heatmaps"
    GRAPH = "graph"
    PROGRESS = "progress"
    TENSOR_VIEW = "tensor_view"
    INCIDENTS = "incidents"
    FLIGHT_RECORDER = "flight_recorder"


@dataclass(frozen=True)
class Tag:
    """A tag taken apart."""

    group: str
    kind: Kind
    first: bool = False

    def __str__(self) -> str:
        parts = [TAG_PREFIX, quote(self.group, safe=""), self.kind.value]
        return "/".join([*parts, FIRST] if self.first else parts)


def parse_tag(text: str) -> Tag | None:
    """The parts of one of our tags, or None where the text is not one of this version's."""
    prefix, _, rest = text.partition("/")
    parts = rest.split("/")
    if prefix != TAG_PREFIX or len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] != FIRST):
        return None
    try:
        kind = Kind(parts[1])
    except ValueError:  # a kind that a newer version added
        return None
    return Tag(unquote(parts[0]), kind, first=len(parts) == 3)
