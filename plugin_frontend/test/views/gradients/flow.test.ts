import { describe, expect, it } from "vitest";
import { type Site, State } from "../../../src/api/types";
import { logAxis } from "../../../src/base/axis";
import {
  dotAt,
  flowDots,
  flowGeometry,
  flowLines,
  GAP,
  GUTTER,
  heightOf,
} from "../../../src/views/gradients/flow_geometry";
import {
  medianBefore,
  normAt,
  normRange,
  normSeries,
  normWords,
  type RunNorms,
} from "../../../src/views/gradients/norms";
import { galleryPlan } from "../../../src/views/gradients/plan";

function site(name: string, shape: number[] = [4, 4]): Site {
  return {
    name,
    aliases: [],
    shape,
    dtype: "float32",
    frozen: false,
    module: "",
    module_type: "",
    device: "cpu",
    parameter_group: 1,
    reason: null,
  };
}

const names = ["embed.weight", ...[0, 1, 2].flatMap((block) => [`h.${block}.ln.weight`, `h.${block}.fc.weight`])];
const sites = names.map((name) => site(name, name.includes("ln") ? [4] : [4, 4]));

/** Norms by step; a state for each is finite unless the value says otherwise. */
function norms(...rows: number[][]): RunNorms {
  const state = (value: number) => (value === 0 ? State.zero : Number.isNaN(value) ? State.nan : State.finite);
  return {
    run: "first",
    colour: "#000",
    columns: new Map(names.map((name, column) => [name, column])),
    answer: {
      stage: "gradient",
      column: "l2",
      steps: Float64Array.from(rows, (_, index) => index * 10),
      values: Float32Array.from(rows.flat()),
      state: Uint8Array.from(rows.flat(), state),
      problems: [],
    },
  };
}

describe("galleryPlan", () => {
  it("has blocks as columns, names as rows, and the rest by module", () => {
    const plan = galleryPlan(sites);
    expect(plan.columns.map(({ label }) => label)).toEqual(["h.0", "h.1", "h.2"]);
    expect(plan.rows.map(({ label, shape, strip }) => [label, shape, strip])).toEqual([
      ["ln", "4", true],
      ["fc", "4 × 4", false],
    ]);
    expect(plan.rows[1]?.sites).toEqual(["h.0.fc.weight", "h.1.fc.weight", "h.2.fc.weight"]);
    expect(plan.groups).toEqual([{ module: "embed", sites: ["embed.weight"] }]);
  });

  it("has modules as columns where no block repeats", () => {
    const plan = galleryPlan([
      site("conv.weight", [8, 3]),
      site("conv.bias", [8]),
      site("fc.weight"),
      site("scale", []),
    ]);
    expect(plan.columns.map(({ label }) => label)).toEqual(["conv", "fc", "model"]);
    expect(plan.rows.map(({ label, shape, strip, sites: row }) => [label, shape, strip, row])).toEqual([
      ["weight", "", false, ["conv.weight", "fc.weight", null]],
      ["bias", "8", true, ["conv.bias", null, null]],
      ["scale", "scalar", true, [null, null, "scale"]],
    ]);
    expect(plan.groups).toEqual([]);
  });

  it("has groups where there are too many modules, or they have nothing in common", () => {
    const many = Array.from({ length: 17 }, (_, index) => site(`layer_${index}.weight`));
    expect(galleryPlan(many).rows).toEqual([]);
    expect(galleryPlan(many).groups).toHaveLength(17);
    expect(galleryPlan([site("a.x"), site("b.y"), site("c.z")]).columns.map(({ label }) => label)).toEqual([
      "a",
      "b",
      "c",
    ]);
  });
});

