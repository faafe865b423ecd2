"""The graph is built in the writer's background: the loop does not wait for it, and no ending loses it."""

import gc
import os
import threading
import weakref

import pytest
import torch
import written
from endings import ENDINGS
from programs import run
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter

import torchviz_tb
from torchviz_tb import SummaryWriter
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import first_graph


def graphs(log_dir) -> list[pb.Graph]:
    return list(written.records(log_dir, Kind.GRAPH).values())


def step(model: torch.nn.Module) -> None:
    model(torch.ones(2, 4)).sum().backward()


@pytest.mark.parametrize("asked", ["watch", "add_graph"])
def test_the_loop_goes_on_while_the_graph_waits(tmp_path, held, asked):
    model = torch.nn.Linear(4, 4)
    with SummaryWriter(tmp_path) as writer:
        if asked == "watch":
            writer.watch(model, log="graph")
            step(model)
        else:
            writer.add_graph(model, torch.ones(2, 4))
        # What happens to the model afterwards does not matter.
        model.weight = torch.nn.Parameter(torch.ones(8, 8))
        held.set()
    (graph,) = graphs(tmp_path)
    assert [operation.name for operation in graph.operations] == ["aten.t", "aten.addmm"]
    assert list(graph.types[graph.parameters[0].type].shape) == [4, 4]


def test_what_waits_keeps_neither_model_nor_tensors(tmp_path, held):
    model, given = torch.nn.Linear(4, 4), torch.ones(2, 4)
    living = [weakref.ref(each) for each in (model, model.weight, given)]
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, given)
        del model, given
        gc.collect()
        assert [reference() for reference in living] == [None, None, None]
        held.set()
    assert len(graphs(tmp_path)) == 1


def test_step_and_time_are_those_of_the_training_step(tmp_path, held):
    model = torch.nn.Linear(4, 4)
    steps = iter([7, 8, 9])
    with SummaryWriter(tmp_path) as writer:
        writer.watch(model, log="graph", global_step=lambda: next(steps))
        step(model)
        writer.add_scalar("after", 1.0, 0)
        held.set()
    (graph,) = (each for each in written.everything(tmp_path) if not each.tag.first)
    (after,) = (event for event, value in written.values(tmp_path) if value.tag == "after")
    assert graph.step == 7
    assert graph.wall_time <= after.wall_time


def test_report_and_flush_wait_for_it(tmp_path, held):
    model = torch.nn.Linear(4, 4)
    with SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, log="graph")
        step(model)
        threading.Timer(0.3, held.set).start()
        assert watch.report().not_recorded == {}
        held.clear()
        writer.add_graph(torch.nn.Linear(4, 4), torch.ones(2, 4))
        threading.Timer(0.3, held.set).start()
        writer.flush()
        assert len(written.records(tmp_path, Kind.GRAPH, "model_2")) == 1
        # So does a watch that would record it again.
        held.clear()
        writer.add_graph(model := torch.nn.Linear(4, 4), torch.ones(2, 4))
        threading.Timer(0.3, held.set).start()
        writer.watch(model, log="graph")
        assert not model._forward_pre_hooks


def test_a_writer_of_torchs_gets_it_at_once(tmp_path, monkeypatch):
    """It would close without waiting for us."""
    threads = []
    fold = first_graph.fold
    monkeypatch.setattr(first_graph, "fold", lambda graph: (threads.append(threading.current_thread()), fold(graph))[1])
    model = torch.nn.Linear(4, 4)
    with TorchSummaryWriter(str(tmp_path)) as writer:
        torchviz_tb.watch(model, writer=writer, log="graph")
        step(model)
    assert threads == [threading.current_thread()]
    assert len(graphs(tmp_path)) == 1


def test_a_fault_while_it_is_built_is_told_and_the_modules_are_written(tmp_path, held, monkeypatch):
    monkeypatch.setattr("torchviz_tb.capture.graph.first_forward.build_graph", lambda recorded: 1 / 0)
    model = torch.nn.Linear(4, 4)
    with SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, log="graph")
        step(model)
        with pytest.warns(UserWarning, match="switched off 'graph' for 'model', all else goes on: ZeroDivisionError"):
            _let_go(held, writer)
        assert watch.report().not_recorded == {"graph": "ZeroDivisionError: division by zero"}
    (graph,) = graphs(tmp_path)
    assert graph.mode == pb.CAPTURE_MODE_MODULES


def test_a_forked_child_leaves_the_parents_graph_to_it(tmp_path, held):
    model = torch.nn.Linear(4, 4)
    with SummaryWriter(tmp_path) as writer:
        writer.watch(model, log="graph")
        step(model)
        pid = os.fork()
        if not pid:
            writer.flush()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        held.set()
    assert len(graphs(tmp_path)) == 1


def _let_go(held: threading.Event, writer: SummaryWriter) -> None:
    held.set()
    writer.flush()


PROGRAM = """
import os, signal, sys, time, torch
from torchviz_tb import SummaryWriter
writer = SummaryWriter(sys.argv[1])
model = torch.nn.Sequential(*(torch.nn.Linear(4, 4) for _ in range(200)))
writer.watch(model, log="graph")
model(torch.ones(2, 4)).sum().backward()
"""


OWN_ENDINGS = {
    "no backward": "",
    "del writer": "del writer",
    "SIGKILL after a moment": "time.sleep(1); os.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.mark.heavy
@pytest.mark.parametrize("ending", [*ENDINGS, "no backward", "del writer"])
def test_no_ending_loses_the_graph(tmp_path, ending):
    begin = PROGRAM.replace(".sum().backward()", "") if ending == "no backward" else PROGRAM
    if ending == "SIGKILL after a moment":
        begin += "while writer._background: time.sleep(0.01)\n"  # the moment depends on the machine
    run(begin + OWN_ENDINGS.get(ending, ENDINGS.get(ending, "")), tmp_path)
    (graph,) = graphs(tmp_path)
    assert len(graph.operations) == 400
    assert any(operation.backward for operation in graph.operations) == (ending != "no backward")
