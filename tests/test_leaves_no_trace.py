"""After a capture everything is as it would have been without us: model, gradients, generators, hooks, results."""

import copy
import gc
import io
import random
import weakref

import models
import numpy as np
import pytest
import torch
from graph_witness import into
from torch.nn.modules import module as torch_module
from torch.utils import _python_dispatch as dispatch
from torch.utils._pytree import tree_flatten

from torchviz_tb.capture.graph import capture_graph, watch_first_forward

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")

HOOKS = [name for name in vars(torch.nn.Linear(1, 1)) if "hooks" in name]
GLOBAL_HOOKS = [name for name in vars(torch_module) if name.startswith("_global_") and "hooks" in name]


def state_of(model: torch.nn.Module) -> dict[str, object]:
    """All that we could have changed, with copies of the values."""
    state: dict[str, object] = {}
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        state[f"{name} identity"] = id(tensor)
        state[f"{name} value"] = values(tensor)
        state[f"{name} gradient"] = None if tensor.grad is None else (id(tensor.grad), values(tensor.grad))
        state[f"{name} trainable"] = tensor.requires_grad
    for path, module in model.named_modules():
        state[f"{path} training"] = module.training
        state[f"{path} attributes"] = list(module.__dict__)
        state[f"{path} hooks"] = {name: list(module.__dict__.get(name, {})) for name in HOOKS}
    return state


def values(tensor: torch.Tensor) -> list[float]:
    return tensor.detach().to(torch.float64).flatten().tolist()


def process_state() -> dict[str, object]:
    """What belongs to the process: global hooks, dispatch modes, grad mode, generators."""
    return {
        **{name: list(getattr(torch_module, name)) for name in GLOBAL_HOOKS},
        "modes": dispatch._get_current_dispatch_mode_stack(),
        "gradients": torch.is_grad_enabled(),
        "torch": torch.get_rng_state().tolist(),
        "python": random.getstate(),
        "numpy": np.random.get_state()[1].tolist(),
    }


def give_gradients(model: torch.nn.Module) -> None:
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.full_like(parameter, 0.5)


def seed() -> None:
    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)


def run_step(call: models.Call) -> tuple[list[object], object]:
    """Values of the outputs of a forward and a backward from a fixed seed, and the tree they hang in."""
    seed()
    result = call.run()
    result = vars(result) if hasattr(result, "__dict__") and not isinstance(result, (dict, torch.Tensor)) else result
    leaves, tree = tree_flatten(dict(result) if isinstance(result, dict) else result)
    outputs = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    losses = [torch.view_as_real(leaf) if leaf.is_complex() else leaf for leaf in outputs if leaf.requires_grad]
    if losses:
        sum(loss.float().square().sum() for loss in losses).backward()
    flat = [torch.view_as_real(leaf) if leaf.is_complex() else leaf for leaf in outputs]
    return [values(leaf) for leaf in flat], str(tree)


@pytest.mark.parametrize("name", models.names())
def test_capture_graph_restores_everything(name):
    call = models.build(name)
    give_gradients(call.model)
    inputs = [leaf.clone() for leaf in tree_flatten((call.args, call.kwargs))[0] if isinstance(leaf, torch.Tensor)]
    before, process = state_of(call.model), process_state()
    capture_graph(*call)
    assert state_of(call.model) == before
    assert process_state() == process
    after = [leaf for leaf in tree_flatten((call.args, call.kwargs))[0] if isinstance(leaf, torch.Tensor)]
    assert all(torch.equal(one.to_dense(), two.to_dense()) for one, two in zip(inputs, after, strict=True))


@pytest.mark.parametrize("name", models.names(but=("DeepChain",)))
def test_training_goes_on_after_capture_graph_as_without_it(name):
    plain, captured = models.build(name), models.build(name)
    capture_graph(*captured)
    assert run_step(captured) == run_step(plain)
    assert same_state(captured.model, plain.model)


@pytest.mark.parametrize("name", models.names())
def test_a_watched_step_is_the_step_without_us(name):
    plain, watched = models.build(name), models.build(name)
    graphs, errors = [], []
    before = process_state()
    watch_first_forward(watched.model, into(graphs), errors.append)
    assert run_step(watched) == run_step(plain)
    assert (len(graphs), errors) == (1, [])
    assert same_state(watched.model, plain.model)
    after = process_state()
    assert all(after[name] == before[name] for name in [*GLOBAL_HOOKS, "modes", "gradients"])


