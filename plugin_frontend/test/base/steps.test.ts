import { describe, expect, it } from "vitest";
import { indexAtOrBefore } from "../../src/base/steps";

describe("indexAtOrBefore", () => {
  it("agrees with a search from the end", () => {
    const steps = [3, 7, 7.5, 20];
    for (let step = 0; step < 25; step += 0.5) {
      const expected = steps.findLastIndex((sampled) => sampled <= step);
      expect(indexAtOrBefore(steps, step)).toBe(Math.max(0, expected));
    }
    expect(indexAtOrBefore([], 4)).toBe(-1);
  });
});
