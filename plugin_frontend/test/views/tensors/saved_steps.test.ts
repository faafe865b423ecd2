import { describe, expect, it } from "vitest";
import { rowOf } from "../../../src/views/tensors/pointed_value";
import { stepsToAsk } from "../../../src/views/tensors/saved_steps";

describe("steps to ask for", () => {
  const steps = Array.from({ length: 100 }, (_, index) => index * 10);

  it("are all where they are few and small", () => {
    expect(stepsToAsk({ steps: [0, 5, 9], shape: [4, 4] })).toEqual([0, 5, 9]);
  });

  it("are at most 24, the newest always among them", () => {
    const asked = stepsToAsk({ steps, shape: [] });
    expect(asked.length).toBeLessThanOrEqual(24);
    expect(asked.at(-1)).toBe(990);
  });

  it("are fewer the larger the tensor is, but never one alone", () => {
    expect(stepsToAsk({ steps, shape: [1024, 1024] }).length).toBeLessThanOrEqual(3);
    expect(stepsToAsk({ steps: [0, 10], shape: [4096, 4096] })).toEqual([0, 10]);
  });
});

describe("a value in its row", () => {
  const slice = { rows: 2, columns: 3, values: Float32Array.of(9, 9, 9, 0.5, Number.NaN, 0.25) };

  it("has a rank among the finite values, from the largest", () => {
    expect(rowOf(slice, 1, 0.25)).toEqual({ sum: 0.75, rank: 2, finite: 2 });
    expect(rowOf(slice, 0, 9)).toEqual({ sum: 27, rank: 1, finite: 3 });
  });

  it("has none where it is not finite", () => expect(rowOf(slice, 1, Number.NaN).rank).toBeNull());
});