@pytest.mark.parametrize("name", models.names(but=("DeepChain",)))
def test_a_watched_step_draws_as_the_step_without_us(name):
    plain, watched = models.build(name), models.build(name)
    run_step(plain)
    expected = process_state()
    watch_first_forward(watched.model, lambda graph: None, pytest.fail)
    run_step(watched)
    assert process_state() == expected


@pytest.mark.parametrize("name", models.names())
def test_taking_the_watch_back_leaves_nothing(name):
    call = models.build(name)
    before = state_of(call.model)
    handle = watch_first_forward(call.model, pytest.fail, pytest.fail)
    assert handle.waiting
    handle.remove()
    handle.remove()
    assert state_of(call.model) == before


def same_state(one: torch.nn.Module, two: torch.nn.Module) -> bool:
    """Equal states of two models; identities and the ids in them may differ."""
    first, second = state_of(one), state_of(two)
    assert first.keys() == second.keys()
    for key, value in first.items():
        if key.endswith("identity"):
            continue
        other = second[key]
        if key.endswith("gradient") and value is not None and other is not None:
            value, other = value[1], other[1]
        # Ids of hooks count up through the process: how many there are is what can be compared.
        if key.endswith("hooks"):
            value, other = ({name: len(ids) for name, ids in hooks.items()} for hooks in (value, other))
        assert value == other, key
    return True


class Remembering(torch.nn.Module):
    """Hands out weak references to what it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(4, 4)
        self.references: list[weakref.ref[torch.Tensor]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.linear(x)
        output = hidden.relu()
        REFERENCES.extend([weakref.ref(hidden), weakref.ref(output)])
        return output


REFERENCES: list[weakref.ref[torch.Tensor]] = []


@pytest.fixture
def no_collector():
    """So that a tensor held by a reference cycle of ours would stay."""
    REFERENCES.clear()
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_capture_graph_holds_no_tensor():
    x = torch.randn(2, 4)
    graph = capture_graph(Remembering(), (x,), {})
    assert [reference() for reference in REFERENCES] == [None, None]
    assert len(graph.operations) == 3


@pytest.mark.usefixtures("no_collector")
def test_a_watch_holds_no_tensor_and_no_model():
    model = Remembering()
    graphs = []
    handle = watch_first_forward(model, into(graphs), pytest.fail)
    result = model(torch.randn(2, 4))
    assert REFERENCES[-1]() is result
    result.sum().backward()
    del result
    assert [reference() for reference in REFERENCES] == [None, None]
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
    assert not handle.waiting


@pytest.mark.usefixtures("no_collector")
def test_activations_live_no_longer_than_without_us():
    alive_at_last_layer = []

    class Chain(torch.nn.Module):
        def forward(self, x):
            first = x + 1
            reference = weakref.ref(first)
            x = first * 2
            del first
            alive_at_last_layer.append(reference() is not None)
            return x

    capture_graph(Chain(), (torch.randn(3),), {})
    assert alive_at_last_layer == [False]


def test_a_lazy_module_stays_initialised():
    call = models.lazy()
    graph = capture_graph(*call)
    assert type(call.model[0]) is torch.nn.Linear
    assert [graph.types[entry.type].shape for entry in graph.parameters] == [[3, 4], [3]]
    assert call.run().shape == (2, 3)
    watched = models.lazy()
    graphs = []
    watch_first_forward(watched.model, into(graphs), pytest.fail)
    watched.run().sum().backward()
    assert list(graphs[0].types) == list(graph.types)


def test_a_graph_that_the_user_built_before_stays_valid():
    """Restoring must not bump versions, or autograd refuses the backward."""
    call = models.build("BatchNormNet")
    call.model.eval()
    loss = call.run().sum()
    call.model.train()
    capture_graph(*call)
    loss.backward()


def test_a_copy_of_a_waiting_model_works_and_is_not_watched():
    call = models.build("Perceptron")
    graphs = []
    watch_first_forward(call.model, into(graphs), pytest.fail)
    buffer = io.BytesIO()
    torch.save(call.model, buffer)
    buffer.seek(0)
    for twin in (copy.deepcopy(call.model), torch.load(buffer, weights_only=False)):
        assert torch.equal(twin(*call.args), call.model.layers(*call.args))
        assert not graphs
    call.run().sum().backward()
    assert len(graphs) == 1


def test_meta_device_needs_no_memory():
    with torch.device("meta"):
        model = torch.nn.Sequential(torch.nn.Linear(10**6, 10**6), torch.nn.BatchNorm1d(10**6))
        graph = capture_graph(model, (torch.empty(8, 10**6),), {})
    assert sum(operation.flops for operation in graph.operations) == 2 * 8 * 10**12
    assert {kind.device for kind in graph.types} == {"meta"}
