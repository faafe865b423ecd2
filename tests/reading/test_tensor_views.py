import handmade
import numpy as np
import pytest

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading.tensor_views import TensorView
from torchviz_tb.records import records_pb2 as pb

VALUES = np.arange(6.0).reshape(2, 3)


def view(**changes: object) -> pb.TensorView:
    fields = {"name": "t", "shape": [2, 3], "dtype": "float32", "stored_dtype": "float32"}
    return pb.TensorView(**{**fields, "values": VALUES.astype("<f4").tobytes(), **changes})


def test_a_tensor_comes_back():
    found = TensorView.from_record(handmade.tensor_view("t", VALUES, ["row", "column"]))
    np.testing.assert_array_equal(found.values, VALUES)
    assert (found.name, found.dtype, found.full_shape, found.axes) == ("t", "float32", None, ("row", "column"))


@pytest.mark.parametrize("stored", ["float32", "float64", "int64", "uint8"])
def test_every_stored_type(stored: str):
    data = VALUES.astype(np.dtype(stored).newbyteorder("<")).tobytes()
    np.testing.assert_array_equal(TensorView.from_record(view(stored_dtype=stored, values=data)).values, VALUES)


def test_a_corner_knows_the_full_shape():
    assert TensorView.from_record(view(full_shape=[20, 3])).full_shape == (20, 3)


def test_a_number_without_axes():
    found = TensorView.from_record(view(shape=[], values=b"\0\0\x80\x3f"))
    assert found.values.shape == ()
    assert found.values == 1.0


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"shape": [2, 4]}, "it has 24 bytes for a shape"),
        ({"shape": [2**31, 2**31, 2**31]}, "it has 24 bytes for a shape"),
        ({"shape": [2**63, 2]}, "shape in it is impossible"),
        ({"shape": [2**31, 2**31, 0], "values": b""}, "shape in it is impossible"),
        ({"shape": [1] * 40}, "shape in it is impossible"),
        ({"stored_dtype": "object"}, "type of its values is not known"),
        ({"stored_dtype": ""}, "type of its values is not known"),
        ({"axes": ["one"]}, "one name for each axis"),
        ({"full_shape": [2]}, "full shape is smaller"),
        ({"full_shape": [1, 3]}, "full shape is smaller"),
    ],
)
def test_impossible_tensors_are_refused(changes: dict[str, object], fault: str):
    with pytest.raises(DamagedRecord, match=fault):
        TensorView.from_record(view(**changes))
