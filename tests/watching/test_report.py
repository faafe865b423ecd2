"""What a watch says of itself."""

from torchviz_tb.watching.report import WatchReport


def report(**changes):
    told = {
        "name": "encoder",
        "sites": 412,
        "samples": 40,
        "parts": ("graph", "gradients"),
        "not_recorded": {},
        "without_gradient": (),
        "seconds": 1.25,
        "share": 0.006,
        "log_freq": 100,
        "incidents": 0,
    }
    return WatchReport(**{**told, **changes})


def test_all_well():
    assert str(report()) == (
        "watch 'encoder': 412 parameters, 40 samples of graph, gradients; 1.250 s, 0.60 % of the time"
    )
    assert str(report(sites=1, samples=1)).startswith("watch 'encoder': 1 parameter, 1 sample of")


def test_what_is_missing_has_a_line_each():
    text = str(report(not_recorded={"graph": "too strange"}, without_gradient=tuple("abcdefg")))
    assert text.splitlines()[1:] == [
        "  graph not recorded: too strange",
        "  never had a gradient: a, b, c, d, e and 2 more",
    ]
