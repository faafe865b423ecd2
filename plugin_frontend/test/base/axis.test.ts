import { describe, expect, it } from "vitest";
import { linearAxis, logAxis, symlogAxis } from "../../src/base/axis";

const AXES = { linear: linearAxis(-2, 6), log: logAxis(1e-4, 1e2), symlog: symlogAxis(-1, 0.5, 1e-4) };

describe.each(Object.entries(AXES))("a %s axis", (kind, axis) => {
  it("runs from 0 to 1 over its domain and back", () => {
    expect(axis.kind).toBe(kind);
    expect(axis.position(axis.domain[0])).toBeCloseTo(0, 12);
    expect(axis.position(axis.domain[1])).toBeCloseTo(1, 12);
    for (const place of [0, 0.1, 0.5, 0.93, 1]) expect(axis.position(axis.value(place))).toBeCloseTo(place, 10);
  });

  it("has its ticks in order, inside, where it says", () => {
    const ticks = axis.ticks();
    expect(ticks.length).toBeGreaterThan(1);
    for (const tick of ticks) expect(tick.position).toBeCloseTo(axis.position(tick.value), 12);
    const positions = ticks.map((tick) => tick.position);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(Math.min(...positions)).toBeGreaterThanOrEqual(-1e-9);
    expect(Math.max(...positions)).toBeLessThanOrEqual(1 + 1e-9);
  });
});

it("a symmetric-logarithmic axis is linear near zero and mirrors its sides", () => {
  const axis = symlogAxis(-1, 1, 0.01);
  expect(axis.position(0)).toBe(0.5);
  const near = (axis.position(2e-5) - 0.5) / (axis.position(1e-5) - 0.5);
  expect(near).toBeCloseTo(2, 2);
  expect(axis.ticks(2).map((tick) => tick.label)).toEqual(["−1", "−0.01", "0", "0.01", "1"]);
});

it("a single value still has an axis", () => {
  expect(linearAxis(3, 3).domain).toEqual([1.5, 4.5]);
  expect(linearAxis(0, 0).domain).toEqual([-1, 1]);
  expect(
    linearAxis(-2, 6)
      .ticks()
      .map((tick) => tick.label),
  ).toEqual(["−2", "0", "2", "4", "6"]);
});
