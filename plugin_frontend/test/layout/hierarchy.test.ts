import { describe, expect, test } from "vitest";
import type { GraphAnswer } from "../../src/api/types";
import { buildHierarchy, type Hierarchy } from "../../src/layout/hierarchy";
import { chain, GraphBuilder, nest, resNet, transformer } from "./graphs";

/** Edges of the module at a path, by names: "a>b", with "slot0" and "out" for its borders. */
function edgesIn(hierarchy: Hierarchy, path: string): string[] {
  const id = hierarchy.nodes.findIndex((node) => node.kind === "module" && node.path === path);
  const group = hierarchy.groups.get(id) ?? { children: [], slots: 0, edges: [] };
  const names = [
    ...group.children.map((child) => hierarchy.nodes[child]?.name),
    ...Array.from({ length: group.slots }, (_, slot) => `slot${slot}`),
    "out",
  ];
  return group.edges.map((edge) => `${names[edge.from]}>${names[edge.to]}`).sort();
}

describe("the tree of boxes", () => {
  test("a module's children are its calls and drawn operations, in execution order", () => {
    const hierarchy = buildHierarchy(resNet(1));
    const names = hierarchy.groups.get(0)?.children.map((child) => hierarchy.nodes[child]?.name);
    expect(names).toEqual(["x", "conv1", "relu", "layer1", "layer2", "mean", "fc", "logits"]);
  });

  test("a name is the path within the parent; a module called from elsewhere keeps its whole path", () => {
    const graph = new GraphBuilder();
    const x = graph.input("x");
    graph.module("encoder", "Encoder", () => {
      graph.layer("encoder.0.proj", "Linear", "addmm", x);
      graph.layer("shared", "Linear", "addmm", x);
    });
    const names = buildHierarchy(graph.build()).nodes.map((node) => node.name);
    expect(names).toEqual(expect.arrayContaining(["encoder", "0.proj", "shared"]));
  });

  test("operations and FLOPs count upwards, those that are not drawn included", () => {
    const graph = transformer(2);
    const root = buildHierarchy(graph).nodes[0];
    expect(root?.operations).toBe(graph.operations.name.length);
    expect(root?.flops).toBe(graph.operations.flops.reduce((sum, flops) => sum + flops, 0));
  });

  test("without operations every module call is drawn, without edges", () => {
    const graph: GraphAnswer = { ...resNet(1), mode: "modules", inputs: [], outputs: [] };
    graph.operations = { name: [], scope: [], sources: [], outputs: [], parameters: [], flops: [] };
    const hierarchy = buildHierarchy(graph);
    const names = hierarchy.groups.get(0)?.children.map((child) => hierarchy.nodes[child]?.name);
    expect(names).toEqual(["conv1", "relu", "layer1", "layer2", "fc"]);
    expect(hierarchy.groups.get(0)?.edges).toEqual([]);
  });

  test("a module in which nothing ran is in the tree but not in the picture", () => {
    const graph = new GraphBuilder();
    const x = graph.input("x");
    graph.module("dropout", "Dropout", () => x);
    graph.output("y", graph.layer("fc", "Linear", "addmm", x));
    const hierarchy = buildHierarchy(graph.build());
    const dropout = hierarchy.nodes.findIndex((node) => node.path === "dropout");
    expect(hierarchy.nodes[0]?.children).toContain(dropout);
    expect(hierarchy.groups.get(0)?.children).not.toContain(dropout);
  });

  test("an empty graph is a root with nothing in it", () => {
    const graph = new GraphBuilder().build();
    graph.scopes = { path: [], type: [], parent: [], call: [], parameters: [], training: [] };
    expect(buildHierarchy(graph).groups.get(0)).toEqual({ children: [], slots: 0, edges: [] });
  });

  test("2,000 levels of modules", () => {
    expect(buildHierarchy(nest(2000)).maxDepth).toBe(2000);
  });
});

