import { describe, expect, test } from "vitest";
import type { GraphAnswer } from "../../src/api/types";
import { buildHierarchy, type Hierarchy } from "../../src/layout/hierarchy";
import { Arranger, countShown, openingDepth, openToDepth } from "../../src/layout/scene";
import { chain, GraphBuilder, nest, resNet, tangle, transformer } from "./graphs";
import { boxAt, expectSound } from "./invariants";

const allOpen = (hierarchy: Hierarchy): Set<number> => new Set(hierarchy.groups.keys());
const nodeAt = (hierarchy: Hierarchy, path: string): number =>
  hierarchy.nodes.findIndex((node) => node.kind === "module" && node.path === path);

function layoutOf(hierarchy: Hierarchy, path: string, open = allOpen(hierarchy)) {
  const scene = new Arranger(hierarchy).arrange(open);
  const layout = scene.layouts[scene.layoutOf.get(nodeAt(hierarchy, path)) ?? -1];
  const group = hierarchy.groups.get(nodeAt(hierarchy, path));
  if (!layout || !group) throw new Error(`nothing is open at ${path}`);
  const middle = (name: string): number => {
    const box = boxAt(
      layout,
      group.children.findIndex((child) => hierarchy.nodes[child]?.name === name),
    );
    return box.x + box.width / 2;
  };
  return { layout, group, middle };
}

describe("every scene", () => {
  test.each([
    ["a ResNet", resNet(3)],
    ["a transformer", transformer(12)],
    ["a transformer of one block", transformer(1)],
    ["a chain of 2,000 layers", chain(2000)],
    ["300 levels of modules", nest(300)],
    ["a tangle of operations", tangle(300, 2)],
    ["a model without operations", new GraphBuilder().build()],
  ])("%s is sound at each depth and all open", (_, graph) => {
    const hierarchy = buildHierarchy(graph);
    const arranger = new Arranger(hierarchy);
    for (let depth = 1; depth <= Math.min(hierarchy.maxDepth, 3); depth += 1) {
      expectSound(hierarchy, arranger.arrange(openToDepth(hierarchy, depth)));
    }
    expectSound(hierarchy, arranger.arrange(allOpen(hierarchy)));
  });
});

describe("a residual block", () => {
  test("stands on one straight spine, and its identity is a detour at the left of all boxes", () => {
    const { layout, group, middle } = layoutOf(buildHierarchy(resNet(2)), "layer1.1");
    for (const name of ["conv1", "bn1", "conv2", "add", "relu"]) expect(middle(name)).toBeCloseTo(layout.anchor, 3);
    const detours = layout.paths.filter((path) => path.kind === "detour");
    expect(detours).toHaveLength(1);
    const lane = Math.min(...(detours[0]?.points ?? []).filter((_, index) => index % 2 === 0));
    for (const child of group.children.keys()) expect(lane).toBeLessThan(boxAt(layout, child).x);
  });

  test("with a downsampling branch has the branch beside the spine and no detour", () => {
    const { layout, middle } = layoutOf(buildHierarchy(resNet(2)), "layer1.0");
    expect(middle("downsample")).not.toBeCloseTo(layout.anchor, 0);
    expect(layout.paths.every((path) => path.kind === "flow")).toBe(true);
  });
});

test("an edge that passes several ranks beside the spine runs straight down", () => {
  const graph = new GraphBuilder();
  const x = graph.input("x");
  const short = graph.layer("skip", "Conv2d", "convolution", x);
  let long: number = graph.layer("first", "Conv2d", "convolution", x);
  for (const name of ["a_rather_long_name_for_a_layer", "b", "another_long_name", "d"]) {
    long = graph.layer(name, "BatchNorm2d", "native_batch_norm", long);
  }
  graph.output("y", graph.operation("add", [long, short]));
  const { layout, group, middle } = layoutOf(buildHierarchy(graph.build()), "", new Set());
  const skip = group.children.indexOf(1);
  const path = layout.paths[group.edges.findIndex((edge) => edge.from === skip)];
  const columns = [...(path?.points ?? [])].filter((_, index) => index % 2 === 0);
  expect(columns.slice(0, -2)).toEqual(columns.slice(0, -2).map(() => middle("skip")));
  expect(columns.at(-1)).not.toBe(middle("skip"));
});

/** Blocks of different classes, so that nothing folds. */
function maskedBlocks(blocks: number): GraphAnswer {
  const graph = new GraphBuilder();
  let x = graph.input("x");
  const mask = graph.input("mask");
  for (let block = 0; block < blocks; block += 1) {
    const input = x;
    x = graph.module(`h${block}`, `Block${block}`, () => graph.operation("mul", [input, mask]));
  }
  return graph.build();
}

