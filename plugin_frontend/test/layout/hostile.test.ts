import { describe, expect, test } from "vitest";
import type { GraphAnswer } from "../../src/api/types";
import { buildHierarchy } from "../../src/layout/hierarchy";
import { Arranger, countShown, openingSet } from "../../src/layout/scene";
import { textWidth } from "../../src/layout/sizes";
import { crossingOf } from "../../src/views/graph/facts";
import { nodeKeys } from "../../src/views/graph/node_keys";
import { safeName } from "../../src/views/graph/paint_text";
import { findNodes } from "../../src/views/graph/search";
import { GraphBuilder, resNet, transformer } from "./graphs";
import { expectSound } from "./invariants";

/** What the page does with a graph, from the answer to what can be asked of each node. */
function showAll(graph: GraphAnswer): void {
  const hierarchy = buildHierarchy(graph);
  const arranger = new Arranger(hierarchy);
  expectSound(hierarchy, arranger.arrange(openingSet(hierarchy)));
  expectSound(hierarchy, arranger.arrange(new Set(hierarchy.groups.keys())));
  for (const id of hierarchy.nodes.keys()) crossingOf(graph, hierarchy, id);
  expect(nodeKeys(hierarchy)).toHaveLength(hierarchy.nodes.length);
  findNodes(graph, hierarchy, "8x128 x");
  expect(countShown(hierarchy, openingSet(hierarchy))).toBeGreaterThanOrEqual(0);
}

function broken(change: (graph: GraphAnswer) => void): GraphAnswer {
  const graph = structuredClone(transformer(4));
  change(graph);
  return graph;
}

describe("a graph is shown as far as it makes sense where", () => {
  test.each<[string, (graph: GraphAnswer) => void]>([
    [
      "modules hold each other",
      ({ scopes }) => scopes.parent.splice(0, scopes.parent.length, ...scopes.parent.map((_, i) => i + 1)),
    ],
    [
      "modules hold themselves",
      ({ scopes }) => scopes.parent.splice(0, scopes.parent.length, ...scopes.parent.map((_, i) => i)),
    ],
    [
      "operations read each other in a circle",
      ({ operations }) => operations.sources.splice(0, 6, [1], [2], [3], [4], [5], [0]),
    ],
    [
      "sources and outputs are not there",
      (graph) => {
        graph.operations.sources[3] = [99_999, -99, Number.NaN];
        graph.outputs.push({ name: "y", type: 77, source: 123_456 });
      },
    ],
    [
      "operations ran in modules that are not there",
      ({ operations }) => operations.scope.splice(0, 3, 4000, -1, Number.NaN),
    ],
    [
      "types and parameters are not there",
      (graph) => {
        graph.types = [];
        graph.operations.parameters[0] = [500];
        graph.parameters.push({ name: "x", aliases: [], type: 9999, frozen: false, buffer: false });
      },
    ],
    [
      "columns are too short",
      ({ scopes, operations }) => {
        for (const column of [
          scopes.type,
          scopes.call,
          scopes.parameters,
          scopes.training,
          operations.outputs,
          operations.flops,
        ])
          column.length = 1;
      },
    ],
    [
      "all names are empty, or the same",
      ({ scopes, operations }) => {
        scopes.path.fill("");
        operations.name.fill("");
      },
    ],
    [
      "names are hostile",
      ({ scopes, operations }) => {
        scopes.path.fill('<img src=x onerror="alert(1)">', 1);
        operations.name.fill("\u202eevil\u0000\n");
      },
    ],
  ])("%s", (_, change) => {
    showAll(broken(change));
  });
});

test("a name of a megabyte costs no more than a long one, and is cut in its middle", () => {
  const name = `${"a".repeat(1_000_000)}z`;
  expect(textWidth(name, 12)).toBe(textWidth(name.slice(0, 300), 12));
  expect(safeName(name)).toHaveLength(301);
  expect(safeName(name).endsWith("az")).toBe(true);
  const graph = new GraphBuilder(name);
  graph.output(name, graph.layer(name, name, name, graph.input(name)));
  showAll(graph.build());
});

test("nothing at all is a picture of nothing", () => {
  showAll(new GraphBuilder("").build());
  showAll({
    ...resNet(1),
    mode: "modules",
    operations: { name: [], scope: [], sources: [], outputs: [], parameters: [], flops: [] },
  });
});
