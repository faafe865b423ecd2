"""Results come back in the order in which they were sent, in one copy, and never before they are there."""

import numpy as np
import pytest
import torch
from late_results import LateDevice

from torchviz_tb.capture.transfer import HostCopy, Transfer


def test_results_on_the_cpu_are_handed_out_at_once():
    transfer, got = Transfer(), []
    transfer.send(torch.tensor([1.5, -2.0]), lambda packed: got.append(packed.view(np.float32).tolist()))
    assert got == [[1.5, -2.0]]
    assert transfer.is_idle
    assert transfer.is_there


def test_those_of_a_device_go_in_one_copy_and_come_when_they_are_there(monkeypatch):
    device = LateDevice(monkeypatch)
    transfer, got = Transfer(), []
    transfer.send(torch.tensor([[1, 2], [3, 4]]), lambda packed: got.append(packed.view(np.int64).tolist()))
    transfer.send(torch.tensor(0.25, dtype=torch.float64), lambda packed: got.append(packed.view(np.float64).tolist()))
    transfer.send(torch.zeros(0), lambda packed: got.append(packed.tolist()))
    assert (transfer.is_idle, transfer.is_there, device.copies) == (False, False, 0)
    transfer.start()
    transfer.start()
    assert (transfer.is_there, device.copies, got) == (False, 1, [])
    device.arrive()
    assert transfer.is_there
    transfer.settle()
    assert got == [[1, 2, 3, 4], [0.25], []]
    assert (transfer.is_idle, device.waited) == (True, 0)


def test_settling_waits_for_what_is_not_there_yet(monkeypatch):
    device = LateDevice(monkeypatch)
    transfer, got = Transfer(), []
    transfer.send(torch.tensor([7]), lambda packed: got.append(packed.view(np.int64).tolist()))
    transfer.settle()
    assert (got, device.waited) == ([[7]], 1)


def test_a_copy_keeps_what_the_tensor_was():
    tensor = torch.ones(3)
    copied = HostCopy(tensor)
    tensor.zero_()
    assert copied.is_there
    assert torch.equal(copied.read(), torch.ones(3))


@pytest.mark.parametrize("tensor", [torch.zeros(4, device="meta")])
def test_an_unreadable_result_raises_where_it_is_read(tensor):
    with pytest.raises((RuntimeError, NotImplementedError)):
        HostCopy(tensor).read()
