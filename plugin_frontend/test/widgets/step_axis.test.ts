import { describe, expect, it } from "vitest";
import { describeSampling, formatAge, stepAxis, trackEdges } from "../../src/widgets/step_axis";

describe("stepAxis", () => {
  it("gives each step of an even run an equal column", () => {
    const axis = stepAxis([0, 10, 20, 30], 100, 500);
    expect(axis.columns.map(({ left }) => left)).toEqual([100, 200, 300, 400]);
    expect(axis.columns.at(-1)?.right).toBe(500);
    expect(axis.x(10)).toBe(250);
    expect(axis.holes).toEqual([]);
  });

  it("places uneven steps in proportion, edges half-way between neighbours", () => {
    const { columns, x } = stepAxis([0, 2, 6], 0, 90);
    // From -1 to 8: nine steps on 90 px.
    expect(x(0)).toBe(10);
    expect(x(6)).toBe(70);
    expect(columns).toEqual([
      { left: 0, right: 20 },
      { left: 20, right: 50 },
      { left: 50, right: 90 },
    ]);
  });

  it("leaves a hole where steps are missing, but none in a geometric series", () => {
    const { holes, columns } = stepAxis([0, 1, 2, 12, 13, 14], 0, 150);
    expect(holes).toEqual([{ left: 30, right: 120, after: 2, before: 12 }]);
    expect(columns[2]?.right).toBe(30);
    expect(stepAxis([1, 2, 4, 8, 16, 32, 64], 0, 100).holes).toEqual([]);
  });

  it("draws a lone step as a column of 24 px", () => {
    const { columns, x } = stepAxis([500], 156, 1152);
    expect(columns).toEqual([{ left: 156, right: 180 }]);
    expect(x(500)).toBe(168);
  });

  it("finds the column under the pointer, and the nearest beside all", () => {
    const axis = stepAxis([0, 1, 2, 12, 13, 14], 0, 150);
    expect([-50, 5, 15, 29, 50, 100, 125, 999].map(axis.indexAt)).toEqual([0, 0, 1, 2, 2, 3, 3, 5]);
    expect(stepAxis([], 0, 100).indexAt(10)).toBe(-1);
  });
});

describe("words and edges", () => {
  it("says how a run was sampled", () => {
    expect(describeSampling([0, 1, 2])).toBe("every step");
    expect(describeSampling([0, 10, 20])).toBe("every 10th step");
    expect(describeSampling([0, 2])).toBe("every 2nd step");
    expect(describeSampling([0, 13])).toBe("every 13th step");
    expect(describeSampling([0, 1, 5])).toBe("uneven steps");
    expect(describeSampling([7])).toBe("");
  });

  it("says how long ago", () => {
    expect([0, 4_400, 59_400, 60_000, 7_300_000].map(formatAge)).toEqual(["0 s", "4 s", "59 s", "1 min", "2 h"]);
  });

  it("keeps the track where the design has it", () => {
    expect(trackEdges(1280)).toEqual({ left: 156, right: 1152 });
    expect(trackEdges(600)).toEqual({ left: 92, right: 580 });
  });
});
