import { describe, expect, it } from "vitest";
import { State } from "../../src/api/types";
import { stepColumns, stretchesOf } from "../../src/base/step_columns";

describe("stepColumns", () => {
  it("meet halfway between steps and fill the width", () => {
    const columns = stepColumns([0, 10, 30], 400);
    // From −5 to 5, to 20, to 40: 45 steps over 400 px.
    expect([0, 1, 2, 3].map((index) => columns.edge(index) / (400 / 45))).toEqual([0, 10, 25, 45]);
  });

  it("put each step inside its own column and find it again", () => {
    const steps = [0, 1, 2, 50, 51, 300];
    const columns = stepColumns(steps, 731);
    steps.forEach((step, index) => {
      const x = columns.x(step);
      expect(columns.indexAt(x)).toBe(index);
      expect(x).toBeGreaterThanOrEqual(columns.edge(index));
      expect(x).toBeLessThanOrEqual(columns.edge(index + 1));
    });
    expect(columns.indexAt(-1)).toBe(-1);
    expect(columns.indexAt(732)).toBe(-1);
  });

  it("give a lone step 24 px", () => {
    const columns = stepColumns([7], 300);
    expect([columns.edge(0), columns.edge(1), columns.x(7)]).toEqual([0, 24, 12]);
    expect(columns.indexAt(12)).toBe(0);
    expect(columns.indexAt(100)).toBe(-1);
  });

  it("can be none", () => expect(stepColumns([], 300).indexAt(5)).toBe(-1));
});

describe("stretchesOf", () => {
  it("tells the onset of NaN from its aftermath, at each return", () => {
    const states = [State.finite, State.nan, State.nan, State.nan, State.finite, State.nan];
    expect(stretchesOf(states)).toEqual([
      { mark: "onset", from: 1, to: 2 },
      { mark: "aftermath", from: 2, to: 4 },
      { mark: "onset", from: 5, to: 6 },
    ]);
  });

  it("joins equal neighbours", () => {
    const states = [State.zero, State.zero, State.posInf, State.negInf, State.frozen, State.missing, State.unsupported];
    expect(stretchesOf(states)).toEqual([
      { mark: "zero", from: 0, to: 2 },
      { mark: "infinite", from: 2, to: 4 },
      { mark: "frozen", from: 4, to: 5 },
      { mark: "missing", from: 5, to: 7 },
    ]);
  });

  it("is empty for finite numbers", () => expect(stretchesOf([State.finite, State.finite])).toEqual([]));
});
