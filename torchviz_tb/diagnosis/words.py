"""Numbers and names in sentences."""

import math
from collections.abc import Sequence
from itertools import takewhile

_LONGEST_TITLE = 60
_LONGEST_NAME = 30
"""Characters of a name in a title; fewer where the words around it need the room."""
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """Two or three significant digits with a true minus: "0.37", "1.2e−6"."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Inf" if value > 0 else "−Inf")
    size = abs(value)
    if 100 <= size < 1e5:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.2g}" if size == 0 or 1e-3 <= size < 100 else f"{value:.1e}"
    mantissa, _, exponent = text.partition("e")
    return (f"{mantissa}e{int(exponent)}" if exponent else mantissa).replace("-", "−")


def power(decades: float) -> str:
    """A factor as a power of ten: "10⁴"."""
    return f"10{str(round(decades)).translate(_POWERS)}"


def share(value: float) -> str:
    """A percentage without false precision: "41 %"; what is not all is never "100 %"."""
    percent = 100 * value
    if 99.5 <= percent < 100:
        return "over 99 %"
    return f"{percent:.0f} %" if percent >= 1 or percent == 0 else "under 1 %"


def of_samples(value: float) -> str:
    """At which share of the samples: "at each sample", "at 41 % of the samples"."""
    return "at each sample" if value == 1 else f"at {share(value)} of the samples"


def count(amount: int, noun: str) -> str:
    """As in "1 site", "3 sites", "1,024 sites"."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    shown = list(names[:most])
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def titled(words: str, names: Sequence[str]) -> str:
    """A title of at most 60 characters: ``{}`` in the words becomes the place of the names, as far as there is room."""
    room = _LONGEST_TITLE - len(words.format(""))
    return words.format(place(names, min(room, _LONGEST_NAME)))


def short(name: str, longest: int = _LONGEST_NAME) -> str:
    """For a title: of a long path the beginning and its last parts, as in "transf…h.11.attn.c_attn.weight"."""
    if len(name) <= longest:
        return name
    parts = name.split(".")
    tails = (".".join(parts[first:]) for first in range(1, len(parts)))
    tail = next((tail for tail in tails if len(tail) <= longest - 7), name[-longest // 2 :])
    return f"{name[: longest - len(tail) - 1]}…{tail}"


def place(names: Sequence[str], longest: int = _LONGEST_NAME) -> str:
    """For a title: the one name, or the module that all are in, or the first and how many more."""
    if len(names) == 1:
        return short(names[0], longest)
    parts = [name.split(".")[:-1] for name in names]
    shared = [column[0] for column in takewhile(lambda column: len(set(column)) == 1, zip(*parts, strict=False))]
    if shared:
        return short(".".join(shared), longest)
    more = f" and {len(names) - 1:,} more"
    return short(names[0], longest - len(more)) + more