describe("edges", () => {
  test("a flow is drawn at the lowest common ancestor and through each border", () => {
    const hierarchy = buildHierarchy(resNet(2));
    expect(edgesIn(hierarchy, "")).toEqual([
      "conv1>relu",
      "fc>logits",
      "layer1>layer2",
      "layer2>mean",
      "mean>fc",
      "relu>layer1",
      "x>conv1",
    ]);
    expect(edgesIn(hierarchy, "layer1")).toEqual(["0>1", "1>out", "slot0>0"]);
  });

  test("an identity path is drawn inside its block, from the slot to the addition", () => {
    expect(edgesIn(buildHierarchy(resNet(2)), "layer1.1")).toEqual(
      ["add>relu", "bn1>conv2", "conv1>bn1", "conv2>add", "relu>out", "slot0>add", "slot0>conv1"].sort(),
    );
  });

  test("each source outside has one slot, and values along the same way share an edge", () => {
    const hierarchy = buildHierarchy(transformer(1));
    expect(edgesIn(hierarchy, "h.0.attn")).toEqual(
      [
        "k>scaled_dot_product_attention",
        "proj>out",
        "q>scaled_dot_product_attention",
        "scaled_dot_product_attention>proj",
        "slot1>k",
        "slot1>q",
        "slot1>v",
        "slot0>scaled_dot_product_attention",
        "v>scaled_dot_product_attention",
      ].sort(),
    );
  });

  test("edges from two operations of one module to another merge, and keep both values", () => {
    const graph = new GraphBuilder();
    const x = graph.input("x");
    const pair = graph.module("a", "Pair", () => [graph.operation("sin", [x]), graph.operation("cos", [x])]);
    graph.module("b", "Sum", () => graph.operation("add", pair));
    const merged = buildHierarchy(graph.build())
      .groups.get(0)
      ?.edges.find((edge) => edge.values.length > 1);
    expect(merged?.values).toEqual([0, 1]);
  });

  test("a module that is left and entered again gives a cycle between two boxes", () => {
    const graph = new GraphBuilder();
    const first = graph.module("a", "A", () => graph.operation("sin", [graph.input("x")]));
    const second = graph.module("b", "B", () => graph.operation("cos", [first]));
    const third = graph.operation("tan", [second]);
    graph.build().operations.scope[third] = 1;
    expect(edgesIn(buildHierarchy(graph.build()), "")).toEqual(["a>b", "b>a", "x>a"]);
  });
});

describe("plumbing", () => {
  test("edges pass through views, and the weight that one of them reads goes to its reader", () => {
    const graph = new GraphBuilder();
    const weight = graph.parameter("fc.weight", [16, 16]);
    const x = graph.input("x");
    const transposed = graph.operation("t", [], [16, 16], [weight]);
    const flat = graph.operation("view", [x]);
    const product = graph.operation("mm", [flat, transposed]);
    graph.output("y", graph.operation("detach", [product]));
    const hierarchy = buildHierarchy(graph.build());
    expect(edgesIn(hierarchy, "")).toEqual(["mm>y", "x>mm"]);
    expect(hierarchy.flow.parameters[product]).toEqual([weight]);
  });

  test("a module that does nothing else keeps its operation", () => {
    const graph = new GraphBuilder();
    const flat = graph.module("flatten", "Flatten", () => graph.operation("view", [graph.input("x")]));
    graph.output("y", graph.layer("fc", "Linear", "addmm", flat));
    expect(edgesIn(buildHierarchy(graph.build()), "")).toEqual(["fc>y", "flatten>fc", "x>flatten"]);
  });

  test("sources that point forwards or nowhere are no edges", () => {
    const graph = new GraphBuilder();
    graph.operation("relu", [5, -9, null]);
    expect(edgesIn(buildHierarchy(graph.build()), "")).toEqual([]);
  });
});

test("readers are counted over the whole graph", () => {
  const hierarchy = buildHierarchy(transformer(12));
  expect(hierarchy.readers.get(-2)).toBe(12);
  expect(buildHierarchy(chain(3)).readers.get(0)).toBe(1);
});
