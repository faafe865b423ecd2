"""SummaryWriter: torch's, with single calls and with nothing lost at the end."""

import inspect
import warnings

import numpy as np
import pytest
import torch
import training
import written
from programs import run
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter

from torchviz_tb import ArgumentError, SummaryWriter
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

# torch's own add_graph goes through its tracer, and that is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


@pytest.fixture
def writer(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        yield writer


# ------------------------------------------------------------- torch's own


def test_it_is_torchs_with_the_same_signatures():
    assert issubclass(SummaryWriter, TorchSummaryWriter)
    for name, method in inspect.getmembers(TorchSummaryWriter, inspect.isfunction):
        theirs = inspect.signature(method).parameters.values()
        ours = inspect.signature(getattr(SummaryWriter, name)).parameters.values()
        assert [(p.name, p.default) for p in ours][: len(theirs)] == [(p.name, p.default) for p in theirs], name


def test_torchs_attributes_and_methods_work(tmp_path):
    writer = SummaryWriter(log_dir=tmp_path, purge_step=5, max_queue=3, flush_secs=60, filename_suffix=".mine")
    assert writer.get_logdir() == writer.log_dir == tmp_path
    assert (writer.max_queue, writer.flush_secs, writer.filename_suffix) == (3, 60, ".mine")
    assert list(writer.all_writers.values()) == [writer.file_writer]
    writer.add_scalar("loss", 0.5, 5)
    writer.add_histogram("values", np.arange(10), 5)
    writer.add_text("note", "text", 5)
    writer.add_scalars("both", {"a": 1.0}, 5)
    writer.add_hparams({"lr": 0.1}, {"accuracy": 1.0}, run_name="hparams")
    writer.close()
    writer.close()
    assert {value.tag for _, value in written.values(tmp_path)} == {"loss", "values", "note/text_summary"}
    assert written.event_files(tmp_path)[0].name.endswith(".mine")
    assert any(event.session_log.status == event.session_log.START for event in written.events(tmp_path))
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"both_a", "hparams"}


def test_what_is_logged_after_close_goes_into_a_second_file(tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    writer = SummaryWriter(tmp_path)
    watch = writer.watch(model, optimizer, log_freq=1)
    training.train(model, optimizer, steps=1)
    writer.close()
    assert len(written.event_files(tmp_path)) == 1
    training.train(model, optimizer, steps=1)
    writer.add_scalar("loss", 1.0, 1)
    writer.close()
    watch.unwatch()
    assert len(written.event_files(tmp_path)) == 2
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0, 1]


# ------------------------------------------------------------------- graph


def graphs(tmp_path, group="model"):
    return [(step, graph) for step, graph in written.records(tmp_path, Kind.GRAPH, group).items()]


def has_stock_graph(tmp_path):
    return any(event.HasField("graph_def") for event in written.events(tmp_path))


def test_add_graph_with_an_input_is_for_both_tabs_and_changes_nothing(writer, tmp_path):
    model = training.net()
    model.norm.eval()
    before, random_state = training.tensors(model), torch.get_rng_state()
    writer.add_graph(model, torch.randn(2, 4, generator=torch.Generator()))
    assert torch.equal(torch.get_rng_state(), random_state)
    after = training.tensors(model)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert (model.training, model.norm.training, model.drop.training) == (True, False, True)
    writer.flush()
    ((step, graph),) = graphs(tmp_path)
    assert (step, graph.mode, graph.model_type) == (0, pb.CAPTURE_MODE_ADD_GRAPH, "Net")
    assert [scope.path for scope in graph.scopes] == ["", "hidden", "norm", "drop", "out"]
    assert has_stock_graph(tmp_path)


def test_add_graph_with_several_inputs(writer, tmp_path):
    class Sum(torch.nn.Module):
        def forward(self, a, b):
            return a + b

    for form in (tuple, list):
        writer.add_graph(Sum(), form([torch.ones(2), torch.ones(2)]))
    writer.flush()
    for group in ("model", "model_2"):
        ((_, graph),) = graphs(tmp_path, group)
        assert [terminal.name for terminal in graph.inputs] == ["a", "b"]


