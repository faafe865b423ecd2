import { describe, expect, it } from "vitest";
import type { BandsAnswer } from "../../../src/api/types";
import type { BandSeries } from "../../../src/base/paint_bands";
import {
  bandAxis,
  bandRows,
  bandsCsv,
  histogramsCsv,
  seriesOf,
  seriesOfDistributions,
} from "../../../src/views/distributions/measures";
import { answer } from "./two_steps";

const { NaN: nan } = Number;

/** Bands of steps that are the given median ± width. */
function series(...steps: [median: number, width: number][]): BandSeries {
  return {
    steps: steps.map((_, index) => index),
    quantiles: steps.flatMap(([m, w]) => [m - 2 * w, m - w / 2, m, m + w / 2, m + 2 * w]),
    states: steps.map(() => 0),
  };
}

it("cuts one site out of the bands of all", () => {
  const bands: BandsAnswer = {
    stage: "gradient",
    quantileLevels: [0.05, 0.25, 0.5, 0.75, 0.95],
    steps: Float64Array.of(0, 1),
    values: Float32Array.from({ length: 20 }, (_, index) => index),
    state: Uint8Array.of(0, 0, 4, 1),
    problems: [],
  };
  const second = seriesOf(bands, 1);
  expect(Array.from(second.quantiles)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  expect(Array.from(second.states)).toEqual([4, 1]);
});

it("says of a band at a step its middle and its quantiles, or why there is none", () => {
  const band: BandSeries = { ...series([1, 0.5], [nan, nan], [2, 1]), states: [0, 4, 2] };
  expect(bandRows(band, 0)).toEqual([
    ["step 0", "1.0", "median"],
    ["", "0.75 to 1.3", "25 to 75 %"],
    ["", "0 to 2.0", "5 to 95 %"],
  ]);
  expect(bandRows(band, 1)).toEqual([["step 1", "NaN", ""]]);
  expect(bandRows(band, 2).at(-1)).toEqual(["", "+Inf", "holds"]);
});

it("writes bands as a line for each site and step", () => {
  const [head, ...lines] = bandsCsv([
    ["a", series([1, 0.5], [2, 0])],
    ["b,c", series([3, 1])],
    ["not there yet", undefined],
  ])
    .trim()
    .split("\n");
  expect(head).toBe("site,step,5 %,25 %,50 %,75 %,95 %");
  expect(lines).toEqual(["a,0,0,0.75,1,1.25,2", "a,1,2,2,2,2,2", '"b,c",0,1,2.5,3,3.5,5']);
});

it("picks quantiles by their level", () => {
  expect(Array.from(seriesOfDistributions(answer, [0.95, 0.05]).quantiles)).toEqual([2, -2, 2, 0]);
});

describe("bandAxis", () => {
  it("is symmetric where the bands reach both sides of 0", () => {
    expect(bandAxis([series([0, 1], [1, 1])], "linear").domain).toEqual([-3, 3]);
    expect(bandAxis([series([0, 1])], "symlog").domain).toEqual([-2, 2]);
  });

  it("keeps to one side where they do", () => {
    expect(bandAxis([series([10, 1])], "linear").domain).toEqual([8, 12]);
  });

  it("stands on nothing", () => {
    expect(bandAxis([], "symlog").domain).toEqual([-1, 1]);
    expect(bandAxis([series([nan, nan])], "symlog").domain).toEqual([-1, 1]);
  });
});

it("writes the histograms of all runs and steps with what is in no bin", () => {
  const other = { ...answer, steps: Float64Array.of(7, 8) };
  const csv = histogramsCsv([
    { label: "first", answer, exact: other },
    { label: "second", answer: other, exact: answer },
  ]);
  const lines = csv.split("\n");
  expect(lines[0]).toBe("of,step,lower,upper,count");
  const [, at] = answer.steps;
  expect(csv).toContain(
    `first,${at},1,2,3\nfirst,${at},exactly 0,,5\nfirst,${at},NaN,,1\nfirst,${at},+Inf,,2\nfirst,${at},-Inf,,0\n`,
  );
  // Each run has its steps and, beside them, the current one that they leave out.
  for (const run of ["first", "second"]) {
    const steps = new Set(lines.filter((line) => line.startsWith(run)).map((line) => Number(line.split(",")[1])));
    expect(steps).toEqual(new Set([...answer.steps, 7, 8]));
  }
});
