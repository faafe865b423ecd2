"""Numbers and names as they stand in titles and sentences."""

import pytest

from torchviz_tb.diagnosis.words import place, short

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


def test_a_title_with_the_longest_place_stays_below_sixty():
    assert len(f"{place([LONG])} stopped learning at step 999") <= 60


def test_several_places_are_counted():
    assert place(["0.weight", "2.weight", "2.bias"]) == "0.weight and 2 more"
    assert place(["h.4.ln_2.weight", "h.4.mlp.c_fc.weight"]) == "h.4"
