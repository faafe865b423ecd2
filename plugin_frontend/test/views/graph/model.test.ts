import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { selectedModule } from "../../../src/store/selection";
import { isInView, toScreen } from "../../../src/views/graph/camera";
import { GraphModel } from "../../../src/views/graph/model";
import { chain, resNet, transformer } from "../../layout/graphs";

beforeEach(() => {
  vi.stubGlobal("matchMedia", (query: string) => ({ matches: query.includes("reduced-motion") }));
  selectedModule.value = null;
});
afterEach(() => vi.unstubAllGlobals());

function modelOf(graph = resNet(2)): GraphModel {
  const model = new GraphModel(graph);
  model.resize({ width: 800, height: 600 });
  return model;
}

const nodeAt = (model: GraphModel, path: string): number =>
  model.hierarchy.nodes.findIndex((node) => node.kind === "module" && node.path === path);

/** Where the spine enters a box, on the screen. */
function spineOf(model: GraphModel, node: number): [x: number, y: number] {
  const rect = model.placed.value?.boxes.get(node) ?? { x: 0, y: 0, width: 0, height: 0 };
  const group = model.placed.value?.groups.find((each) => each.node === node);
  const seen = toScreen(model.viewpoint.camera.value, rect);
  return [seen.x + (group ? group.layout.anchor : rect.width / 2) * model.viewpoint.camera.value.zoom, seen.y];
}

describe("opening and closing", () => {
  test.each(["layer1.0", "layer2.1", "conv1"])("leaves %s where it is on the screen", (path) => {
    const model = modelOf();
    const node = nodeAt(model, path);
    const before = spineOf(model, node);
    model.toggle(node);
    expect(model.placed.value?.groups.some((group) => group.node === node)).toBe(true);
    expect(spineOf(model, node)).toEqual([expect.closeTo(before[0]), expect.closeTo(before[1])]);
    model.toggle(node);
    expect(spineOf(model, node)).toEqual([expect.closeTo(before[0]), expect.closeTo(before[1])]);
  });

  test("does nothing to operations and to the model itself", () => {
    const model = modelOf();
    const before = model.open.value;
    model.toggle(0);
    model.toggle(model.hierarchy.nodes.findIndex((node) => node.kind === "operation"));
    expect(model.open.value).toBe(before);
  });
});

test("all in a module is opened, and closed again without closing the module", () => {
  const model = modelOf(transformer(12));
  const fold = model.hierarchy.nodes.findIndex((node) => node.fold);
  model.setDepth(2);
  expect(model.hasOpenInside(fold)).toBe(false);
  model.setAllInside(fold, true);
  expect(model.open.value).toContain(nodeAt(model, "h.0.attn"));
  expect(model.open.value).toContain(nodeAt(model, "h.11.mlp"));
  expect(model.hasOpenInside(fold)).toBe(true);
  model.setAllInside(nodeAt(model, "h.5"), false);
  expect(model.hasOpenInside(fold)).toBe(false);
  expect(model.open.value).toContain(fold);
});

test("the depth stays between the first level and the operations", () => {
  const model = modelOf();
  model.setDepth(-3);
  expect(model.depth.value).toBe(1);
  expect([...model.open.value]).toEqual([0]);
  model.setDepth(99);
  expect(model.depth.value).toBe(model.hierarchy.maxDepth + 1);
  expect(model.open.value).toContain(nodeAt(model, "layer1.0.conv1"));
});

describe("selecting", () => {
  test("opens what is around a node and brings it into view", () => {
    const model = modelOf(transformer(40));
    const node = nodeAt(model, "h.39.attn.q");
    model.select(node);
    const rect = model.placed.value?.boxes.get(node);
    expect(rect && isInView(model.viewpoint.camera.value, rect, model.viewpoint.screen.value)).toBe(true);
    expect(selectedModule.value).toBe("h.39.attn.q");
  });

  test("an operation is no selection for the other views", () => {
    const model = modelOf();
    model.select(model.hierarchy.nodes.findIndex((node) => node.kind === "operation"));
    expect(model.selected.value).not.toBeNull();
    expect(selectedModule.value).toBeNull();
  });

  test("follows a path from the address, and ignores one that this model does not have", () => {
    const model = modelOf();
    model.selectPath("layer1.1");
    expect(model.selected.value).toBe(nodeAt(model, "layer1.1"));
    model.selectPath("no.such.module");
    expect(model.selected.value).toBe(nodeAt(model, "layer1.1"));
  });

  test("a panel that makes the canvas narrower does not push the selection out of sight", () => {
    const model = modelOf(chain(5));
    const node = model.hierarchy.groups.get(0)?.children.at(-1) ?? 0;
    model.select(node);
    model.resize({ width: 300, height: 600 });
    const rect = model.placed.value?.boxes.get(node);
    expect(rect && isInView(model.viewpoint.camera.value, rect, { width: 300, height: 600 })).toBe(true);
  });
});

test("chains show the blocks that findings are in, of several the worst one's, and not against a selection", () => {
  const shownBlock = (...paths: string[]): number | undefined => {
    const model = modelOf(transformer(12));
    model.showInstancesOf(paths.map((path) => nodeAt(model, path)));
    return model.chosen.value.get(model.hierarchy.nodes.findIndex((node) => node.fold));
  };
  expect(shownBlock("h.7.attn", "h.2.mlp")).toBe(7);
  expect(shownBlock("h.0.mlp", "h.7.attn")).toBe(0);
  expect(shownBlock()).toBeUndefined();
  const model = modelOf(transformer(12));
  model.select(nodeAt(model, "h.3.attn"));
  model.showInstancesOf([nodeAt(model, "h.7.attn")]);
  expect([...model.chosen.value.values()]).toEqual([3]);
});
