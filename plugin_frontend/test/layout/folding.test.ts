import { describe, expect, test } from "vitest";
import type { GraphAnswer, Source } from "../../src/api/types";
import { buildHierarchy, type Hierarchy } from "../../src/layout/hierarchy";
import { findRepeats } from "../../src/layout/repeats";
import { Arranger, countShown, openingSet } from "../../src/layout/scene";
import { GraphBuilder, resNet, tangle, transformer } from "./graphs";
import { expectSound } from "./invariants";

const foldsOf = (hierarchy: Hierarchy) =>
  hierarchy.nodes.flatMap(({ fold, name, path, parent }) =>
    fold && (parent >= 0 || name === "") ? [{ name, path, kind: fold.kind, count: fold.instances.length }] : [],
  );

const allOpen = (hierarchy: Hierarchy): Set<number> => new Set(hierarchy.groups.keys());

/** Experts that all read the same, their outputs summed one after the other. */
function mixture(experts: number): GraphAnswer {
  const graph = new GraphBuilder("Mixture");
  const x = graph.input("x");
  const gate = graph.layer("gate", "Linear", "addmm", x);
  let sum: Source = graph.operation("zeros_like", [x]);
  for (let expert = 0; expert < experts; expert += 1) {
    // Each gets another number of tokens.
    const share = graph.operation("eq", [gate], [expert + 1]);
    const output = graph.layer(`experts.${expert}`, "Expert", "addmm", x, [expert + 1, 16]);
    sum = graph.operation("add", [sum, graph.operation("mul", [share, output])]);
  }
  graph.output("y", sum);
  return graph.build();
}

describe("repeats", () => {
  const all = () => true;
  test.each([
    [[1, 1, 1], [{ start: 0, period: 1, count: 3 }]],
    [[1, 1], []],
    [[7, 1, 2, 1, 2, 1, 2, 9], [{ start: 1, period: 2, count: 3 }]],
    [
      [1, 1, 1, 2, 2, 2, 2],
      [
        { start: 0, period: 1, count: 3 },
        { start: 3, period: 1, count: 4 },
      ],
    ],
    [[1, 2, 3, 1, 2, 3, 1, 2], []],
    [[], []],
  ])("in %j are %j", (list, expected) => {
    expect(findRepeats(list, all)).toEqual(expected);
  });
});

describe("a chain of equal blocks", () => {
  const hierarchy = buildHierarchy(transformer(12));
  const fold = hierarchy.nodes.findIndex((node) => node.fold);

  test("is one box named after its container, with its blocks' own names in it", () => {
    expect(foldsOf(hierarchy)).toEqual([{ name: "h", path: "h", kind: "chain", count: 12 }]);
    expect(hierarchy.nodes[fold]?.fold?.labels.slice(-2)).toEqual(["10", "11"]);
    expect(hierarchy.nodes[fold]?.type).toBe("Block");
    expect(hierarchy.nodes[fold]?.operations).toBe(
      12 * (hierarchy.nodes[hierarchy.nodes[fold]?.children[0] ?? -1]?.operations ?? 0),
    );
  });

  test("shows any one of its blocks in the same place", () => {
    const arranger = new Arranger(hierarchy);
    const scenes = [0, 5, 11].map((block) => arranger.arrange(allOpen(hierarchy), new Map([[fold, block]])));
    for (const scene of scenes) {
      expectSound(hierarchy, scene);
      expect(scene.layouts[scene.layoutOf.get(fold) ?? -1]).toBe(
        scenes[0]?.layouts[scenes[0].layoutOf.get(fold) ?? -1],
      );
    }
    expect(scenes.map((scene) => hierarchy.nodes[scene.contentOf.get(fold) ?? -1]?.path)).toEqual([
      "h.0",
      "h.5",
      "h.11",
    ]);
  });

  test("counts as what is shown of it", () => {
    expect(countShown(hierarchy, openingSet(hierarchy))).toBeLessThanOrEqual(30);
    expect(openingSet(hierarchy)).toContain(fold);
  });

  test("of two is no chain, and neither are blocks of different widths", () => {
    expect(foldsOf(buildHierarchy(transformer(2)))).toEqual([]);
    const graph = new GraphBuilder();
    let x: Source = graph.input("x");
    for (const [layer, width] of [8, 16, 32].entries()) {
      const weight = graph.parameter(`fc.${layer}.weight`, [width, width]);
      const input: Source = x;
      x = graph.module(`fc.${layer}`, "Linear", () => graph.operation("addmm", [input], [8], [weight]));
    }
    expect(foldsOf(buildHierarchy(graph.build()))).toEqual([]);
  });
});

