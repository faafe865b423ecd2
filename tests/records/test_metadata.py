import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchviz_tb.records.metadata import TAG_PREFIX, Kind, Tag, parse_tag


@given(group=st.text(), kind=st.sampled_from(list(Kind)), first=st.booleans())
def test_tags_of_any_group_name_come_back(group: str, kind: Kind, first: bool):
    tag = Tag(group, kind, first)
    assert parse_tag(str(tag)) == tag


@given(group=st.text(), kind=st.sampled_from(list(Kind)))
def test_a_tag_has_a_fixed_number_of_parts_whatever_the_group_is_called(group: str, kind: Kind):
    assert str(Tag(group, kind)).count("/") == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "loss/train",
        "torchviz_tb",
        "torchviz_tb/model",
        "torchviz_tb/model/statistics/last",
        "torchviz_tb/model/statistics/first/more",
        "torchviz_tb/model/a_kind_to_come",
        "other/model/statistics",
    ],
)
def test_what_is_not_one_of_our_tags_is_none(text: str):
    assert parse_tag(text) is None


def test_the_written_form_is_fixed():
    assert str(Tag("my/model", Kind.TENSOR_VIEW, first=True)) == f"{TAG_PREFIX}/my%2Fmodel/tensor_view/first"
