import { render } from "preact";
import { act } from "preact/test-utils";
import { expect, it } from "vitest";
import type { Api, Place } from "../../../src/api/client";
import type { DistributionsAnswer, RunsAnswer, SitesAnswer, Some, Stage } from "../../../src/api/types";
import { signal } from "../../../src/base/signals";
import { sites } from "../../../src/store/data";
import { catalogue, selectedStep } from "../../../src/store/selection";
import { useDistributions } from "../../../src/views/distributions/data";
import { atStep } from "../../../src/views/distributions/plot";

const STEPS = Array.from({ length: 200 }, (_, index) => index);
const place = { run: "a", group: "model" };

const answer = (site: string, steps: readonly number[]) =>
  ({ site, stage: "gradient", steps: Float64Array.from(steps) }) as unknown as DistributionsAnswer;

it("takes the newest of what is not after the step, from the answer that has it", () => {
  const whole = answer("w", [0, 10, 20]);
  const at = (exact: number | null, now: number) => {
    const found = atStep({ answer: whole, exact: exact === null ? null : answer("w", [exact]) }, now);
    return found.answer.steps[found.index];
  };
  expect(at(null, 17)).toBe(10);
  expect(at(17, 17)).toBe(17);
  expect(at(17, 20)).toBe(20);
  // The step went back, its answer has not come yet.
  expect(at(17, 15)).toBe(10);
});

it("asks for the current step alone beside a thinned picture, run by run", async () => {
  const groups = [{ name: "model", kinds: { distributions: STEPS, statistics: STEPS } }];
  catalogue.value = { runs: [{ name: "a", groups, curves: [] }], problems: [] } as unknown as RunsAnswer;
  sites.value = {
    data: { sites: Array.from({ length: 300 }, (_, index) => ({ name: `s${index}` })) } as unknown as SitesAnswer,
    error: null,
    loading: false,
  };
  selectedStep.value = 17;
  const asked: Some[] = [];
  const api = {
    distributions: async (_: Place, site: string, __: Stage, some: Some) => {
      asked.push(some);
      return answer(site, some.step === undefined ? [0, 64, 128, 199] : [some.step]);
    },
  } as unknown as Api;
  const key = signal({ place, compared: ["b"], site: "s0" });
  const stage = signal<Stage>("gradient");
  const state: { current: ReturnType<typeof useDistributions> | null } = { current: null };
  function Probe() {
    state.current = useDistributions(api, key, stage);
    return null;
  }
  act(() => render(<Probe />, document.createElement("div")));
  const settle = () => act(async () => void (await new Promise((done) => setTimeout(done, 0))));
  await settle();
  expect(asked).toEqual(expect.arrayContaining([{ most_steps: 128 }, { step: 17 }]));
  expect(state.current?.value.data?.map(({ run, exact }) => [run, exact?.steps[0]])).toEqual([
    ["a", 17],
    ["b", 17],
  ]);
  selectedStep.value = 71;
  await settle();
  expect(state.current?.value.data?.map(({ exact }) => exact?.steps[0])).toEqual([71, 71]);
});
