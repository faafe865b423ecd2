"""The Graph view: folded chains, search, the panel, keys, ways, two runs, exports, and graphs of any size."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from browser_page import OpenPage, TorchVizPage
from playwright.sync_api import Locator, Route, expect

pytestmark = pytest.mark.browser

# As the page does it where more boxes are open: the file that it has loaded, started as a worker, answers to job 7.
ARRANGED_BY_WORKER = """(async () => {
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    const graph = await (await fetch(loaded.find((name) => name.includes("/graph?")))).json();
    const { layoutWorker } = await import(loaded.find((name) => name.endsWith("/worker.js")));
    const worker = layoutWorker();
    const reply = new Promise((resolve, reject) => Object.assign(worker, { onmessage: resolve, onerror: reject }));
    worker.postMessage({ kind: "load", graph });
    worker.postMessage({ kind: "arrange", id: 7, open: new Set([0]), chosen: new Map() });
    const { id, scene } = (await reply).data;
    worker.terminate();
    return scene.layouts.length > 0 && id;
})()"""

NETWORKS = ("ResNet", "DeepUNet", "Bert", "EncoderDecoder", "Mixtral", "Mamba")


def open_run(page: TorchVizPage, run: str, **parameters: object) -> None:
    page.open_again("graph", runs=run, **parameters)
    totals(page).wait_for()


def totals(page: TorchVizPage) -> Locator:
    return page.frame.locator(".graph-totals")


def shown(page: TorchVizPage) -> int:
    return int(re.search(r"([\d,]+) shown", totals(page).inner_text())[1].replace(",", ""))


def panel(page: TorchVizPage) -> Locator:
    return page.frame.get_by_role("complementary", name="Selection")


def exported(page: TorchVizPage, kind: str, folder: Path) -> bytes:
    page.frame.get_by_role("button", name="Export the graph").click()
    with page.page.expect_download() as download:
        page.frame.get_by_role("menuitem", name=kind).click()
    file = folder / "exported"
    download.value.save_as(file)
    return file.read_bytes()


def test_each_network_opens_with_about_thirty_boxes(open_page: OpenPage) -> None:
    page = open_page("architectures", "graph")
    for run in NETWORKS:
        open_run(page, run)
        assert 5 <= shown(page) <= 30, run


def test_a_chain_is_walked_through_by_keys_and_kept_in_the_address(open_page: OpenPage) -> None:
    page = open_page("architectures", "graph")
    open_run(page, "Bert", module="layers.0.attention.query")
    expect(panel(page)).to_contain_text("layers.0.attention")
    before = shown(page)
    page.press("]")
    expect(panel(page)).to_contain_text("layers.1.attention")
    page.page.wait_for_url(re.compile(r"p\.torchviz_tb\.module=layers\.1\.attention\.query"))
    page.press("[")
    page.press("[")
    expect(panel(page)).to_contain_text("layers.11.attention")
    assert shown(page) == before


def test_keys_lead_into_a_folded_chain_and_out_of_it(open_page: OpenPage) -> None:
    page = open_page("architectures", "graph")
    open_run(page, "Bert", module="layers.3")
    before = shown(page)
    subtitles = ["Attention in layers.3", "Dropout in layers.3", "Layer in layers"]
    page.frame.get_by_role("application").focus()
    for key, subtitle in zip(("Enter", "ArrowDown", "Escape"), subtitles, strict=True):
        page.page.keyboard.press(key)
        expect(panel(page)).to_contain_text(subtitle)
    page.page.keyboard.press("Escape")
    expect(totals(page)).not_to_contain_text(f"{before} shown")


def test_search_finds_and_goes_there_and_a_link_opens_an_operation(open_page: OpenPage) -> None:
    page = open_page("architectures", "graph")
    open_run(page, "Bert")
    page.press("/")
    expect(page.frame.get_by_role("searchbox")).to_be_focused()
    page.page.keyboard.type("scaled_dot layers.7")
    expect(page.frame.get_by_role("menuitem")).to_have_count(1)
    page.page.keyboard.press("Enter")
    expect(panel(page)).to_contain_text("operation in layers.7.attention")
    page.page.wait_for_url(re.compile(r"p\.torchviz_tb\.node=layers\.7"))
    page.page.reload()
    expect(panel(page)).to_contain_text("operation in layers.7.attention")


def test_a_way_between_two_nodes(open_page: OpenPage) -> None:
    page = open_page("architectures", "graph")
    open_run(page, "ResNet", module="conv1")
    panel(page).get_by_role("button", name="Path from here").click()
    page.frame.get_by_role("treeitem", name=re.compile("^fc")).click()
    clear = page.frame.get_by_role("button", name="Clear path")
    clear.click()
    expect(clear).to_have_count(0)


def test_two_runs_side_by_side_say_what_differs(open_page: OpenPage) -> None:
    page = open_page("architectures", "graph")
    page.open_again("graph", runs="Mixtral%2CLlama", beside="on")
    expect(page.frame.get_by_role("application")).to_have_count(2)
    expect(page.frame.locator(".graph-run-name").first).to_contain_text("only here")


@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_the_picture_is_exported(open_page: OpenPage, tmp_path: Path, kind: str) -> None:
    page = open_page("architectures", "graph")
    open_run(page, "Bert", colour="flops")
    content = exported(page, kind, tmp_path)
    if kind == "PNG":
        assert content.startswith(b"\x89PNG")
    else:
        texts = list(ElementTree.fromstring(content).iter("{http://www.w3.org/2000/svg}text"))
        words = [element.text for element in texts]
        assert "\u2068layers\u2069" in words  # isolated, so that no name turns the text around it
        assert "FLOPs" in words[-6:]  # the legend
        assert min(float(element.attrib["font-size"]) for element in texts) >= 11


def test_a_graph_that_cannot_be_is_refused_in_a_sentence_and_others_are_shown(open_page: OpenPage) -> None:
    page = open_page("bad_graphs", "tensors")
    why = {
        "bomb": "10000000 operations",
        "cycle": "operation 1 of 0",
        "missing": "operation 98 of 2",
        "turning": "scope 1",
    }
    for run, reason in why.items():
        page.open_again("graph", runs=run)
        alert = page.frame.get_by_role("alert")
        expect(alert).to_have_count(1)
        expect(alert).to_contain_text(f"The graph of group 'model' of run '{run}' can't be read.")
        expect(alert).to_contain_text(re.compile(f"Why: .*{reason}"))
    page.open_again("graph", runs="sound%2Cbomb", beside="on")
    expect(page.frame.get_by_role("application")).to_have_count(1)
    expect(page.frame.get_by_role("alert")).to_contain_text("10000000 operations")
    assert all("404" in error for error in page.errors)
    page.errors.clear()


def test_hostile_names_are_words_and_nothing_more(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("bad_graphs", "tensors")
    open_run(page, "named")
    rows = page.frame.get_by_role("tree", name="Modules").get_by_role("treeitem")
    expect(rows).to_have_count(15)
    for row in range(1, 8):
        rows.nth(row).click()
        expect(panel(page)).to_be_visible()
        assert len(panel(page).inner_text()) < 3000
    page.press("/")
    expect(page.frame.get_by_role("searchbox")).to_be_focused()
    page.page.keyboard.type("onerror")
    expect(page.frame.get_by_role("menuitem").first).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.frame.locator("img").count() == 0
    assert "\u202e" not in page.text()
    picture = ElementTree.fromstring(exported(page, "SVG", tmp_path))
    assert {element.tag.partition("}")[2] for element in picture.iter()} <= {"svg", "rect", "path", "text", "clipPath"}
    assert max(len(element.text or "") for element in picture.iter()) < 1000


def test_fifty_thousand_operations_open_and_close(open_page: OpenPage) -> None:
    page = open_page("large_graph", "graph")
    totals(page).wait_for()
    assert "50,000 ops" in totals(page).inner_text()
    first = shown(page)
    assert first < 300
    page.frame.get_by_role("treeitem").nth(2).click()
    page.frame.get_by_role("application").focus()
    page.page.keyboard.press("Enter")
    expect(totals(page)).not_to_contain_text(f"{first} shown")
    page.page.keyboard.press("Escape")
    expect(totals(page)).to_contain_text(f"{first} shown")
    # So few boxes the page arranges itself; more of them the built worker does.
    assert page.evaluate(ARRANGED_BY_WORKER) == 7


def test_the_sheet_of_keys_has_those_of_the_view(open_page: OpenPage) -> None:
    page = open_page("architectures", "graph")
    open_run(page, "Bert")
    page.press("?")
    sheet = page.frame.get_by_role("dialog", name="Keys")
    for text in ("Zoom to the selection", "Previous instance of a folded chain", "Search sites"):
        expect(sheet).to_contain_text(text)
    page.page.keyboard.press("Escape")
    page.tab("tensors").click()
    page.press("?")
    expect(sheet).to_contain_text("Next finding")
    expect(sheet).not_to_contain_text("Zoom to the selection")


def test_all_inside_is_opened_and_closed_from_the_panel(open_page: OpenPage) -> None:
    page = open_page("architectures", "graph")
    open_run(page, "Mamba", module="layers.0")
    before = shown(page)
    actions = panel(page).get_by_role("button")
    actions.filter(has_text="Open all inside").click()
    expect(totals(page)).not_to_contain_text(f"{before} shown")
    actions.filter(has_text="Close all inside").click()
    expect(totals(page)).to_contain_text(f"{before} shown")


def test_a_slot_says_what_passes_there(open_page: OpenPage) -> None:
    page = open_page("architectures", "graph")
    open_run(page, "Mamba")
    tooltip = page.frame.get_by_role("tooltip")
    canvas = page.frame.get_by_role("application")
    box = canvas.bounding_box()
    assert box is not None
    # Down the spine, until the border of the open chain.
    for y in range(100, 200, 2):
        page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + y)
        if tooltip.count() and "layers input" in tooltip.inner_text():
            break
        page.page.wait_for_timeout(100)
    expect(tooltip).to_contain_text("embedding")


WEBVIEW = """
<script>
  window.told = [];
  window.addEventListener("message", (event) => {
    const { filename, line } = event.data ?? {};
    if (event.origin === location.origin && filename && line) window.told.push([filename, line]);
  });
