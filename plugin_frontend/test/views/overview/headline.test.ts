import { describe, expect, it } from "vitest";
import { countsAt, globalNorm, verdictOf } from "../../../src/views/overview/headline";
import { statistics } from "./answers";

it("counts what is so at a step", () => {
  const cells = statistics(
    [
      [1, 2, 3],
      [1, "zero", "noGradient"],
    ],
    [0, 600],
  );
  expect(countsAt(cells, 600)).toEqual([
    "1 site with gradient exactly 0 at step 600",
    "1 site without gradient at step 600",
  ]);
  expect(countsAt(cells, 599)).toEqual([]);
});

describe("globalNorm", () => {
  it("is the root of the sum of squares", () => {
    expect([
      ...globalNorm(
        statistics([
          [3, 4, "zero"],
          [1, "missing", "frozen"],
        ]),
      ),
    ]).toEqual([5, 1]);
  });

  it("is not finite where a site isn't, and NaN where none was measured", () => {
    const norms = globalNorm(
      statistics([
        [1, "negInf", 1],
        [1, "posInf", "nan"],
        ["missing", "noGradient", "frozen"],
      ]),
    );
    expect([...norms]).toEqual([Number.POSITIVE_INFINITY, Number.NaN, Number.NaN]);
  });
});

it("the verdict is the worst finding", () => {
  const words = { evidence: "", why: "", advice: "", source: "", link: "", picture: null, sites: [], step: 5 };
  const findings = ["The loss jumps at step 5", "The weights hardly move"].map((title) => ({
    kind: "loss_spike",
    severity: "warning" as const,
    title,
    ...words,
  }));
  const answer = { findings, steps: 1200, sites: 1, steps_for_trends: 8, checked: [], problems: [] };
  expect(verdictOf("first", answer)).toEqual({
    title: "first: the loss jumps at step 5",
    counts: ["2 findings", "1 site × 1,200 sampled steps"],
  });
  expect(verdictOf("first", { ...answer, findings: [] }).title).toBe(
    "first: no problem found in 1 site over 1,200 sampled steps",
  );
  expect(verdictOf(".", answer).title).toBe("The loss jumps at step 5");
  expect(verdictOf(".", { ...answer, findings: [] }).title).toMatch(/^No problem found in 1 site/);
  const [early] = verdictOf("first", { ...answer, findings: [], steps: 7 }).counts;
  expect(early).toContain("from 8 sampled steps on");
});
