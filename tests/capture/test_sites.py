"""Names, aliases and selection of parameters, and the table that keeps them."""

import re
from typing import Any

import pytest
import torch
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

from torchviz_tb.capture.sites import SiteTable, find_sites, plain_name
from torchviz_tb.errors import ArgumentError
from torchviz_tb.records.sites import sites_checksum


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.body = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.embedding.weight


class HasModule(nn.Module):
    """A user's own submodule called "module", inside and outside of a wrapper."""

    def __init__(self) -> None:
        super().__init__()
        self.module = nn.Sequential(nn.Linear(2, 2))


def names(model: nn.Module, **selection: Any) -> list[str]:
    return [site.name for site in find_sites(model, **selection)]


TIED = ["embedding.weight", "body.0.weight", "body.0.bias", "body.1.weight", "body.1.bias"]


def test_sites_come_in_the_order_of_definition_and_know_their_module() -> None:
    sites = find_sites(Tied())
    assert [site.name for site in sites] == TIED
    assert [site.module for site in sites] == ["embedding", "body.0", "body.0", "body.1", "body.1"]
    assert [site.module_type for site in sites] == ["Embedding", "Linear", "Linear", "LayerNorm", "LayerNorm"]


def test_tied_weights_are_one_site_with_all_names() -> None:
    model = Tied()
    site = find_sites(model)[0]
    assert site.aliases == ("head.weight",)
    assert site.parameter is model.head.weight


def test_a_shared_module_gives_aliases() -> None:
    layer = nn.Linear(2, 2)
    sites = find_sites(nn.Sequential(layer, nn.ReLU(), layer))
    assert [(site.name, site.aliases) for site in sites] == [("0.weight", ("2.weight",)), ("0.bias", ("2.bias",))]


def test_a_parameter_registered_twice_in_one_module_has_both_names() -> None:
    module = nn.Linear(2, 2, bias=False)
    module.again = module.weight
    assert [(site.name, site.aliases) for site in find_sites(module)] == [("weight", ("again",))]


def test_a_module_that_holds_itself_ends() -> None:
    module = nn.Sequential(nn.Linear(2, 2))
    module.add_module("self", module)
    assert names(module) == ["0.weight", "0.bias"]


@pytest.mark.parametrize(
    "wrap",
    [
        nn.DataParallel,
        lambda model: torch.compile(model, backend="eager"),
        checkpoint_wrapper,
        lambda model: torch.compile(nn.DataParallel(checkpoint_wrapper(model)), backend="eager"),
    ],
    ids=["DataParallel", "compile", "checkpoint", "all"],
)
@pytest.mark.parametrize("model", [Tied, HasModule])
def test_wrappers_leave_names_as_they_are(model: type[nn.Module], wrap: Any) -> None:
    plain, wrapped = find_sites(model()), find_sites(wrap(model()))
    assert [(s.name, s.aliases, s.module, s.module_type) for s in wrapped] == [
        (s.name, s.aliases, s.module, s.module_type) for s in plain
    ]


def test_wrappers_inside_a_model_leave_names_as_they_are() -> None:
    model = Tied()
    model.body[0] = checkpoint_wrapper(model.body[0])
    model.body = torch.compile(nn.DataParallel(model.body), backend="eager")
    assert names(model) == TIED


def test_a_user_module_called_module_keeps_its_name() -> None:
    assert names(HasModule()) == ["module.0.weight", "module.0.bias"]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("_orig_mod.layer.weight", "layer.weight"),
        ("a._fsdp_wrapped_module.b._checkpoint_wrapped_module.c", "a.b.c"),
        ("module.weight", "module.weight"),
        ("my_orig_mod.weight", "my_orig_mod.weight"),
        ("_orig_mod", ""),
        ("", ""),
    ],
)
def test_plain_name(name: str, plain: str) -> None:
    assert plain_name(name) == plain


SELECTIONS = [
    ("body.*", TIED[1:]),
    ("*.weight", [TIED[0], TIED[1], TIED[3]]),
    ("head.weight", TIED[:1]),  # by its other name
    (re.compile(r"\d\.bias$"), [TIED[2], TIED[4]]),
    (nn.LayerNorm, TIED[3:]),
    (nn.Sequential, TIED[1:]),
    (lambda name, parameter: parameter.dim() == 1, TIED[2:]),
    (["*.bias", nn.Embedding], [TIED[0], TIED[2], TIED[4]]),
    ((), []),
    ("nothing", []),
]


