import { describe, expect, test } from "vitest";
import { buildHierarchy } from "../../../src/layout/hierarchy";
import { findNodes, wordsOf } from "../../../src/views/graph/search";
import { GraphBuilder, transformer } from "../../layout/graphs";

const graph = transformer(3);
const hierarchy = buildHierarchy(graph);
const find = (query: string): string[] =>
  findNodes(graph, hierarchy, query).map((id) => `${hierarchy.nodes[id]?.path} ${hierarchy.nodes[id]?.name}`);

describe("nodes are found", () => {
  test.each([
    ["by path", "h.1.attn.q", ["h.1.attn.q q", "h.1.attn.q addmm"]],
    ["by class, whatever the case", "EMBEDDING wte", ["wte wte", "wte embedding"]],
    ["by operation", "aten.gelu h.2", ["h.2.mlp gelu"]],
    ["by nothing that is there", "no such thing", []],
    ["not at all without a word", "  ", []],
  ])("%s: %s", (_, query, expected) => {
    expect(find(query)).toEqual(expected);
  });

  test("by the shape of what an operation gives, however it is written", () => {
    const shaped = new GraphBuilder();
    shaped.operation("mul", [shaped.input("x")], [8, 128, 64]);
    shaped.operation("add", [0], [18, 128, 64]);
    const tree = buildHierarchy(shaped.build());
    for (const query of ["8x128x64", "8 × 128 × 64", "[8, 128, 64]", "8,128"]) {
      expect(findNodes(shaped.build(), tree, query).map((id) => tree.nodes[id]?.name)).toEqual(["mul"]);
    }
  });

  test("and no more than can be listed", () => {
    const many = transformer(300);
    expect(findNodes(many, buildHierarchy(many), "h").length).toBe(500);
  });
});

test("a shape is one word among others", () => {
  expect(wordsOf("Linear 64 x 32")).toEqual(["linear", "×64×32×"]);
});
