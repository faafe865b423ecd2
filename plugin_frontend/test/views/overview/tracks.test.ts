import { expect, it } from "vitest";
import { globalNorm } from "../../../src/views/overview/headline";
import { normLine } from "../../../src/views/overview/tracks";
import { statistics } from "./answers";

it("a step at which nothing was measured has no norm; one with NaN has, and one of zeros has 0", () => {
  const norms = statistics([
    [3, 4],
    ["missing", "missing"],
    ["nan", 1],
    ["zero", "zero"],
  ]);
  const { steps, values } = normLine(norms, globalNorm(norms));
  expect(values).toEqual([5, Number.NaN, 0]);
  expect(steps).toEqual([0, 2, 3].map((index) => norms.steps[index]));
});