describe("attention", () => {
  test("has q, k and v side by side with k on the spine", () => {
    const { layout, middle } = layoutOf(buildHierarchy(transformer(2)), "h.1.attn");
    expect(middle("k")).toBeCloseTo(layout.anchor, 3);
    expect(middle("q") - layout.anchor).toBeCloseTo(layout.anchor - middle("v"), 3);
    expect(middle("q")).toBeLessThan(middle("v"));
  });

  test("a mask that twelve blocks read is one edge and eleven chips; eight readers have edges", () => {
    const kinds = (blocks: number): string[] => {
      const { layout, group } = layoutOf(buildHierarchy(maskedBlocks(blocks)), "");
      const mask = group.edges.map((edge) => edge.from === 1);
      return layout.paths.filter((_, edge) => mask[edge]).map((path) => path.kind);
    };
    expect(kinds(12).filter((kind) => kind === "chip")).toHaveLength(11);
    expect(kinds(8)).not.toContain("chip");
  });
});

test("a cycle that folding makes is drawn as one line that goes back", () => {
  const graph = new GraphBuilder();
  const first = graph.module("a", "A", () => graph.operation("sin", [graph.input("x")]));
  const second = graph.module("b", "B", () => graph.operation("cos", [first]));
  graph.build().operations.scope[graph.operation("tan", [second])] = 1;
  const hierarchy = buildHierarchy(graph.build());
  const scene = new Arranger(hierarchy).arrange(new Set());
  expectSound(hierarchy, scene);
  expect(scene.layouts[0]?.paths.map((path) => path.kind).sort()).toEqual(["back", "flow", "flow"]);
});

describe("sharing", () => {
  test("equal blocks have one layout between them", () => {
    const hierarchy = buildHierarchy(transformer(10));
    const arranger = new Arranger(hierarchy);
    const scene = arranger.arrange(allOpen(hierarchy));
    expect(scene.layouts.length).toBeLessThan(15);
    const fold = hierarchy.nodes.findIndex((node) => node.fold);
    const layouts = Array.from({ length: 10 }, (_, block) => {
      const { layoutOf: shown, layouts: made } = arranger.arrange(allOpen(hierarchy), new Map([[fold, block]]));
      return made[shown.get(fold) ?? -1];
    });
    expect(new Set(layouts).size).toBe(1);
  });

  test("opening a module inside one block changes that block's layout and no other's", () => {
    const hierarchy = buildHierarchy(resNet(2));
    const arranger = new Arranger(hierarchy);
    const open = openToDepth(hierarchy, 3);
    const before = arranger.arrange(open);
    const after = arranger.arrange(new Set([...open, nodeAt(hierarchy, "layer1.1.conv1")]));
    const of = (scene: typeof before, path: string) => scene.layouts[scene.layoutOf.get(nodeAt(hierarchy, path)) ?? -1];
    expect(of(after, "layer1.0")).toBe(of(before, "layer1.0"));
    expect(of(after, "layer1.1")).not.toBe(of(before, "layer1.1"));
  });
});

describe("depth", () => {
  test("opens modules that hold modules, and those that don't only beyond the deepest level", () => {
    const hierarchy = buildHierarchy(resNet(2));
    expect(openToDepth(hierarchy, hierarchy.maxDepth)).not.toContain(nodeAt(hierarchy, "conv1"));
    expect(openToDepth(hierarchy, hierarchy.maxDepth + 1)).toContain(nodeAt(hierarchy, "conv1"));
  });

  test("opens at the deepest level of at most 30 boxes, and at the first where even that has more", () => {
    const hierarchy = buildHierarchy(resNet(2));
    const depth = openingDepth(hierarchy);
    expect(countShown(hierarchy, openToDepth(hierarchy, depth))).toBeLessThanOrEqual(30);
    expect(countShown(hierarchy, openToDepth(hierarchy, depth + 1))).toBeGreaterThan(30);
    expect(openingDepth(buildHierarchy(maskedBlocks(40)))).toBe(1);
  });

  test("what is open inside a closed module is not shown", () => {
    const hierarchy = buildHierarchy(resNet(2));
    const scene = new Arranger(hierarchy).arrange(new Set([nodeAt(hierarchy, "layer1.0")]));
    expect([...scene.layoutOf.keys()]).toEqual([0]);
  });
});

describe("size", () => {
  test("20,000 operations in blocks need few layouts", () => {
    const graph = transformer(1200);
    expect(graph.operations.name.length).toBeGreaterThan(20_000);
    const hierarchy = buildHierarchy(graph);
    const scene = new Arranger(hierarchy).arrange(allOpen(hierarchy));
    expect(scene.layouts.length).toBeLessThan(20);
  });

  test("20,000 operations without structure: the lines' corners stay a multiple of the operations", () => {
    const hierarchy = buildHierarchy(tangle(20_000, 2));
    const scene = new Arranger(hierarchy).arrange(new Set());
    const corners = scene.layouts[0]?.paths.reduce((sum, path) => sum + path.points.length / 2, 0) ?? 0;
    expect(corners).toBeLessThan(20 * 20_000);
  });
});
