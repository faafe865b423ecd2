import { expect, test, vi } from "vitest";
import type { Api } from "../../../src/api/client";
import type { StatisticsAnswer } from "../../../src/api/types";
import { mostMoved, openingSite } from "../../../src/views/distributions/opening_site";

/** Rows are steps, columns are sites. */
function answer(column: string, rows: number[][]): StatisticsAnswer {
  return {
    stage: "parameter",
    column,
    steps: Float64Array.from(rows.keys()),
    values: Float32Array.from(rows.flat()),
    state: new Uint8Array(rows.flat().length),
    problems: [],
  };
}

const still = [
  [0, 0],
  [0, 0],
];

test("a spread that shrinks by a decade is more than one that doubles", () => {
  const std = answer("std", [
    [1, 1],
    [2, 0.1],
  ]);
  expect(mostMoved(std, answer("mean", still))).toBe(1);
});

test("a mean that moves counts in units of the standard deviation", () => {
  const std = answer("std", [
    [1, 1000],
    [1, 1000],
  ]);
  const mean = answer("mean", [
    [0, 0],
    [20, 100],
  ]);
  expect(mostMoved(std, mean)).toBe(0);
});

test("values that are not numbers, and sites without spread, don't win", () => {
  const std = answer("std", [
    [Number.NaN, 0, 1],
    [Number.NaN, 0, 1.1],
  ]);
  const mean = answer("mean", [
    [Number.NaN, 5, 0],
    [Number.POSITIVE_INFINITY, 9, 0],
  ]);
  expect(mostMoved(std, mean)).toBe(2);
  expect(mostMoved(answer("std", []), answer("mean", []))).toBe(0);
});

test("it is chosen once for a group, and again after a failure", async () => {
  const statistics = vi.fn<Api["statistics"]>().mockRejectedValueOnce(new Error("down"));
  statistics.mockResolvedValue(answer("std", [[1]]));
  const api = { statistics } as Partial<Api> as Api;
  const place = { run: "first", group: "model" };
  await expect(openingSite(api, place, "parameter")).rejects.toThrow("down");
  await openingSite(api, place, "parameter");
  const asked = statistics.mock.calls.length;
  await openingSite(api, place, "gradient");
  expect(statistics.mock.calls.length).toBe(asked);
});
