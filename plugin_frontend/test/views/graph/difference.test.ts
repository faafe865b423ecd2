import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { GraphAnswer } from "../../../src/api/types";
import { buildHierarchy } from "../../../src/layout/hierarchy";
import { mirror } from "../../../src/views/graph/beside";
import { differences } from "../../../src/views/graph/difference";
import { GraphModel } from "../../../src/views/graph/model";
import { nodeKeys } from "../../../src/views/graph/node_keys";
import { chain, GraphBuilder, resNet, transformer } from "../../layout/graphs";

function differing(graph: GraphAnswer, other: GraphAnswer): Record<string, string> {
  const hierarchy = buildHierarchy(graph);
  const keys = nodeKeys(hierarchy);
  const found = differences(graph, hierarchy, { graph: other, hierarchy: buildHierarchy(other) });
  return Object.fromEntries([...found].map(([id, difference]) => [keys[id] ?? "", difference]));
}

function pair(width: number, extra: boolean): GraphAnswer {
  const graph = new GraphBuilder();
  const x = graph.layer("a", "Linear", "addmm", graph.input("x"));
  let y: number = graph.module("body", "Body", () => graph.layer("body.b", "Linear", "addmm", x, [8, width]));
  if (extra) y = graph.layer("c", "Dropout", "mul", y, [8, width]);
  graph.output("y", y);
  return graph.build();
}

describe("two graphs", () => {
  test("that are alike differ in nothing", () => {
    expect(differing(resNet(2), resNet(2))).toEqual({});
  });

  test("differ in a module that only one of them has", () => {
    expect(differing(pair(16, true), pair(16, false))).toEqual({ c: "only_here", "c/0": "only_here" });
    expect(differing(pair(16, false), pair(16, true))).toEqual({});
  });

  test("differ in a shape, and so in all that is around it", () => {
    expect(differing(pair(16, false), pair(32, false))).toEqual({
      "body.b/0": "changed",
      "body.b": "changed",
      body: "changed",
    });
  });
});

test("names of nodes are unique, those of operations and of later calls too", () => {
  for (const graph of [resNet(2), transformer(3), chain(4)]) {
    const hierarchy = buildHierarchy(graph);
    const names = nodeKeys(hierarchy).filter((key, id) => key !== "" && (hierarchy.nodes[id]?.parent ?? -1) >= 0);
    expect(new Set(names).size).toBe(names.length);
  }
});

describe("side by side", () => {
  beforeEach(() => vi.stubGlobal("matchMedia", () => ({ matches: true })));
  afterEach(() => vi.unstubAllGlobals());

  test("what is opened, chosen and selected in one is so in the other, and one camera moves both", () => {
    const a = new GraphModel(transformer(4));
    const b = new GraphModel(transformer(6), a);
    const stop = mirror(a, b);
    const node = (model: GraphModel, path: string) => model.nodeOf(path);
    const fold = (model: GraphModel) => model.hierarchy.nodes.findIndex((each) => each.fold);
    a.select(node(a, "h.2.attn"));
    expect(b.selected.value).toBe(node(b, "h.2.attn"));
    expect(b.chosen.value.get(fold(b))).toBe(2);
    b.toggle(node(b, "h.2.attn"));
    expect(a.open.value.has(node(a, "h.2.attn"))).toBe(b.open.value.has(node(b, "h.2.attn")));
    b.choose(fold(b), 5);
    expect(a.chosen.value.get(fold(a))).toBe(2);
    a.viewpoint.camera.value = { x: 1, y: 2, zoom: 3 };
    expect(b.viewpoint.camera.value.zoom).toBe(3);
    stop();
    a.select(node(a, "wte"));
    expect(b.selected.value).not.toBe(node(b, "wte"));
  });
});