describe("flow", () => {
  const plan = galleryPlan(sites);
  const axis = logAxis(0.01, 100);
  const geometry = flowGeometry({ width: GUTTER + 3 * (50 + GAP), height: 172 }, 3);

  it("shares its columns with the gallery's grid", () => {
    expect(geometry.columnWidth).toBe(50);
    expect([0, 1, 2].map(geometry.left)).toEqual([126, 184, 242]);
  });

  it("puts a dot for each site of a column, larger norms higher", () => {
    const dots = flowDots(plan, norms([1, 1, 10, 0.1, 0, Number.NaN, 100]), 0, axis, geometry);
    expect(dots.map(({ site: name }) => name)).toEqual(names.slice(1));
    const [one, ten, tenth, zero, nan, top] = dots.map(({ y }) => y);
    const { plot } = geometry;
    expect(one).toBeCloseTo(plot.y + plot.height / 2, 9);
    expect(ten).toBeCloseTo(plot.y + plot.height / 4, 9);
    expect(tenth).toBeCloseTo(plot.y + (plot.height * 3) / 4, 5);
    expect(zero).toBeGreaterThan(plot.y + plot.height);
    expect(nan).toBeLessThan(plot.y);
    expect(top).toBeCloseTo(plot.y, 9);
  });

  it("draws the line through the largest finite norm, broken where there is none", () => {
    const lines = flowLines(plan, norms([1, 1, 10, 0, Number.NaN, 3, 100]), 0, axis, geometry);
    expect(lines.map((line) => line.map(([x]) => x))).toEqual([[151], [267]]);
    expect(lines[0]?.[0]?.[1]).toBeCloseTo(geometry.plot.y + geometry.plot.height / 4, 9);
  });

  it("finds the dot under the pointer, within reach", () => {
    const dots = flowDots(plan, norms([1, 1, 10, 1, 1, 1, 1]), 0, axis, geometry);
    const target = dots[1];
    expect(dotAt(dots, (target?.x ?? 0) + 3, target?.y ?? 0)?.site).toBe("h.0.fc.weight");
    expect(dotAt(dots, 0, 0)).toBeNull();
    expect(dotAt([], 0, 0)).toBeNull();
  });
});

describe("norms", () => {
  const run = norms(
    [1, 1, 1, 1, 1, 1, 1],
    [1, 3, 1, 1, 1, 1, 1],
    [1, 5, 1, 1, 1, 1, 1],
    [1, Number.NaN, 1, 1, 1, 1, 400],
  );

  it("are those of the last step not after the asked one", () => {
    expect(normAt(run, "h.0.ln.weight", 19)).toEqual({ value: 3, state: State.finite });
    expect(normSeries(run, "h.0.ln.weight").map(({ value }) => value)).toEqual([1, 3, 5, Number.NaN]);
    expect(normAt(run, "nobody", 0).state).toBe(State.missing);
  });

  it("have the median of the steps before as their measure", () => {
    expect(medianBefore(run, "h.0.ln.weight", 30)).toBe(3);
    expect(medianBefore(run, "h.0.ln.weight", 0)).toBeNaN();
  });

  it("share one range with the largest of them inside", () => {
    expect(normRange([run])).toEqual([1, 1000]);
    expect(normRange([norms([0, 0, 0, 0, 0, 0, 0])])).toEqual([0.001, 1]);
  });

  it.each([
    [State.finite, 276.4, "276"],
    [State.zero, 0, "0"],
    [State.posInf, 3, "+Inf"],
    [State.nan, 3, "NaN"],
    [State.noGradient, 0, "no grad"],
    [State.missing, 0, "–"],
  ])("in state %d read %d as %s", (state, value, words) => expect(normWords({ state, value })).toBe(words));
});

it("puts what is smaller than the axis reaches below its lowest line, and above what is exactly 0", () => {
  const { plot } = flowGeometry({ width: 600, height: 172 }, 3);
  const bottom = plot.y + plot.height;
  const height = (value: number, state: number = State.finite) => heightOf({ value, state }, logAxis(1e-3, 1), plot);
  expect(height(1e-3)).toBe(bottom);
  expect(height(1e-9)).toBeGreaterThan(bottom);
  expect(height(1e-9)).toBeLessThan(height(0, State.zero));
});
