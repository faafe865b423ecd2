"""The line in the terminal."""

import io

import pytest

from torchviz_tb.progress.bar import Bar, bar_line, duration


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Pipe(Terminal):
    def isatty(self) -> bool:
        return False


def test_in_a_terminal_a_line_covers_the_longer_one_before_it():
    terminal = Terminal()
    bar = Bar(terminal)
    bar.draw("a long line")
    bar.draw("short")
    bar.end("end")
    assert terminal.getvalue() == "\ra long line\rshort      \rend  \n"


def test_elsewhere_only_the_last_line_is_written():
    pipe = Pipe()
    bar = Bar(pipe)
    bar.draw("half")
    bar.end("all of it")
    assert pipe.getvalue() == "all of it\n"


def test_a_stream_without_the_blocks_or_that_is_closed_does_no_harm():
    ascii_only = Terminal()
    ascii_only.encoding = "ascii"
    Bar(ascii_only).end("50 % ███")
    assert ascii_only.getvalue() == "\r50 % ???\n"
    closed = Terminal()
    bar = Bar(closed)
    closed.close()
    bar.draw("nobody sees it")
    bar.end("nor this")


@pytest.mark.parametrize("share", [0.0, 1 / 3, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("columns", [10, 40, 80, 200])
def test_a_line_fits_and_its_bar_is_as_full_as_it_says(share: float, columns: int):
    line = bar_line("epoch 1", share, "3 of 9", columns)
    assert len(line) < columns
    blocks = line.count("█")
    if columns >= 40:
        cells = min(40, columns - 1 - len(f"epoch 1  {int(100 * share):3d} % ") - 8)
        assert blocks == int(cells * share)
        assert f"{int(100 * share):3d} %" in line


def test_without_a_length_there_is_no_bar():
    assert bar_line("progress", None, "7  2/s", 80) == "progress  7  2/s"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (754, "12:34"), (11279, "3:07:59")])
def test_durations(seconds: float, text: str):
    assert duration(seconds) == text
