"""What a watch did, for people."""

from collections.abc import Mapping
from dataclasses import dataclass

_NAMES_SHOWN = 5


@dataclass(frozen=True)
class WatchReport:
    """What a watch has recorded so far, what it could not, and what it cost. ``str()`` makes it readable."""

    name: str
    sites: int
    """Parameters selected, tied ones counted once."""
    samples: int
    """Steps at which something was measured."""
    parts: tuple[str, ...]
    """What was asked for."""
    not_recorded: Mapping[str, str]
    """What was asked for and is not recorded (any more), and why."""
    without_gradient: tuple[str, ...]
    """Trainable parameters that had no gradient at any sample."""
    seconds: float
    """Time that the watch has held up the training loop."""
    share: float
    """The same as a share of the wall time since the watch began, 0 to 1."""
    log_freq: int
    """Steps between samples by now: more than was asked for where the budget called for it."""
    incidents: int
    """What happened besides: ``torchviz_tb.load(...)[run].incidents()`` tells each."""

    def __str__(self) -> str:
        seen = f"{_count(self.sites, 'parameter')}, {_count(self.samples, 'sample')} of {', '.join(self.parts)}"
        if self.incidents:
            seen += f", {_count(self.incidents, 'incident')}"
        lines = [f"watch '{self.name}': {seen}; {self.seconds:.3f} s, {100 * self.share:.2f} % of the time"]
        lines += [f"  {part} not recorded: {reason}" for part, reason in self.not_recorded.items()]
        if self.without_gradient:
            lines.append(f"  never had a gradient: {_names(self.without_gradient)}")
        return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _names(names: tuple[str, ...]) -> str:
    rest = len(names) - _NAMES_SHOWN
    shown = ", ".join(names[:_NAMES_SHOWN])
    return f"{shown} and {rest} more" if rest > 0 else shown