@pytest.mark.parametrize(("selection", "chosen"), SELECTIONS, ids=[str(i) for i in range(len(SELECTIONS))])
def test_selectors_choose_or_leave_out(selection: Any, chosen: list[str]) -> None:
    assert names(Tied(), include=selection) == chosen
    assert names(Tied(), exclude=selection) == [name for name in TIED if name not in chosen]


def test_what_is_excluded_stays_out_though_included() -> None:
    assert names(Tied(), include="body.*", exclude=nn.LayerNorm) == TIED[1:3]


@pytest.mark.parametrize(
    ("bad", "described"),
    [
        (3, "3 of type int"),
        (int, "<class 'int'> of type type"),
        ([nn.Linear, 0.5], "0.5 of type float"),
        (b"body", "b'body' of type bytes"),
        (re.compile(b"x"), "of type Pattern"),
        (nn.Linear(1, 1), "an object of type Linear"),
        ({"a": 1}, "an object of type dict"),
    ],
)
@pytest.mark.parametrize("argument", ["include", "exclude"])
def test_a_bad_selector_raises_even_without_parameters(argument: str, bad: Any, described: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{argument} is given .*{re.escape(described)}, but takes a glob pattern"):
        find_sites(nn.ReLU(), **{argument: bad})


def test_what_is_no_model_raises() -> None:
    with pytest.raises(
        ArgumentError, match=r"model is an object of type OrderedDict, but a torch.nn.Module is expected"
    ):
        find_sites(nn.Linear(1, 1).state_dict())  # type: ignore[arg-type]


def test_the_table_describes_each_site() -> None:
    model = Tied()
    model.body[0].weight.requires_grad_(False)
    optimizers = [
        torch.optim.SGD([{"params": [model.body[0].bias]}, {"params": [model.embedding.weight]}], lr=0.1),
        torch.optim.SGD([model.body[1].weight, model.embedding.weight], lr=0.1),
    ]
    table = SiteTable()
    assert table.update(find_sites(model), optimizers)
    first, second, *_ = table.record().sites
    assert (first.name, list(first.aliases), list(first.shape)) == ("embedding.weight", ["head.weight"], [10, 4])
    assert (first.dtype, first.device, first.module, first.module_type) == ("float32", "cpu", "embedding", "Embedding")
    assert (first.frozen, second.frozen) == (False, True)
    assert [site.parameter_group for site in table.record().sites] == [2, 0, 1, 3, 0]


def test_the_table_only_grows() -> None:
    model = Tied()
    table = SiteTable()
    table.update(find_sites(model, include="body.*"))
    places = {name: table.index(name) for name in table.names}
    assert table.update(find_sites(model, include="embedding.*"))
    assert table.names == [*TIED[1:], TIED[0]]
    assert {name: table.index(name) for name in places} == places
    assert (table.index(TIED[0]), table.count) == (4, 5)
    assert table.checksum == sites_checksum(table.names)
    with pytest.raises(KeyError):
        table.index("head.weight")


def test_the_table_says_whether_it_changed() -> None:
    model = nn.Linear(2, 2)
    table = SiteTable()
    assert table.update(find_sites(model))
    assert not table.update(find_sites(model))
    model.weight.requires_grad_(False)
    assert table.update(find_sites(model))
    assert table.record().sites[0].frozen
    assert not table.update([])


def test_the_table_of_a_lazy_model_learns_the_shape_later() -> None:
    model = nn.LazyLinear(3)
    table = SiteTable()
    table.update(find_sites(model))
    assert list(table.record().sites[0].shape) == []
    model(torch.ones(1, 2))
    assert table.update(find_sites(model))
    assert list(table.record().sites[0].shape) == [3, 2]


def test_the_table_of_a_tensor_has_its_name() -> None:
    table = SiteTable.of_tensor("probs", torch.zeros(2, 3, dtype=torch.bfloat16))
    [site] = table.record().sites
    assert (site.name, list(site.shape), site.dtype, site.frozen, site.module) == (
        "probs",
        [2, 3],
        "bfloat16",
        False,
        "",
    )
    assert (table.index("probs"), table.count, table.checksum) == (0, 1, sites_checksum(["probs"]))