def test_add_graph_with_keywords(writer, tmp_path):
    class Scale(torch.nn.Module):
        def forward(self, x, *, factor):
            return x * factor

    writer.add_graph(Scale(), torch.ones(2), input_kwargs={"factor": torch.ones(2)})
    writer.flush()
    assert [terminal.name for terminal in graphs(tmp_path)[0][1].inputs] == ["x", "factor"]
    assert has_stock_graph(tmp_path)


def test_add_graph_without_input_waits_for_the_users_step(writer, tmp_path):
    model = training.net()
    writer.add_graph(model)
    writer.flush()
    assert graphs(tmp_path) == []
    assert not has_stock_graph(tmp_path)
    model(torch.randn(2, 4)).sum().backward()
    model(torch.randn(2, 4))
    writer.flush()
    ((_, graph),) = graphs(tmp_path)
    assert graph.mode == pb.CAPTURE_MODE_TRAINING_STEP
    assert any(operation.backward for operation in graph.operations)
    assert has_stock_graph(tmp_path)


def test_a_forward_without_a_backward_is_written_at_the_close(writer, tmp_path):
    writer.add_graph(model := training.net())
    model(torch.randn(2, 4))
    writer.close()
    assert [graph.mode for _, graph in graphs(tmp_path)] == [pb.CAPTURE_MODE_TRAINING_STEP]


def test_a_model_that_torch_cannot_trace_is_in_both_tabs(writer, tmp_path):
    class Untraceable(torch.nn.Linear):
        def forward(self, x):
            return {1: super().forward(x), "mean": float(x.mean()), None: None}

    writer.add_graph(Untraceable(2, 2), torch.ones(1, 2), use_strict_trace=False)
    writer.flush()
    assert graphs(tmp_path)[0][1].mode == pb.CAPTURE_MODE_ADD_GRAPH
    assert has_stock_graph(tmp_path)


def test_verbose_prints_the_stock_graph(writer, capsys):
    writer.add_graph(training.net(), torch.randn(2, 4), verbose=True)
    assert 'op: "aten::addmm"' in capsys.readouterr().out


def test_an_input_that_does_not_fit_raises_the_models_own_error_and_may_be_tried_again(writer, tmp_path):
    model = training.net()
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes"):
        writer.add_graph(model, torch.ones(2, 99))
    writer.flush()
    assert graphs(tmp_path) == []
    writer.add_graph(model, torch.randn(2, 4))
    writer.flush()
    assert [graph.mode for _, graph in graphs(tmp_path)] == [pb.CAPTURE_MODE_ADD_GRAPH]


