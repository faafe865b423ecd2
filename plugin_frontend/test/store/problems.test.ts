import { expect, it } from "vitest";
import type { Api } from "../../src/api/client";
import { shareRequests } from "../../src/api/share";
import type { Problem } from "../../src/api/types";
import { forgetProblemsOnReload, gatherProblems, problems, summarizeProblems } from "../../src/store/problems";
import { reloads } from "../../src/store/resource";

const DAMAGED: Problem = {
  run: "first",
  group: "model",
  kind: "distributions",
  step: 150,
  message: "its checksum differs",
  hint: "All other steps are shown.",
};

function apiWith(found: Problem[]): { api: Api; asked: string[] } {
  const asked: string[] = [];
  const losses = async (run: string) => {
    asked.push(run);
    return { tag: null, steps: new Float64Array(), values: new Float32Array(), problems: found };
  };
  return { api: { losses } as unknown as Api, asked };
}

it("gathers each problem once and forgets them at a reload", async () => {
  const stop = forgetProblemsOnReload();
  const api = gatherProblems(apiWith([DAMAGED, { ...DAMAGED, step: 200 }]).api);
  await api.losses("first");
  await api.losses("first");
  expect(problems.value.map(({ step }) => step)).toEqual([150, 200]);
  reloads.value += 1;
  expect(problems.value).toEqual([]);
  stop();
});

it("says what can't be read in one line", () => {
  expect(summarizeProblems([DAMAGED])).toBe(
    "1 record can’t be read: first, distributions, step 150: its checksum differs. All other steps are shown.",
  );
  expect(summarizeProblems([DAMAGED, { ...DAMAGED, group: "critic", step: null }])).toContain(
    "2 records can’t be read",
  );
  expect(summarizeProblems([])).toBe("");
});

it("shares a request that is under way, and asks again after it", async () => {
  const { api, asked } = apiWith([]);
  const shared = shareRequests(api);
  await Promise.all([shared.losses("first"), shared.losses("first"), shared.losses("second")]);
  expect(asked).toEqual(["first", "second"]);
  await shared.losses("first");
  expect(asked).toEqual(["first", "second", "first"]);
});
