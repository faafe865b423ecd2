import { describe, expect, it } from "vitest";
import type { Api } from "../../../src/api/client";
import { type BandsAnswer, type Site, type Stage, State } from "../../../src/api/types";
import { askFlow, type FlowAnswer, meansOf, quantilesAt } from "../../../src/views/gradients/flow_data";
import { layerValue } from "../../../src/views/gradients/flow_geometry";
import type { RunNorms } from "../../../src/views/gradients/norms";
import { quantileAxis } from "../../../src/views/gradients/quantile_flow";

const SITES = [
  { name: "a.weight", shape: [2, 3] },
  { name: "a.bias", shape: [2] },
] as Site[];
const PLACE = { run: "first", group: "model" };

function sums(values: number[], state = values.map(() => State.finite as number)): RunNorms {
  const answer = {
    stage: "gradient" as Stage,
    column: "l1",
    steps: Float64Array.of(0),
    values: Float32Array.from(values),
    state: Uint8Array.from(state),
    problems: [],
  };
  return { run: "first", colour: "", columns: new Map(SITES.map(({ name }, at) => [name, at])), answer };
}

function bands(values: number[], steps = [0]): BandsAnswer {
  const rows = values.length / (steps.length * 5);
  return {
    stage: "gradient",
    quantileLevels: [0.05, 0.25, 0.5, 0.75, 0.95],
    steps: Float64Array.from(steps),
    values: Float32Array.from(values),
    state: new Uint8Array(rows * steps.length),
    problems: [],
  };
}

function fakeApi(stages: Stage[], asked: string[]): Api {
  return {
    sites: async () => ({ sites: SITES, stages, problems: [] }),
    statistics: async (_place: unknown, stage: Stage, column: string) => {
      asked.push(`${stage} ${column}`);
      return { ...sums([12, 4]).answer, stage, column };
    },
  } as unknown as Api;
}

const ignore = () => {};

describe("what the flow measures", () => {
  it("is shown of some steps while the server reads the others, of which it is then asked again", async () => {
    const api = fakeApi(["gradient"], []);
    const { statistics } = api;
    const asked: (number | undefined)[] = [];
    api.statistics = async (where, stage, column, soon) => {
      asked.push(soon);
      return { ...(await statistics(where, stage, column)), partial: soon !== undefined };
    };
    const shown: FlowAnswer[] = [];
    const whole = await askFlow(api, JSON.stringify(["norm", [PLACE]]), (flow) => shown.push(flow), null);
    expect(asked).toEqual([0, undefined]);
    const partial = [...shown, whole].map((flow) => flow.measure === "norm" && flow.runs[0].after.answer.partial);
    expect(partial).toEqual([true, false]);
  });

  it("is asked for before clipping only where that was measured", async () => {
    const asked: string[] = [];
    const key = JSON.stringify(["max", [PLACE]]);
    const without = await askFlow(fakeApi(["gradient"], asked), key, ignore, null);
    const clipped = await askFlow(fakeApi(["gradient", "raw_gradient"], asked), key, ignore, null);
    expect(asked).toEqual(["gradient abs_max", "gradient abs_max", "raw_gradient abs_max"]);
    expect(without.measure === "max" && without.runs[0].before).toBeNull();
    expect(clipped.measure === "max" && clipped.runs[0].before?.answer.stage).toBe("raw_gradient");
  });

  it("leaves out a compared run that can't be had, but not the shown one", async () => {
    const api = fakeApi(["gradient"], []);
    const sites = api.sites;
    api.sites = async (where) => (where.run === "gone" ? Promise.reject(new Error("gone")) : sites(where));
    const gone = { run: "gone", group: "model" };
    const answer = await askFlow(api, JSON.stringify(["norm", [PLACE, gone]]), ignore, null);
    expect(answer.measure === "norm" && answer.runs.map(({ after }) => after.run)).toEqual(["first"]);
    await expect(askFlow(api, JSON.stringify(["norm", [gone, PLACE]]), ignore, null)).rejects.toThrow("gone");
  });
});

describe("means of a layer", () => {
  it("are over all its values: a site counts by its size", () => {
    const means = meansOf(sums([12, 4]), SITES);
    expect([...means.answer.values]).toEqual([2, 2]);
    const uneven = meansOf(sums([12, 16]), SITES);
    expect(layerValue(uneven, ["a.weight", "a.bias"], 0)).toBeCloseTo((12 + 16) / (6 + 2));
  });

  it("count a site that is exactly 0, and not one that is not finite", () => {
    const halfZero = meansOf(sums([12, 0], [State.finite, State.zero]), SITES);
    expect(layerValue(halfZero, ["a.weight", "a.bias"], 0)).toBeCloseTo(12 / 8);
    const broken = meansOf(sums([12, 16], [State.finite, State.nan]), SITES);
    expect(layerValue(broken, ["a.weight", "a.bias"], 0)).toBe(2);
  });
});

describe("quantiles", () => {
  const answer = bands([-2, -1, 0, 1, 2, -4, -2, 0, 2, 4, -1, -1, 0, 1, 1, Number.NaN, 0, 0, 0, 0], [0, 10]);

  it("are those of the site at the step or the last one before it", () => {
    expect([...(quantilesAt(answer, 0, 9) ?? [])]).toEqual([-2, -1, 0, 1, 2]);
    expect([...(quantilesAt(answer, 0, 99) ?? [])]).toEqual([-4, -2, 0, 2, 4]);
  });

  it("are none where one is not a number, or the site is unknown", () => {
    expect(quantilesAt(answer, 1, 10)).toBeNull();
    expect(quantilesAt(answer, undefined, 0)).toBeNull();
    expect(quantilesAt(bands([], []), 0, 0)).toBeNull();
  });

  it("lie on an axis that is symmetric about 0 and holds those before clipping too", () => {
    const rows = new Map([["a.weight", 0]]);
    const axis = quantileAxis({ after: bands([-2, -1, 0, 1, 2]), before: bands([-20, -10, 0, 10, 20]), rows });
    expect(axis.domain[1]).toBe(100);
    expect(axis.position(0)).toBeCloseTo(0.5);
    expect(axis.position(-5) + axis.position(5)).toBeCloseTo(1);
    expect(quantileAxis({ after: bands([]), before: null, rows }).domain).toEqual([-1, 1]);
  });
});
