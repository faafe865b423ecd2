import { expect, test } from "vitest";
import { buildHierarchy, type Hierarchy } from "../../../src/layout/hierarchy";
import { wayBetween } from "../../../src/views/graph/paths";
import { GraphBuilder, transformer } from "../../layout/graphs";

const node = (hierarchy: Hierarchy, path: string): number =>
  hierarchy.nodes.findIndex((each) => each.kind === "module" && each.path === path);

/** x → a → b → d → y, and x → c → d; e hangs on a and leads nowhere. */
function diamond() {
  const graph = new GraphBuilder();
  const x = graph.input("x");
  const a = graph.layer("a", "A", "sin", x);
  const b = graph.layer("b", "B", "cos", a);
  const c = graph.layer("c", "C", "tan", x);
  graph.layer("e", "E", "exp", a);
  graph.output(
    "y",
    graph.module("d", "D", () => graph.operation("add", [b, c])),
  );
  return buildHierarchy(graph.build());
}

test("a way holds what lies between and nothing else", () => {
  const hierarchy = diamond();
  const way = wayBetween(hierarchy, node(hierarchy, "a"), node(hierarchy, "d"));
  expect([...(way?.values ?? [])].sort()).toEqual([0, 1]);
  const onWay = ["a", "b", "c", "d", "e"].filter((path) => way?.nodes.has(node(hierarchy, path)));
  expect(onWay).toEqual(["a", "b", "d"]);
});

test("all ways from an input to an output, in whichever order they are given", () => {
  const hierarchy = diamond();
  const input = hierarchy.nodes.findIndex((each) => each.kind === "input");
  const output = hierarchy.nodes.findIndex((each) => each.kind === "output");
  const way = wayBetween(hierarchy, output, input);
  expect([...(way?.values ?? [])].sort((p, q) => p - q)).toEqual([-1, 0, 1, 2, 4]);
  expect(way?.from).toBe(input);
});

test("there is none between two branches", () => {
  const hierarchy = diamond();
  expect(wayBetween(hierarchy, node(hierarchy, "b"), node(hierarchy, "c"))).toBeNull();
});

test("from one block of a chain to another it passes those between them", () => {
  const hierarchy = buildHierarchy(transformer(5));
  const way = wayBetween(hierarchy, node(hierarchy, "h.1"), node(hierarchy, "h.3"));
  expect(["h.0", "h.1", "h.2", "h.3", "h.4"].filter((path) => way?.nodes.has(node(hierarchy, path)))).toEqual([
    "h.1",
    "h.2",
    "h.3",
  ]);
});
