import { describe, expect, it } from "vitest";
import { State, type StatisticsAnswer } from "../../../src/api/types";
import { differenceScale, factorLabel } from "../../../src/base/difference_scale";
import { type Column, columnOf, scaleOf } from "../../../src/views/overview/columns";
import { BEYOND, differenceOf } from "../../../src/views/overview/difference";
import { mapDataOf } from "../../../src/views/overview/map_data";
import { rowShares } from "../../../src/views/overview/row_shares";
import type { RunData } from "../../../src/views/overview/run_data";
import { statistics } from "./answers";

function runOf(name: string, sites: string[], cells: StatisticsAnswer, column: Column = columnOf("l2", "gradient")) {
  const site = { aliases: [], shape: [], dtype: "float32", frozen: false, module: "", module_type: "", device: "" };
  return {
    place: { run: name, group: "model" },
    sites: sites.map((each) => ({ ...site, name: each, parameter_group: 0, reason: null })),
    stages: ["gradient"],
    stage: "gradient",
    column,
    cells,
    norms: cells,
    progress: null,
  } satisfies RunData;
}

describe("the difference of two runs", () => {
  it("is the power of ten between norms, site by site whatever their order", () => {
    const one = runOf("a", ["w", "v"], statistics([[1, 100]]));
    const other = runOf("b", ["v", "w"], statistics([[1, 1000]]));
    const { cells, column } = differenceOf(one, other);
    expect([...cells.values]).toEqual([-3, 2]);
    expect([...cells.state]).toEqual([State.finite, State.finite]);
    expect(column.kind).toBe("factor");
  });

  it("is a plain difference where values have signs or are shares", () => {
    const column = columnOf("mean", "gradient");
    const one = runOf("a", ["w"], statistics([[-2]]), column);
    const other = runOf("b", ["w"], statistics([[1]]), column);
    const found = differenceOf(one, other);
    expect([...found.cells.values]).toEqual([-3]);
    expect(found.column.kind).toBe("signed");
  });

  it("keeps what is not finite, is missing, or is exactly 0 in both", () => {
    const one = runOf("a", ["a", "b", "c", "d", "e", "f"], statistics([["nan", 1, "zero", "zero", 1, 1]]));
    const other = runOf("b", ["a", "b", "c", "d", "e"], statistics([[1, "posInf", "zero", 1, "frozen"]]));
    const { state, values } = differenceOf(one, other).cells;
    const { nan, posInf, zero, finite, frozen, missing } = State;
    expect([...state]).toEqual([nan, posInf, zero, finite, frozen, missing]);
    expect(values[3]).toBe(-BEYOND);
  });

  it("compares a step with the same, or with one sampled since the step before", () => {
    const one = runOf("a", ["w"], statistics([[1], [1], [1]], [0, 10, 20]));
    const other = runOf("b", ["w"], statistics([[10], [100]], [0, 18]));
    const { values, state } = differenceOf(one, other).cells;
    expect([...state]).toEqual([State.finite, State.missing, State.finite]);
    expect([values[0], values[2]]).toEqual([-1, -2]);
  });
});

describe("the scale of factors", () => {
  it("is symmetric, has whole powers of ten as its ends, and the middle means the same", () => {
    const scale = differenceScale([-0.3, 1.4, 0], false);
    expect(scale.domain).toEqual([-2, 2]);
    expect(scale.position(0)).toBe(0.5);
    expect(scale.ticks().map(({ label }) => label)).toEqual(["÷100", "same", "×100"]);
    expect(scale.clamped).toEqual({ low: false, high: false });
    expect(differenceScale([], true).domain).toEqual([-1, 1]);
  });

  it("says that few values lie beyond", () => {
    const many = Array.from({ length: 1000 }, (_, index) => (index === 0 ? BEYOND : 0.5));
    const scale = differenceScale(many, false);
    expect(scale.domain).toEqual([-1, 1]);
    expect(scale.clamped.high).toBe(true);
  });

  it("names factors", () => {
    expect([-3, -1, 0, 2, 5].map(factorLabel)).toEqual(["÷1,000", "÷10", "same", "×100", "×10⁵"]);
  });
});

describe("colours of its own", () => {
  const cells = statistics([
    [1, -200, "nan"],
    [4, 100, 3],
  ]);

  it("measure each row by its largest finite value", () => {
    expect([...rowShares(cells).values].filter((_, at) => at !== 2)).toEqual([0.25, -1, 1, 0.5, 1]);
    expect([...rowShares(cells).state]).toEqual([...cells.state]);
  });

  it("leave read-outs as they are", () => {
    const run = runOf("a", ["u", "v", "w"], cells);
    const map = mapDataOf([run], { shows: 0, rowColours: "own" });
    expect(map?.data.cells).toBe(cells);
    expect([...(map?.cells.values ?? [])].slice(3)).toEqual([1, 0.5, 1]);
  });

  it("can be linear for signed values, symmetric about 0", () => {
    const scale = scaleOf(columnOf("mean", "gradient"), Float32Array.from([-2, 1]), "linear", false);
    expect(scale.domain).toEqual([-2, 2]);
    expect(scale.kind).toBe("linear");
  });
});
