import { describe, expect, test } from "vitest";
import type { GraphAnswer, Source } from "../../src/api/types";
import { buildHierarchy } from "../../src/layout/hierarchy";
import { Arranger, openToDepth } from "../../src/layout/scene";
import { rowsOf } from "../../src/views/graph/module_tree";
import { nodeKeys } from "../../src/views/graph/node_keys";
import { findNodes } from "../../src/views/graph/search";
import { GraphBuilder } from "./graphs";
import { expectSound } from "./invariants";

/** A module whose body is one operation without a parameter and without FLOPs. */
const plain = (graph: GraphBuilder, path: string, type: string, operation: string, source: Source): number =>
  graph.module(path, type, () => cheap(graph, operation, [source]));

function cheap(graph: GraphBuilder, name: string, sources: Source[]): number {
  const operation = graph.operation(name, sources);
  graph.build().operations.flops[operation] = 0;
  return operation;
}

/** conv, relu, maxpool, conv, relu2, mean, fc. */
function network(): GraphAnswer {
  const graph = new GraphBuilder("Net");
  let x: Source = graph.layer("conv1", "Conv2d", "convolution", graph.input("x"));
  x = plain(graph, "maxpool", "MaxPool2d", "max_pool2d", plain(graph, "relu", "ReLU", "relu", x));
  x = graph.layer("conv2", "Conv2d", "convolution", x);
  x = cheap(graph, "mean", [plain(graph, "relu2", "ReLU", "relu", x)]);
  graph.output("y", graph.layer("fc", "Linear", "addmm", x));
  return graph.build();
}

const childrenOf = (graph: GraphAnswer, path = ""): string[] => {
  const hierarchy = buildHierarchy(graph);
  const module = hierarchy.nodes.findIndex((node) => node.kind === "module" && node.path === path);
  return (hierarchy.groups.get(module)?.children ?? []).map((child) => hierarchy.nodes[child]?.name ?? "");
};

describe("small steps one after the other", () => {
  test("are one pill, in their place", () => {
    expect(childrenOf(network())).toEqual(["x", "conv1", "relu · maxpool", "conv2", "relu2 · mean", "fc", "y"]);
  });

  test("are opened by the deepest depth alone, and the picture is sound with and without", () => {
    const hierarchy = buildHierarchy(network());
    const series = hierarchy.nodes.findIndex((node) => node.name === "relu · maxpool");
    const [closed, open] = [openToDepth(hierarchy, hierarchy.maxDepth), openToDepth(hierarchy, hierarchy.maxDepth + 1)];
    expect([closed.has(series), open.has(series)]).toEqual([false, true]);
    for (const each of [closed, open, new Set([series])]) expectSound(hierarchy, new Arranger(hierarchy).arrange(each));
  });

  test("stay modules of the tree, are found themselves, and have a name for the address", () => {
    const graph = network();
    const hierarchy = buildHierarchy(graph);
    const listed = rowsOf(hierarchy, new Set([0])).map(({ id }) => hierarchy.nodes[id]?.name);
    expect(listed).toEqual(["Net", "conv1", "relu", "maxpool", "conv2", "relu2", "fc"]);
    expect(findNodes(graph, hierarchy, "MaxPool2d").map((id) => hierarchy.nodes[id]?.name)).toEqual(["maxpool"]);
    const keys = nodeKeys(hierarchy);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("are called by their classes where a Sequential has numbered them", () => {
    const graph = new GraphBuilder();
    const last = graph.module("body", "Sequential", () => {
      const x = graph.layer("body.0", "Conv2d", "convolution", graph.input("x"));
      return plain(graph, "body.2", "MaxPool2d", "max_pool2d", plain(graph, "body.1", "ReLU", "relu", x));
    });
    graph.output("y", last);
    expect(childrenOf(graph.build(), "body")).toEqual(["0", "ReLU · MaxPool2d"]);
  });
});

describe("a step stands for itself where it", () => {
  const between = (make: (graph: GraphBuilder, x: Source) => Source): string[] => {
    const graph = new GraphBuilder();
    const start = graph.layer("first", "Linear", "addmm", graph.input("x"));
    graph.output("y", graph.layer("last", "Linear", "addmm", make(graph, start)));
    return childrenOf(graph.build()).slice(2, -2);
  };

  test("has a parameter", () => {
    expect(between((graph, x) => cheap(graph, "tanh", [graph.layer("norm", "LayerNorm", "layer_norm", x)]))).toEqual([
      "norm",
      "tanh",
    ]);
  });

  test("has work to do", () => {
    expect(between((graph, x) => cheap(graph, "tanh", [graph.operation("bmm", [x])]))).toEqual(["bmm", "tanh"]);
  });

  test("joins two values", () => {
    expect(between((graph, x) => cheap(graph, "add", [cheap(graph, "sin", [x]), cheap(graph, "cos", [x])]))).toEqual([
      "sin",
      "cos",
      "add",
    ]);
  });

  test("is read by two", () => {
    const read = between((graph, x) => {
      const sin = cheap(graph, "sin", [x]);
      return cheap(graph, "add", [sin, cheap(graph, "cos", [sin])]);
    });
    expect(read).toEqual(["sin", "cos", "add"]);
  });

  test("is an output of the model as well", () => {
    const read = between((graph, x) => {
      const sin = cheap(graph, "sin", [x]);
      graph.output("hidden", sin);
      return cheap(graph, "cos", [sin]);
    });
    expect(read).toEqual(["sin", "cos", "last"]);
  });

  test("is called again: its mark must be seen", () => {
    const called = between((graph, x) => {
      const once = cheap(graph, "mean", [plain(graph, "act", "ReLU", "relu", x)]);
      return cheap(graph, "sum", [plain(graph, "act", "ReLU", "relu", once)]);
    });
    expect(called).toEqual(["act", "mean", "act", "sum"]);
  });

  test("is all that a module does", () => {
    const graph = new GraphBuilder();
    const x = graph.input("x");
    graph.output(
      "y",
      graph.module("act", "Act", () => cheap(graph, "tanh", [cheap(graph, "exp", [x])])),
    );
    expect(childrenOf(graph.build(), "act")).toEqual(["exp", "tanh"]);
  });
});
