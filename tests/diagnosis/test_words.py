"""Numbers and names as they stand in titles and sentences."""

import pytest

from torchviz_tb.diagnosis.words import place, short, titled

LONG = "model.transformer.encoder.layers.11.self_attention.query_key_value.weight"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("h.9.attn.c_attn.weight", "h.9.attn.c_attn.weight"),
        ("transformer.h.11.attn.c_attn.weight", "transf…h.11.attn.c_attn.weight"),
        (LONG, "model.t…query_key_value.weight"),
        ("m" * 50, "m" * 14 + "…" + "m" * 15),
    ],
)
def test_a_long_path_keeps_its_beginning_and_its_end(name: str, shown: str):
    assert short(name) == shown
    assert len(shown) <= 30


@pytest.mark.parametrize("names", [["w"], [LONG], ["m" * 80], [LONG, "0.bias", *["x"] * 1000], [LONG, LONG]])
@pytest.mark.parametrize("words", ["{} never learned", "{} stopped learning at step 10000000"])
def test_a_title_stays_within_sixty_whatever_it_names(words: str, names: list[str]):
    before, after = words.split("{}")
    title = titled(words, names)
    assert title.startswith(before)
    assert title.endswith(after)
    assert len(before) + len(after) < len(title) <= 60


def test_where_there_is_room_a_title_has_as_much_of_a_name_as_any():
    assert titled("{} never learned", [LONG]) == f"{short(LONG)} never learned"


def test_several_places_are_counted():
    assert place(["0.weight", "2.weight", "2.bias"]) == "0.weight and 2 more"
    assert place(["h.4.ln_2.weight", "h.4.mlp.c_fc.weight"]) == "h.4"
