import { describe, expect, test } from "vitest";
import type { Source } from "../../src/api/types";
import { buildHierarchy } from "../../src/layout/hierarchy";
import { Arranger, openToDepth } from "../../src/layout/scene";
import { membersOf, terminalRuns } from "../../src/layout/terminals";
import { crossingOf } from "../../src/views/graph/facts";
import { wayBetween } from "../../src/views/graph/paths";
import { GraphBuilder } from "./graphs";
import { expectSound } from "./invariants";

test.each<[string[], string[]]>([
  [
    ["ids", "mask"],
    ["ids", "mask"],
  ],
  [
    ["x0", "x1", "x2"],
    ["x0", "x1", "x2"],
  ],
  [["x0", "x1", "x2", "x3"], ["x × 4"]],
  [
    ["ids", "past[0][0]", "past[0][1]", "past[1][0]", "past[1][1]", "mask"],
    ["ids", "past × 4", "mask"],
  ],
  [
    ["cache.layers[0].keys", "cache.layers[0].values", "cache.layers[1].keys", "cache.layers[1].values"],
    ["cache.layers × 4"],
  ],
  [
    ["a.0", "a.1", "a.2", "b.3", "a.4"],
    ["a.0", "a.1", "a.2", "b.3", "a.4"],
  ],
  [["0", "1", "2", "3"], ["× 4"]],
  [[], []],
])("%j are shown as %j", (names, shown) => {
  const runs = terminalRuns(names);
  expect(runs.map(({ name }) => name)).toEqual(shown);
  expect(runs.flatMap(membersOf)).toEqual([...names.keys()]);
});

/** Blocks that each read a part of a cache and return a new one. */
function cached(blocks: number) {
  const graph = new GraphBuilder("Cached");
  let x: Source = graph.input("ids");
  const past = Array.from({ length: blocks }, (_, block) => graph.input(`past[${block}]`));
  const kept: Source[] = [];
  for (let block = 0; block < blocks; block += 1) {
    const input = x;
    x = graph.module(`h.${block}`, "Block", () => {
      const key = graph.operation("cat", [past[block] ?? null, input]);
      kept.push(key);
      return graph.operation("addmm", [key]);
    });
  }
  graph.output("logits", x);
  kept.forEach((key, block) => {
    graph.output(`cache[${block}]`, key);
  });
  return graph.build();
}

describe("a cache of keys and values", () => {
  const graph = cached(12);
  const hierarchy = buildHierarchy(graph);
  const named = (name: string): number => hierarchy.nodes.findIndex((node) => node.name === name);

  test("is one input and one output", () => {
    const names = hierarchy.groups.get(0)?.children.map((child) => hierarchy.nodes[child]?.name);
    expect(names).toEqual(["ids", "past × 12", "h", "logits", "cache × 12"]);
    for (const depth of [1, 2, 3]) {
      expectSound(hierarchy, new Arranger(hierarchy).arrange(openToDepth(hierarchy, depth)));
    }
  });

  test("has all its tensors behind it, and a way leads from each", () => {
    expect(crossingOf(graph, hierarchy, named("past × 12")).leaving).toHaveLength(12);
    expect(crossingOf(graph, hierarchy, named("cache × 12")).entering).toHaveLength(12);
    const way = wayBetween(hierarchy, named("past × 12"), named("cache × 12"));
    // The twelve inputs and the twelve operations that join them to what is new.
    expect([...(way?.values ?? [])].filter((value) => value < 0)).toHaveLength(12);
    expect(way?.nodes.has(named("h"))).toBe(true);
  });
});
