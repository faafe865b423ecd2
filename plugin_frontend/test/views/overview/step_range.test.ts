import { describe, expect, it } from "vitest";
import { panned, within, zoomed } from "../../../src/views/overview/step_range";
import { statistics } from "./answers";

const STEPS = Float64Array.from({ length: 100 }, (_, index) => index * 10);

describe("within", () => {
  const cells = statistics([
    [0, 1],
    [2, 3],
    [4, "nan"],
  ]);

  it("cuts steps, values and states alike", () => {
    const [, second = 0, third = 0] = cells.steps;
    const part = within(cells, [second, third]);
    expect([...part.steps]).toEqual([second, third]);
    expect([...part.values].slice(0, 3)).toEqual([2, 3, 4]);
    expect([...part.state]).toEqual([...cells.state].slice(2));
    expect(part.values.buffer).toBe(cells.values.buffer);
  });

  it("is the answer itself without a range, or where the range holds no step", () => {
    expect(within(cells, null)).toBe(cells);
    expect(within(cells, [1e6, 2e6])).toBe(cells);
    expect(within(cells, [-20, -10])).toBe(cells);
  });
});

describe("zoomed", () => {
  it("keeps the step under the pointer in its place", () => {
    expect(zoomed(STEPS, null, 0, 0.5)).toEqual([0, 490]);
    expect(zoomed(STEPS, null, 990, 0.5)).toEqual([500, 990]);
    const [from = 0, to = 0] = zoomed(STEPS, null, 500, 0.5) ?? [];
    expect((to - from) / 10).toBe(49);
    expect((500 - from) / (to - from)).toBeCloseTo(500 / 990, 1);
  });

  it("ends at four columns on one side and at everything on the other", () => {
    let range = zoomed(STEPS, null, 500, 0.5);
    for (let turn = 0; turn < 20; turn++) range = zoomed(STEPS, range, 500, 0.5);
    expect(range && (range[1] - range[0]) / 10).toBe(3);
    for (let turn = 0; turn < 40; turn++) range = zoomed(STEPS, range, 500, 1.25);
    expect(range).toBeNull();
    expect(zoomed([0, 10, 20], null, 10, 0.5)).toBeNull();
    expect(zoomed([], null, 0, 0.5)).toBeNull();
  });
});

it("panned moves by whole columns and stops at the ends", () => {
  expect(panned(STEPS, [100, 190], 0.5)).toEqual([150, 240]);
  expect(panned(STEPS, [100, 190], 0.001)).toEqual([110, 200]);
  expect(panned(STEPS, [100, 190], -2)).toEqual([0, 90]);
  expect(panned(STEPS, [800, 890], 5)).toEqual([900, 990]);
});
