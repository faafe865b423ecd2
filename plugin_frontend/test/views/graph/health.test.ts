import { describe, expect, test } from "vitest";
import { type Site, State, type StatisticsAnswer } from "../../../src/api/types";
import { ratioScale, USUAL_RATIO } from "../../../src/base/ratio_scale";
import { describeMeasure } from "../../../src/views/graph/health";
import { normHealth, ratioHealth, rowAt } from "../../../src/views/graph/health_statistics";
import { countHealth } from "../../../src/views/graph/health_structure";

const site = (name: string, aliases: string[] = []): Site => ({
  name,
  aliases,
  shape: [2],
  dtype: "float32",
  frozen: false,
  module: name.slice(0, name.lastIndexOf(".")),
  module_type: "Linear",
  device: "cpu",
  parameter_group: 1,
  reason: null,
});

const sites = [site("a.fc.weight"), site("a.fc.bias"), site("b.weight", ["c.weight"])];

function statistics(rows: number[][], states: number[][] = []): StatisticsAnswer {
  return {
    stage: "gradient",
    column: "l2",
    steps: Float64Array.from(rows, (_, row) => row * 100),
    values: Float32Array.from(rows.flat()),
    state: Uint8Array.from(rows.flatMap((row, index) => row.map((_, at) => states[index]?.[at] ?? State.finite))),
    problems: [],
  };
}

describe("the norm of a module", () => {
  const health = normHealth(sites, statistics([[3, 4, 12]]), 0, false);

  test("is that of all its parameters put together; a tied one counts in both owners and once in the model", () => {
    const values = Object.fromEntries([...health.modules].map(([path, { value }]) => [path, value]));
    expect(values).toEqual({ "": 13, a: 5, "a.fc": 5, b: 12, c: 12 });
  });

  test("is of the last step that is not after the current one", () => {
    const two = statistics([
      [3, 4, 12],
      [6, 8, 24],
    ]);
    expect(normHealth(sites, two, 150, false)).toMatchObject({ step: 100 });
    expect(normHealth(sites, two, 99, false).modules.get("a")?.value).toBe(5);
    expect(rowAt([100, 200], 50)).toBe(0);
    expect(rowAt([], 50)).toBeNull();
  });

  test.each([
    [[State.nan, State.posInf, State.finite], State.nan],
    [[State.posInf, State.finite, State.zero], State.posInf],
    [[State.zero, State.finite, State.zero], State.finite],
    [[State.zero, State.zero, State.frozen], State.zero],
    [[State.frozen, State.missing, State.missing], State.frozen],
  ])("with parameters in the states %j is in state %d", (states, expected) => {
    const answer = statistics([[1, 1, 1]], [states]);
    expect(normHealth(sites, answer, 0, false).modules.get("")?.state).toBe(expected);
  });

  test("has a scale over the modules at all steps: one parameter that hardly matters does not widen it", () => {
    const rows = Array.from({ length: 200 }, (_, row) => [row === 199 ? 30 : 2, 1e-9, 5]);
    const { scale } = normHealth(sites, statistics(rows), 0, false);
    expect(scale?.domain).toEqual([1, 10]);
    expect(scale?.clamped).toEqual({ low: false, high: false });
    const later = normHealth(sites, statistics(rows), 1500, false);
    expect(later.scale?.domain).toEqual(scale?.domain);
  });

  test("is of parameters: what a module returns has none", () => {
    const output = { ...site("act"), output: true };
    const answer = statistics([[3, 4, 12, Number.NaN]], [[State.finite, State.finite, State.finite, State.missing]]);
    const { modules } = normHealth([...sites, output], answer, 0, false);
    expect(modules.has("act")).toBe(false);
    expect(modules.get("")).toEqual({ value: 13, state: State.finite });
  });

  test("is not there without statistics", () => {
    expect(normHealth(sites, null, 0, false)).toMatchObject({ scale: null, step: null });
  });
});

describe("the update ratio of a module", () => {
  test("is the norm of its update over the norm of its parameters", () => {
    const norms = { gradient: null, update: statistics([[0.3, 0.4, 0]]), parameter: statistics([[30, 40, 7]]) };
    const health = ratioHealth(sites, norms, 0, false);
    expect(health.modules.get("a")?.value).toBeCloseTo(0.01);
  });

  test("to parameters that are exactly 0 is not measured, neither 0 nor infinite", () => {
    const parameter = statistics([[0, 0, 0]], [[State.zero, State.zero, State.zero]]);
    const health = ratioHealth(sites, { update: statistics([[1, 1, 1]]), parameter }, 0, false);
    expect(health.modules.get("b")).toEqual({ value: Number.NaN, state: State.unsupported });
  });
});

describe("the scale of update ratios", () => {
  test("has the usual ratio in its middle and reaches as far to both sides", () => {
    const scale = ratioScale([1e-7, 1e-3], false);
    expect(scale.position(USUAL_RATIO)).toBeCloseTo(0.5);
    expect(scale.domain[0]).toBeCloseTo(1e-7, 12);
    expect(scale.domain[1]).toBeCloseTo(10, 6);
    expect(scale.ticks().map((tick) => tick.label)).toEqual(["10⁻⁷", "10⁻³", "10"]);
  });

  test("puts 0 and what lies beyond at the ends", () => {
    const scale = ratioScale([], true);
    expect([scale.position(0), scale.position(1e9)]).toEqual([0, 1]);
  });
});

test("counts need no step", () => {
  const health = countHealth(new Map([["a", 1500]]), false);
  expect(health.step).toBeNull();
  expect(describeMeasure(health.modules.get("a") ?? { value: 0, state: 0 }, health.format)).toBe("1.5 k");
});

test.each([
  [State.nan, "NaN"],
  [State.negInf, "−Inf"],
  [State.zero, "0"],
  [State.frozen, "frozen"],
  [State.missing, "not measured"],
])("state %d is said as %s", (state, text) => {
  expect(describeMeasure({ value: 1, state }, String)).toBe(text);
});