</script>
<iframe id="board" width="1200" height="700"
  sandbox="allow-scripts allow-forms allow-same-origin allow-pointer-lock" src="BOARD"></iframe>
"""


def test_the_source_line_is_told_to_the_frame_around_tensorboard(open_page: OpenPage) -> None:
    page = open_page("architectures", "graph")
    board = f"{page.url}#torchviz_tb&p.torchviz_tb.view=graph&p.torchviz_tb.runs=Bert&p.torchviz_tb.module=layers.0"
    # As in VS Code, whose extension's own frame is not the outermost one.
    frames = {
        "window": '<iframe id="webview" width="1240" height="760" src="webview"></iframe>',
        "webview": WEBVIEW.replace("BOARD", board),
    }

    def fulfil(route: Route) -> None:
        route.fulfill(body=frames[route.request.url.rsplit("/", 1)[1]], content_type="text/html")

    page.page.route(re.compile("/(window|webview)$"), fulfil)
    page.page.goto(f"{page.url}window")
    plugin = page.page.frame_locator("#webview").frame_locator("#board").frame_locator("iframe[src*='torchviz_tb']")
    link = plugin.get_by_role("button", name=re.compile(r"zoo_networks\.py:\d+"))
    filename, line = link.inner_text().split(":")
    link.click()
    page.page.wait_for_function("() => document.querySelector('#webview').contentWindow.told.length > 0")
    told = page.page.evaluate("() => document.querySelector('#webview').contentWindow.told")
    assert told == [[filename, int(line) - 1]]  # it counts lines from 0


def test_the_panel_shows_what_a_module_returns(open_page: OpenPage) -> None:
    page = open_page("activations", "graph")
    open_run(page, "activations", module="conv1")
    expect(panel(page).get_by_role("heading", name="what it returns")).to_be_visible()
    parameters = panel(page).get_by_role("table", name="Parameters at the current step")
    expect(parameters.get_by_role("row")).to_have_count(3)  # weight and bias, no output
