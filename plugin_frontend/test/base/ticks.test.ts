import { expect, it } from "vitest";
import { niceTicks, powerTicks, stepTicks, symlogTicks } from "../../src/base/ticks";

it("nice ticks are round, and free of binary dust", () => {
  expect(niceTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(niceTicks(-0.31, 0.31, 3)).toEqual([-0.2, 0, 0.2]);
  expect(niceTicks(0, 299, 3)).toEqual([0, 100, 200]);
  expect(niceTicks(-1e-7, 1e-7, 2)).toEqual([-1e-7, 0, 1e-7]);
  expect(Object.is(niceTicks(-1, 1, 2)[1], 0)).toBe(true);
});

it("nice ticks of nothing or of a point", () => {
  expect(niceTicks(4, 4, 5)).toEqual([4]);
  expect(niceTicks(Number.NaN, 1, 5)).toEqual([]);
});

it("powers are thinned from the top", () => {
  expect(powerTicks(1e-3, 10, 9)).toEqual([1e-3, 0.01, 0.1, 1, 10]);
  expect(powerTicks(1e-3, 10, 3)).toEqual([1e-3, 0.1, 10]);
  expect(powerTicks(2e-3, 5, 2)).toEqual([0.01, 1]);
});

it("symmetric ticks have zero and both signs, inside the domain", () => {
  expect(symlogTicks(-1, 1, 1e-3, 2)).toEqual([-1, -0.01, 0, 0.01, 1]);
  expect(symlogTicks(0, 1, 0.01, 3)).toEqual([0, 0.01, 0.1, 1]);
});

it("steps are labelled at both ends and at round numbers between that leave them room", () => {
  expect(stepTicks(0, 299, 3)).toEqual([0, 100, 200, 299]);
  expect(stepTicks(0, 210, 2)).toEqual([0, 100, 210]);
  expect(stepTicks(7, 7, 3)).toEqual([7]);
  expect(stepTicks(0, 3, 6)).toEqual([0, 1, 2, 3]);
});
