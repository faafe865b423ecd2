"""The first element that is not finite, of every type and layout."""

import numpy as np
import pytest
import torch

from torchviz_tb.watching import first_bad


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.complex64, torch.float8_e5m2, torch.float64])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3, 4), (0, 3)])
def test_the_first_bad_element(monkeypatch, dtype, shape):
    monkeypatch.setattr(first_bad, "_PIECE", 5)
    values = np.zeros(shape)
    assert first_bad.first_bad_index(torch.from_numpy(values).to(dtype)) is None
    for bad in range(values.size):
        values = np.zeros(values.size)
        values[bad:] = np.nan if bad % 2 else np.inf
        tensor = torch.from_numpy(values.reshape(shape)).to(dtype)
        assert first_bad.first_bad_index(tensor) == np.unravel_index(bad, shape)
        if len(shape) == 3:
            turned = np.argwhere(~np.isfinite(values.reshape(shape).T))[0]
            assert first_bad.first_bad_index(tensor.permute(2, 1, 0)) == tuple(turned)


def test_what_has_no_values_has_no_bad_element():
    assert first_bad.first_bad_index(torch.empty(3, device="meta")) is None
    assert first_bad.first_bad_index(torch.full((3,), torch.nan).to_sparse()) is None
    assert first_bad.first_bad_index(torch.arange(3)) is None