test("a module that holds only a chain is the chain", () => {
  const graph = new GraphBuilder();
  let x: Source = graph.input("x");
  x = graph.module("body", "Sequential", () => {
    let y = x;
    for (let layer = 0; layer < 4; layer += 1) y = graph.layer(`body.${layer}`, "Linear", "addmm", y);
    return y;
  });
  graph.output("y", x);
  const hierarchy = buildHierarchy(graph.build());
  const body = hierarchy.nodes[1];
  expect(body?.fold?.instances).toEqual([2, 3, 4, 5]);
  expect(body?.fold?.kind).toBe("chain");
  expect(body?.kind).toBe("module");
  expectSound(hierarchy, new Arranger(hierarchy).arrange(allOpen(hierarchy), new Map([[1, 2]])));
});

test("a module that holds only equal branches is the stack of them", () => {
  const graph = new GraphBuilder();
  const x = graph.input("x");
  const branches = graph.module("heads", "Heads", () =>
    [0, 1, 2, 3].map((head) => graph.layer(`heads.${head}`, "Linear", "addmm", x)),
  );
  graph.output("y", graph.operation("cat", branches));
  expect(buildHierarchy(graph.build()).nodes[1]?.fold).toMatchObject({ kind: "parallel", instances: [2, 3, 4, 5] });
});

test("the first block of a stage that differs stays beside the chain of the others", () => {
  expect(foldsOf(buildHierarchy(resNet(4)))).toEqual([
    { name: "1–3", path: "", kind: "chain", count: 3 },
    { name: "1–3", path: "", kind: "chain", count: 3 },
  ]);
});

test("experts are parallel, whatever the number of their tokens, although their sum goes from one to the next", () => {
  const hierarchy = buildHierarchy(mixture(8));
  expect(foldsOf(hierarchy)).toEqual([{ name: "experts", path: "experts", kind: "parallel", count: 8 }]);
  expectSound(hierarchy, new Arranger(hierarchy).arrange(allOpen(hierarchy)));
});

test("one module called again and again is a fold of calls", () => {
  const graph = new GraphBuilder();
  let x: Source = graph.input("x");
  for (let call = 0; call < 6; call += 1) x = graph.layer("cell", "Cell", "addmm", x);
  graph.output("y", x);
  expect(foldsOf(buildHierarchy(graph.build()))).toMatchObject([{ name: "cell", kind: "calls", count: 6 }]);
});

test("query, key and value stay three boxes", () => {
  const graph = new GraphBuilder();
  const x = graph.input("x");
  for (const name of ["query", "key", "value"]) graph.layer(name, "Linear", "addmm", x);
  expect(foldsOf(buildHierarchy(graph.build()))).toEqual([]);
});

test("thousands of operations without modules are cut into parts that can be looked into", () => {
  const hierarchy = buildHierarchy(tangle(5000, 2));
  expect(hierarchy.groups.get(0)?.children.length).toBeLessThan(40);
  const widest = Math.max(...[...hierarchy.groups.values()].map((group) => group.children.length));
  expect(widest).toBeLessThan(300);
  expectSound(hierarchy, new Arranger(hierarchy).arrange(allOpen(hierarchy)));
});
