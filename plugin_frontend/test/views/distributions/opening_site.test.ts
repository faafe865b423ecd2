import { expect, it } from "vitest";
import type { RunsAnswer, SitesAnswer } from "../../../src/api/types";
import { findings, sites } from "../../../src/store/data";
import { catalogue } from "../../../src/store/selection";
import { siteKey } from "../../../src/views/distributions/data";

/** A log with few steps of distributions, and so many of statistics, whose findings are on their way. */
function open(statistics: number) {
  const kinds = { distributions: [0, 100], statistics: Array.from({ length: statistics }, (_, step) => step) };
  const runs = [{ name: "a", groups: [{ name: "model", kinds }], curves: [] }];
  catalogue.value = { runs, problems: [] } as unknown as RunsAnswer;
  const names = Array.from({ length: 1000 }, (_, index) => ({ name: `s${index}` }));
  sites.value = { data: { sites: names } as unknown as SitesAnswer, error: null, loading: false };
  findings.value = { data: null, error: null, loading: true };
  return siteKey().value?.site;
}

it("waits for the worst finding, but not where statistics are so many that it takes its time", () => {
  expect(open(20)).toBeUndefined();
  expect(open(1000)).toBe("s0");
});
