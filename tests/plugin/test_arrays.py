import gzip
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from plugin_client import decode_arrays

from torchviz_tb.plugin.arrays import Arrays, compressed, float32, strict_json

any_array = st.sampled_from(["float32", "float64", "uint8", "int32"]).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
names = st.text(min_size=1, max_size=5)


@given(st.dictionaries(names, any_array, max_size=4), st.dictionaries(names, st.text(), max_size=3))
def test_what_was_encoded_comes_back(given_arrays: dict[str, np.ndarray], fields: dict[str, str]):
    fields.pop("arrays", None)
    header, found = decode_arrays(Arrays(fields, given_arrays).encode())
    assert header == fields
    assert list(found) == list(given_arrays)
    for name, array in given_arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_arrays_need_not_be_contiguous():
    array = np.arange(12.0).reshape(3, 4).T
    np.testing.assert_array_equal(decode_arrays(Arrays({}, {"a": array}).encode())[1]["a"], array)


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="not int64"):
        Arrays({}, {"a": np.arange(3)}).encode()


def test_equal_answers_have_equal_bytes():
    answer = Arrays({"a": 1}, {"b": np.zeros(3)})
    assert answer.encode() == answer.encode()
    assert compressed(answer.encode()) == compressed(answer.encode())
    assert gzip.decompress(compressed(answer.encode())) == answer.encode()


@pytest.mark.parametrize("values", [np.random.default_rng(0).normal(size=100_000), np.arange(100_000.0) // 100])
def test_what_compresses_comes_small_and_what_does_not_comes_no_larger(values: np.ndarray):
    body = Arrays({}, {"values": float32(values), "state": np.zeros(100_000, np.uint8)}).encode()
    packed = compressed(body)
    assert gzip.decompress(packed) == body
    assert len(packed) <= 1.01 * len(gzip.compress(body, 1))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_json_has_no_nan(number: float):
    with pytest.raises(ValueError, match="not JSON compliant"):
        strict_json({"x": number})


def test_what_is_beyond_float32_becomes_infinite():
    assert float32(np.asarray([1e300, -1e300, 1.5])).tolist() == [math.inf, -math.inf, 1.5]