def test_a_graph_from_add_graph_is_not_captured_again_by_the_watch(writer, tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    writer.add_graph(model, torch.randn(2, 4))
    writer.watch(model, optimizer)
    training.train(model, optimizer, steps=1)
    writer.flush()
    assert written.groups(tmp_path) == {"model"}
    assert len(graphs(tmp_path)) == 1


# ------------------------------------------------------------ single calls


def test_calls_for_one_model_at_one_step_are_one_record(writer, tmp_path):
    model = training.net()
    for step in (0, 5):
        training.backward(model)
        writer.add_gradients(model, step)
        writer.add_parameters(model, step)
        writer.add_gradient_heatmaps(model, step)
    writer.flush()
    records = written.records(tmp_path, Kind.STATISTICS)
    assert list(records) == [0, 5]
    assert [s.stage for s in records[5].stages] == [pb.STAGE_PARAMETER, pb.STAGE_GRADIENT]
    norms = [float(p.grad.norm()) for p in model.parameters()]
    np.testing.assert_allclose(written.stage(records[5], pb.STAGE_GRADIENT).l2, norms, rtol=1e-5)
    assert records[5].sample_seconds > 0
    assert [len(r.entries) for r in written.records(tmp_path, Kind.DISTRIBUTIONS).values()] == [12, 12]
    assert [len(r.heatmaps) for r in written.records(tmp_path, Kind.HEATMAPS).values()] == [6, 6]
    assert list(written.records(tmp_path, Kind.SITES)) == [0]


def test_parameters_and_gradients_are_on_their_way_to_the_file_once_both_are_there(writer, tmp_path):
    model, alone = training.net(0), training.net(1)
    for step in (0, 5):
        for each in (model, alone):
            training.backward(each)
            writer.add_gradients(each, step)
        writer.add_parameters(model, step)
        writer._get_file_writer().flush()  # of what is on its way, and no more
        before, now = ([], [0]) if step == 0 else ([0], [0, 5])
        assert list(written.records(tmp_path, Kind.STATISTICS, "model")) == now
        assert list(written.records(tmp_path, Kind.DISTRIBUTIONS, "model")) == now
        assert list(written.records(tmp_path, Kind.STATISTICS, "model_2")) == before


def test_two_models_take_turns_without_cutting_each_others_records(writer, tmp_path):
    models = [training.net(0), training.net(1)]
    for add in (writer.add_parameters, writer.add_gradients):
        for model in models:
            add(model, 3)
    writer.flush()
    for group in ("model", "model_2"):
        (record,) = written.records(tmp_path, Kind.STATISTICS, group).values()
        assert len(record.stages) == 2


def test_single_calls_beside_a_watch_join_its_records(writer, tmp_path):
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log="gradients", log_freq=2)
    training.train(model, optimizer, steps=3, before_step=lambda step: writer.add_parameters(model, step))
    writer.flush()
    records = written.records(tmp_path, Kind.STATISTICS)
    both, alone = [pb.STAGE_PARAMETER, pb.STAGE_GRADIENT], [pb.STAGE_PARAMETER]
    assert {step: [s.stage for s in r.stages] for step, r in records.items()} == {0: both, 1: alone, 2: both}


def test_a_tensor_has_a_distribution_and_a_heatmap_under_its_own_tag(writer, tmp_path):
    matrix = torch.arange(-6.0, 6.0).view(3, 4)
    for step in (1, 2):
        writer.add_distribution("attention/scores", matrix, step)
        writer.add_heatmap("attention/scores", matrix, step)
    writer.flush()
    group = "attention/scores"
    table = written.records(tmp_path, Kind.SITES, group)[1]
    assert [(site.name, list(site.shape)) for site in table.sites] == [(group, [3, 4])]
    record = written.records(tmp_path, Kind.STATISTICS, group)[2]
    stage = written.stage(record, pb.STAGE_TENSOR)
    assert (list(stage.count), list(stage.zeros), list(stage.min), list(stage.max)) == ([12], [1], [-6.0], [5.0])
    (entry,) = written.records(tmp_path, Kind.DISTRIBUTIONS, group)[2].entries
    assert sum(entry.histogram.counts) == 11
    (heatmap,) = written.records(tmp_path, Kind.HEATMAPS, group)[2].heatmaps
    assert (heatmap.rows, heatmap.columns, heatmap.stage) == (3, 4, pb.STAGE_TENSOR)


def test_a_tensor_that_changes_its_shape_has_a_new_table(writer, tmp_path):
    for step, length in enumerate([3, 3, 5]):
        writer.add_distribution("lengths", torch.ones(length), step)
    writer.flush()
    tables = written.records(tmp_path, Kind.SITES, "lengths")
    assert {step: list(table.sites[0].shape) for step, table in tables.items()} == {0: [3], 2: [5]}


