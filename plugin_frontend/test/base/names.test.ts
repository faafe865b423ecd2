import { describe, expect, it } from "vitest";
import { globMatcher, groupByModule, latticeOf, moduleOf, siteMatcher } from "../../src/base/names";

const transformer = [
  "wte.weight",
  ...[0, 1, 2, 3].flatMap((block) => [`h.${block}.ln_1.weight`, `h.${block}.attn.c_attn.weight`]),
  "ln_f.weight",
];

describe("latticeOf", () => {
  it("finds the blocks of a transformer and leaves the rest", () => {
    const lattice = latticeOf(transformer);
    expect(lattice?.kind).toBe("blocks");
    expect(lattice?.blocks).toEqual(["h.0", "h.1", "h.2", "h.3"]);
    expect(lattice?.columns).toEqual(["ln_1.weight", "attn.c_attn.weight"]);
    expect(lattice?.cells).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ]);
    expect(lattice?.rest).toEqual([0, 9]);
  });

  it("joins the stages of a residual network, and shows what a block lacks", () => {
    const blocks = ["layer1.0", "layer1.1", "layer2.0", "layer2.1"];
    const names = blocks.flatMap((block) => [`${block}.conv1.weight`, `${block}.conv2.weight`]);
    const lattice = latticeOf([...names, "layer2.0.downsample.weight"]);
    expect(lattice?.blocks).toEqual(blocks);
    expect(lattice?.columns).toEqual(["conv1.weight", "conv2.weight", "downsample.weight"]);
    expect(lattice?.cells[0]).toEqual([0, 1, null]);
    expect(lattice?.cells[2]).toEqual([4, 5, 8]);
  });

  it("prefers whole blocks to what repeats inside them", () => {
    const names = [0, 1, 2].flatMap((block) => [0, 1, 2].map((layer) => `h.${block}.mlp.${layer}.weight`));
    expect(latticeOf(names)?.blocks).toEqual(["h.0", "h.1", "h.2"]);
  });

  it("takes modules for blocks where fewer than three repeat", () => {
    const lattice = latticeOf(["conv1.weight", "conv1.bias", "norm.weight", "fc.weight", "fc.bias"]);
    expect(lattice).toEqual({
      kind: "modules",
      blocks: ["conv1", "norm", "fc"],
      columns: ["weight", "bias"],
      cells: [
        [0, 1],
        [2, null],
        [3, 4],
      ],
      rest: [],
    });
  });

  it("is none where modules have nothing in common, or there is one", () => {
    expect(latticeOf(["a.alpha", "b.beta", "c.gamma"])).toBeNull();
    expect(latticeOf(["fc.weight", "fc.bias"])).toBeNull();
    expect(latticeOf([])).toBeNull();
  });
});

it("groups by module in order of appearance", () => {
  expect(moduleOf("scale")).toBe("");
  expect(groupByModule(["a.w", "b.w", "a.b", "scale"])).toEqual([
    { module: "a", members: [0, 2] },
    { module: "b", members: [1] },
    { module: "", members: [3] },
  ]);
});

it.each([
  ["", "anything", true],
  ["*.weight", "h.0.attn.weight", true],
  ["*.weight", "h.0.attn.bias", false],
  ["h.?.ln*", "h.3.ln_1.weight", true],
  ["h.?.ln*", "h.13.ln_1.weight", false],
  ["attn", "h.0.ATTN.weight", true],
  ["a.b*", "axb", false],
  ["(*", "(x", true],
])("glob %s on %s: %s", (glob, name, fits) => expect(globMatcher(glob)(name)).toBe(fits));

it.each([
  ["", "h.0.weight", true],
  ["*.weight", "h.0.weight", true],
  ["h.?.bias", "h.0.weight", false],
  ["/h\\.(4|9)\\./", "h.4.weight", true],
  ["/h\\.(4|9)\\./", "h.5.weight", false],
  ["/WEIGHT$", "h.5.weight", true],
  ["/^h/", "wte.h", false],
])("filter %s on %s: %s", (filter, name, fits) => expect(siteMatcher(filter)?.(name)).toBe(fits));

it("tells what is no regular expression", () => expect(siteMatcher("/h.(4|/")).toBeNull());
