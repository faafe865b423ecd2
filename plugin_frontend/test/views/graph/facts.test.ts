import { describe, expect, test } from "vitest";
import { buildHierarchy } from "../../../src/layout/hierarchy";
import {
  ancestorPaths,
  bytesOf,
  crossingOf,
  describeTypes,
  formatCompact,
  parameterCounts,
  readoutOf,
  tiesOf,
  typesOf,
} from "../../../src/views/graph/facts";
import { rowsOf } from "../../../src/views/graph/module_tree";
import { lineWidth } from "../../../src/views/graph/paint_lines";
import { safeName } from "../../../src/views/graph/paint_text";
import { GraphBuilder, nest, resNet, transformer } from "../../layout/graphs";

const tensor = (shape: number[], dtype = "float32") => ({ shape, dtype, device: "cpu" });

describe("tensors", () => {
  test.each([
    [tensor([8, 128, 768], "bfloat16"), 1_572_864],
    [tensor([]), 4],
    [tensor([3, 0]), 0],
    [tensor([10], "bool"), 10],
    [tensor([10], "float8_e4m3fn"), 10],
    [tensor([10], "complex128"), 160],
    [tensor([10], "quint8"), 10],
  ])("%o has %d bytes", (type, bytes) => {
    expect(bytesOf(type)).toBe(bytes);
  });

  test("equal types are said once, further ones are counted", () => {
    const types = [tensor([2]), tensor([2]), tensor([3]), tensor([4]), tensor([5])];
    expect(describeTypes(types)).toBe("2 float32, 3 float32, and 2 more");
  });

  test("by-products of another shape don't count as the value", () => {
    const graph = new GraphBuilder();
    const norm = graph.operation("native_layer_norm", [graph.input("x")], [4, 8]);
    graph.build().operations.outputs[norm]?.push(graph.type([4, 1]));
    const parts = graph.operation("split", [norm], [4, 4]);
    graph.build().operations.outputs[parts]?.push(graph.type([4, 4]));
    expect(typesOf(graph.build(), norm).map((type) => type.shape)).toEqual([[4, 8]]);
    expect(typesOf(graph.build(), parts)).toHaveLength(2);
  });

  test("a read-out gives shape, dtype, bytes and readers", () => {
    const graph = transformer(12);
    expect(readoutOf(graph, buildHierarchy(graph), -2)).toEqual(["", "8 × 16", "float32, 512 B, 12 readers"]);
  });
});

describe("what crosses a module's border", () => {
  test("is what its operations read from outside and others read from inside, views included", () => {
    const graph = new GraphBuilder();
    const x = graph.input("x", [2, 3]);
    const viewed = graph.module("fc", "Linear", () =>
      graph.operation("view", [graph.operation("mm", [x], [6])], [2, 3]),
    );
    graph.output("y", viewed);
    expect(crossingOf(graph.build(), buildHierarchy(graph.build()), 1)).toEqual({ entering: [-1], leaving: [viewed] });
  });

  test("for the whole model it is its inputs and outputs", () => {
    const graph = resNet(1);
    expect(crossingOf(graph, buildHierarchy(graph), 0)).toEqual({
      entering: [-1],
      leaving: [graph.outputs[0]?.source],
    });
  });
});

describe("parameters", () => {
  const tied = new GraphBuilder();
  tied.parameter("wte.weight", [10, 4]);
  tied.parameter("h.0.fc.weight", [4, 4]);
  tied.build().parameters[0]?.aliases.push("lm_head.weight");
  const buffer = tied.parameter("h.0.mean", [100]);
  Object.assign(tied.build().parameters[buffer] ?? {}, { buffer: true });

  test("are counted in every module around them, tied ones in both owners but once in all, buffers nowhere", () => {
    expect(Object.fromEntries(parameterCounts(tied.build()))).toEqual({
      "": 56,
      wte: 40,
      lm_head: 40,
      h: 16,
      "h.0": 16,
      "h.0.fc": 16,
    });
  });

  test("a tied one names the module that it comes from", () => {
    expect([...tiesOf(tied.build())]).toEqual([["lm_head", "wte"]]);
  });
});

test("a path's ancestors begin with the root", () => {
  expect(ancestorPaths("a.b.c")).toEqual(["", "a", "a.b", "a.b.c"]);
  expect(ancestorPaths("")).toEqual([""]);
});

test.each([
  [0, "0"],
  [999, "999"],
  [9408, "9.4 k"],
  [124_439_808, "124 M"],
  [7_100_000, "7.1 M"],
  [2.55e11, "255 G"],
])("%d in short is %s", (count, text) => {
  expect(formatCompact(count)).toBe(text);
});

test.each([
  [0, 1],
  [64_000, 1],
  [64_001, 1.5],
  [2e6, 2],
  [2e7, 3],
  [1e9, 4],
])("an edge of %d bytes is %d px wide", (bytes, width) => {
  expect(lineWidth(bytes)).toBe(width);
});

test("names lose what would turn or break the text around them", () => {
  expect(safeName("a\u202eb\nc")).toBe("a\ufffdb\ufffdc");
  expect(safeName("")).toBe("(no name)");
  expect(safeName("<b>שלום</b>")).toBe("<b>שלום</b>");
});

describe("rows of the module tree", () => {
  test("follow the calls, with their place among their siblings", () => {
    const hierarchy = buildHierarchy(resNet(1));
    const rows = rowsOf(hierarchy, new Set([0]));
    expect(rows.map((row) => hierarchy.nodes[row.id]?.name)).toEqual([
      "ResNet",
      "conv1",
      "relu",
      "layer1",
      "layer2",
      "fc",
    ]);
    expect(rows.map((row) => row.expanded)).toEqual([true, null, null, false, false, null]);
    expect(rows[3]).toMatchObject({ depth: 1, position: 3, setSize: 5 });
  });

  test("of 5,000 levels are made without recursion", () => {
    const hierarchy = buildHierarchy(nest(5000));
    expect(rowsOf(hierarchy, new Set(hierarchy.nodes.keys()))).toHaveLength(5001);
  });
});