def test_tensor_views_and_progress(writer, tmp_path):
    writer.add_tensor_view("attention", torch.eye(2), 4, axes=("query", "key"))
    writer.add_progress(4, total_steps=100, epoch=1, step_in_epoch=4, items_per_second=np.float32(12.5))
    writer.flush()
    view = written.records(tmp_path, Kind.TENSOR_VIEW, "attention")[4]
    assert (list(view.shape), list(view.axes)) == ([2, 2], ["query", "key"])
    assert np.frombuffer(view.values, "<f4").tolist() == [1, 0, 0, 1]
    progress = written.records(tmp_path, Kind.PROGRESS, "progress")[4]
    assert progress == pb.Progress(total_steps=100, epoch=1, step_in_epoch=4, items_per_second=12.5)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda w: w.add_graph(torch.relu, torch.ones(2)), "model is a builtin_function_or_method, not a torch.nn"),
        (lambda w: w.add_parameters("net", 0), "model is a str, not a torch.nn.Module"),
        (lambda w: w.add_gradients(training.net(), "now"), "global_step is 'now', not a whole number"),
        (lambda w: w.add_distribution("x", [1, 2], 0), "tensor is a list, not a torch.Tensor: pass torch.as_tensor"),
        (lambda w: w.add_heatmap(3, torch.ones(2), 0), "the name of the tensor is 3, not a text"),
        (lambda w: w.add_tensor_view("x", torch.ones(2), 0, axes=("a", "b")), "axes"),
        (lambda w: w.add_tensor_view("x", torch.ones(2, device="meta"), 0), "without values"),
        (lambda w: w.add_progress(0, epoch=-1), "add_progress was given epoch=-1, not a number from 0 on"),
        (lambda w: w.add_progress(0, epochs="many"), "add_progress was given epochs='many', not a number from 0 on"),
    ],
)
def test_wrong_arguments_of_single_calls(writer, call, sentence):
    with pytest.raises(ArgumentError, match=sentence):
        call(writer)


def test_a_fault_in_a_single_call_warns_once(writer, monkeypatch):
    def fail(*_, **__):
        raise MemoryError("no room")

    monkeypatch.setattr("torchviz_tb.watching.tensor_sample.begin_stage", fail)
    with pytest.warns(UserWarning, match="switched off 'distribution' for 'x', all else goes on: MemoryError: no room"):
        writer.add_distribution("x", torch.ones(2), 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.add_distribution("x", torch.ones(2), 1)


# ------------------------------------------------------------ leaving early

PROGRAM = """
import sys, torch, torchviz_tb
from torch.utils.tensorboard import SummaryWriter

model = torch.nn.Linear(2, 1)
model(torch.ones(1, 2)).sum().backward()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

def with_ours():
    writer = torchviz_tb.SummaryWriter(sys.argv[1])
    writer.add_scalar("loss", 1.0, 0)
    writer.add_parameters(model, 0)
    return writer

def with_torchs():
    writer = SummaryWriter(sys.argv[1])
    writer.add_scalar("loss", 1.0, 0)
    torchviz_tb.watch(model, optimizer, writer=writer)
    optimizer.step()
    return writer

{}
"""


@pytest.mark.heavy
@pytest.mark.parametrize(
    "ending",
    [
        "with_ours()",
        "writer = with_ours(); cycle = [writer]; cycle.append(cycle); del writer, cycle",
        "writer = with_ours(); sys.exit(3)",
        "writer = with_ours(); raise RuntimeError('training went wrong')",
        "writer = with_torchs()",
    ],
)
def test_a_program_that_ends_without_close_loses_nothing(tmp_path, ending):
    run(PROGRAM.format(ending), tmp_path)
    assert written.scalars(tmp_path, "loss") == [(0, 1.0)]
    assert list(written.records(tmp_path, Kind.STATISTICS)) == [0]


def test_a_forked_child_ends_without_waiting_for_a_thread_that_it_has_not(tmp_path):
    child = "import os; writer = with_ours(); os.fork() or sys.exit(0); assert os.wait()[1] == 0"
    done = run(PROGRAM.format(child), tmp_path)
    assert done.returncode == 0, done.stderr
    assert written.scalars(tmp_path, "loss") == [(0, 1.0)]


def test_a_constructor_that_fails_says_only_that(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        SummaryWriter(tmp_path / "file" / "run")
    assert capsys.readouterr().err == ""
