import { expect, it } from "vitest";
import { type DistancesAnswer, State } from "../../../src/api/types";
import { distanceWord, ranked, scoreOf } from "../../../src/views/distributions/ranking";

const { NaN: nan } = Number;

const answer: DistancesAnswer = {
  stage: "gradient",
  step: 200,
  otherRun: "a",
  otherStep: 0,
  distance: Float64Array.of(1, 2, nan, 4, nan, 1e-9),
  relative: Float32Array.of(0.2, 0.5, nan, 0.5, nan, 0.004),
  state: Uint8Array.of(0, 0, State.nan, State.posInf, State.missing, 0),
  otherState: Uint8Array.of(0, 0, 0, State.posInf, 0, 0),
  problems: [],
};

it("ranks what is finite on one side alone before all, and what can't be compared after all", () => {
  expect(ranked([0, 1, 2, 3, 4, 5], answer)).toEqual([2, 1, 3, 0, 5, 4]);
  expect(ranked([4, 0], answer)).toEqual([0, 4]);
});

it("scores by the relative distance where both sides are alike", () => {
  expect([0, 2, 3, 4].map((site) => scoreOf(answer, site))).toEqual([
    Math.fround(0.2),
    Number.POSITIVE_INFINITY,
    0.5,
    -1,
  ]);
});

it("says distances with two digits, and what one side alone holds", () => {
  expect([0, 2, 4, 5].map((site) => distanceWord(answer, site))).toEqual(["0.20", "NaN, Inf", null, "0.00"]);
});
