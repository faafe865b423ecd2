"""Arguments of operations that are not tensors, as short texts for people."""

from collections.abc import Iterable

from torchviz_tb.capture.graph.arguments import RawAttributes

_VALUE_BOUND = 80  # characters
_ATTRIBUTE_BOUND = 16  # for one operation


class AttributeTable:
    """Gives every distinct (name, text) an index."""

    def __init__(self) -> None:
        self._indices: dict[tuple[str, str], int] = {}

    def indices(self, attributes: RawAttributes) -> Iterable[int]:
        """Indices of an operation's attributes, added where they are new."""
        for name, value in attributes[:_ATTRIBUTE_BOUND]:
            yield self._indices.setdefault((name, _text(value)), len(self._indices))

    def items(self) -> list[tuple[str, str]]:
        """All of them, in the order of their indices."""
        return list(self._indices)


def _text(value: object) -> str:
    text = repr(list(value)) if isinstance(value, (list, tuple)) else str(value)
    text = text.replace("torch.", "")
    return text if len(text) <= _VALUE_BOUND else text[: _VALUE_BOUND - 1] + "…"
